#include "codec/float_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec/conv_bfloat16.h"
#include "codec/engine_kernels.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

// Rows of output that a thread takes at a time: enough of them to make loading the weights worth it.
constexpr int64_t kRowsAtOnce = 8;

PackedFloatConv pack(const FloatNode& node, int in_channels, bool bfloat16) {
    const auto co = static_cast<size_t>(node.channels);
    const size_t taps = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(in_channels);
    constexpr size_t kBlock = kConvBlock;
    const size_t blocks = (co + kBlock - 1) / kBlock;
    PackedFloatConv out;
    out.bias.assign(blocks * kBlock, 0.0F);
    std::copy(node.bias.begin(), node.bias.end(), out.bias.begin());
    if (bfloat16) {
        out.bfloat16_weights.assign(blocks * taps * kBlock, 0);
        std::vector<uint16_t> rounded(co * taps);
        to_bfloat16(node.weights.data(), rounded.data(), rounded.size());
        for (size_t o = 0; o < co; ++o)
            for (size_t i = 0; i < taps; ++i)
                out.bfloat16_weights[((o / kBlock * taps + i) / 2 * kBlock + o % kBlock) * 2 + i % 2] =
                    rounded[o * taps + i];
        return out;
    }
    out.weights.assign(blocks * taps * kBlock, 0.0F);
    for (size_t o = 0; o < co; ++o)
        for (size_t i = 0; i < taps; ++i)
            out.weights[(o / kBlock * taps + i) * kBlock + o % kBlock] = node.weights[o * taps + i];
    return out;
}

void copy_row(const float* from, float* to, size_t n) { std::memcpy(to, from, n * sizeof(float)); }
void copy_row(const float* from, uint16_t* to, size_t n) { to_bfloat16(from, to, n); }

// With a border of zeros, so that every tap reads something.
template <class T>
std::vector<T> padded(const FloatTensor& t, int border, ThreadPool& pool) {
    const auto b = static_cast<size_t>(border), h = static_cast<size_t>(t.h), c = static_cast<size_t>(t.c);
    const size_t inner = static_cast<size_t>(t.w) * c, row = inner + 2 * b * c;
    std::vector<T> out(row * (h + 2 * b), T());
    static_cast<void>(pool.parallel_for(div_up(t.h, kRowsAtOnce), [&](int64_t k) {
        const auto first = static_cast<size_t>(k * kRowsAtOnce);
        for (size_t y = first; y < std::min(h, first + static_cast<size_t>(kRowsAtOnce)); ++y)
            copy_row(t.data.data() + y * inner, out.data() + (y + b) * row + b * c, inner);
        return Status();
    }));
    return out;
}

// Whether each node is the input in another order and nothing more.
std::vector<bool> only_moved(const FloatGraph& graph) {
    std::vector<bool> moved(graph.nodes.size(), true);
    for (size_t i = 1; i < moved.size(); ++i) {
        const FloatNode& node = graph.nodes[i];
        moved[i] = node.op == Op::space_to_depth || node.op == Op::depth_to_space || node.op == Op::slice ||
                   node.op == Op::concat;
        for (const uint16_t k : node.inputs) moved[i] = moved[i] && moved[k];
    }
    return moved;
}

// out[y b + dy][x b + dx][c] of the larger raster and in[y][x][(dy b + dx) C + c] of the deeper one, either way.
void exchange_blocks(const FloatTensor& from, FloatTensor& to, int block, bool to_depth) {
    const FloatTensor& wide = to_depth ? from : to;
    const FloatTensor& deep = to_depth ? to : from;
    const auto run = static_cast<size_t>(wide.c);
    for (int y = 0; y < std::min(wide.h, deep.h * block); ++y) {
        for (int x = 0; x < std::min(wide.w, deep.w * block); ++x) {
            const size_t at_wide =
                (static_cast<size_t>(y) * static_cast<size_t>(wide.w) + static_cast<size_t>(x)) * run;
            const size_t at_deep = (static_cast<size_t>(y / block) * static_cast<size_t>(deep.w) +
                                    static_cast<size_t>(x / block)) *
                                       static_cast<size_t>(deep.c) +
                                   static_cast<size_t>(y % block * block + x % block) * run;
            const float* source = from.data.data() + (to_depth ? at_wide : at_deep);
            std::copy_n(source, run, to.data.data() + (to_depth ? at_deep : at_wide));
        }
    }
}

// A function of single values.
template <class F>
void each(const FloatTensor& in, FloatTensor& out, F f) {
    for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = f(in.data[i]);
}

// Channels [begin, begin + count) of `in` to those from `to` on of `out`.
void copy_channels(const FloatTensor& in, int begin, int count, FloatTensor& out, int to) {
    const auto positions = static_cast<size_t>(out.h) * static_cast<size_t>(out.w);
    for (size_t i = 0; i < positions; ++i)
        std::copy_n(in.data.data() + i * static_cast<size_t>(in.c) + static_cast<size_t>(begin), count,
                    out.data.data() + i * static_cast<size_t>(out.c) + static_cast<size_t>(to));
}

}  // namespace

Result<FloatEngine> FloatEngine::create(FloatGraph graph, FloatPrecision precision) {
    FloatEngine out;
    NAE_ASSIGN_OR_RETURN(out.info_, validate(graph));
    const size_t count = graph.nodes.size();
    out.convolutions_.resize(count);
    out.last_use_.assign(count, 0);
    const bool bfloat16 = precision == FloatPrecision::bfloat16 && has_bfloat16();
    const std::vector<bool> moved = only_moved(graph);
    const auto channels_of = [&out](size_t node) { return out.info_.nodes[node].channels; };
    for (size_t i = 1; i < count; ++i) {
        FloatNode& node = graph.nodes[i];
        for (const uint16_t k : node.inputs) out.last_use_[k] = i;
        switch (node.op) {
            case Op::conv:
                out.convolutions_[i] =
                    pack(node, channels_of(node.inputs[0]),
                         bfloat16 && !moved[node.inputs[0]] && channels_of(node.inputs[0]) % 2 == 0);
                std::vector<float>().swap(node.weights);
                break;
            case Op::conv_transpose:
            case Op::sigmoid:
            case Op::gdn:
            case Op::inverse_gdn:
                return Status(ErrorCode::unsupported,
                              cat("node ", i, ": ", op_name(node.op), " needs a network library"));
            default:
                break;
        }
    }
    out.last_use_.back() = count;
    out.graph_ = std::move(graph);
    return out;
}

Status FloatEngine::convolve(size_t number, const FloatTensor& in, FloatTensor& out, ThreadPool& pool,
                             const Kernels& kernels) const {
    const FloatNode& node = graph_.nodes[number];
    const PackedFloatConv& packed = convolutions_[number];
    const int border = node.kernel / 2;
    const int64_t rows = out.h;
    const auto compute = [&](auto task, const auto* first, const auto* weights, auto kernel) {
        task.kernel = node.kernel;
        task.stride = node.stride;
        task.in_channels = in.c;
        task.out_channels = out.c;
        task.in_row = (ptrdiff_t{in.w} + 2 * border) * in.c;
        task.w = out.w;
        task.weights = weights;
        task.bias = packed.bias.data();
        return pool.parallel_for(div_up(rows, kRowsAtOnce), [&, task](int64_t k) {
            auto part = task;
            const int64_t y = k * kRowsAtOnce;
            part.h = static_cast<int>(std::min(kRowsAtOnce, rows - y));
            part.in = first + y * node.stride * task.in_row;
            part.out = out.data.data() + y * out.w * out.c;
            kernel(part);
            return Status();
        });
    };
    if (!packed.bfloat16_weights.empty()) {
        const std::vector<uint16_t> frame = padded<uint16_t>(in, border, pool);
        return compute(Bfloat16ConvTask(), frame.data(), packed.bfloat16_weights.data(), conv_bfloat16);
    }
    const std::vector<float> frame = border > 0 ? padded<float>(in, border, pool) : std::vector<float>();
    return compute(FloatConvTask(), frame.empty() ? in.data.data() : frame.data(), packed.weights.data(),
                   kernels.conv_float);
}

Result<FloatTensor> FloatEngine::run(const float* in, int h, int w, ThreadPool& pool, EngineLevel level,
                                     const Limits& limits) const {
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    std::vector<FloatTensor> made(graph_.nodes.size());
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
        const FloatNode& node = graph_.nodes[i];
        const FloatNodeInfo& info = info_.nodes[i];
        const int64_t rows = info.resolution.apply(h), columns = info.resolution.apply(w);
        uint64_t bytes = 0;
        if (rows < 1 || columns < 1 || rows > INT32_MAX || columns > INT32_MAX ||
            !checked_mul<uint64_t>(static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns),
                                   static_cast<uint64_t>(info.channels), sizeof(float), &bytes) ||
            bytes > limits.max_tensor_bytes)
            return Status(ErrorCode::limit_exceeded,
                          cat("a tensor of ", columns, "x", rows, " with ", info.channels,
                              " channels is over the limit of ", limits.max_tensor_bytes, " bytes"));
        FloatTensor& out = made[i];
        out.h = static_cast<int>(rows);
        out.w = static_cast<int>(columns);
        out.c = info.channels;
        if (i == 0) {
            out.data.assign(in, in + bytes / sizeof(float));
            continue;
        }
        FloatTensor& a = made[node.inputs[0]];
        const bool in_place = last_use_[node.inputs[0]] == i;
        const bool single =
            node.op == Op::relu || node.op == Op::abs || node.op == Op::leaky_relu || node.op == Op::add;
        // What nobody reads afterwards can be overwritten.
        if (single && in_place) {
            out.data.swap(a.data);
        } else {
            out.data.resize(bytes / sizeof(float));
        }
        const FloatTensor& source = single && in_place ? out : a;
        switch (node.op) {
            case Op::conv:
                NAE_RETURN_IF_ERROR(convolve(i, a, out, pool, *kernels));
                break;
            case Op::add: {
                const FloatTensor& b = made[node.inputs[1]];
                // a + a: then both are what has just become `out`.
                const std::vector<float>& other = node.inputs[1] == node.inputs[0] ? source.data : b.data;
                for (size_t k = 0; k < out.data.size(); ++k) out.data[k] = source.data[k] + other[k];
                break;
            }
            case Op::relu:
                each(source, out, [](float v) { return std::max(v, 0.0F); });
                break;
            case Op::abs:
                each(source, out, [](float v) { return std::fabs(v); });
                break;
            case Op::leaky_relu:
                each(source, out, [slope = node.slope](float v) { return v < 0 ? v * slope : v; });
                break;
            case Op::concat: {
                int at = 0;
                for (const uint16_t k : node.inputs) {
                    copy_channels(made[k], 0, made[k].c, out, at);
                    at += made[k].c;
                }
                break;
            }
            case Op::slice:
                copy_channels(a, node.begin, out.c, out, 0);
                break;
            case Op::depth_to_space:
                exchange_blocks(a, out, node.block, false);
                break;
            case Op::space_to_depth:
                exchange_blocks(a, out, node.block, true);
                break;
            case Op::gain:
                for (size_t k = 0; k < out.data.size(); ++k)
                    out.data[k] = a.data[k] * node.mult[k % node.mult.size()];
                break;
            default:
                return Status(ErrorCode::internal, "an operator that was refused");
        }
        for (const uint16_t k : node.inputs)
            if (last_use_[k] == i) std::vector<float>().swap(made[k].data);
    }
    return std::move(made.back());
}

}  // namespace nae
