#include "codec/float_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec/engine_kernels.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

// Rows of output that a thread takes at a time: enough of them to make loading the weights worth it.
constexpr int64_t kRowsAtOnce = 8;

PackedFloatConv pack(const FloatNode& node, int in_channels) {
    const auto co = static_cast<size_t>(node.channels);
    const size_t taps = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(in_channels);
    constexpr size_t kBlock = kConvBlock;
    const size_t blocks = (co + kBlock - 1) / kBlock;
    PackedFloatConv out;
    out.weights.assign(blocks * taps * kBlock, 0.0F);
    out.bias.assign(blocks * kBlock, 0.0F);
    std::copy(node.bias.begin(), node.bias.end(), out.bias.begin());
    for (size_t o = 0; o < co; ++o)
        for (size_t i = 0; i < taps; ++i)
            out.weights[(o / kBlock * taps + i) * kBlock + o % kBlock] = node.weights[o * taps + i];
    return out;
}

// With a border of zeros, so that every tap reads something.
std::vector<float> padded(const FloatTensor& t, int border) {
    const auto b = static_cast<size_t>(border), h = static_cast<size_t>(t.h), c = static_cast<size_t>(t.c);
    const size_t inner = static_cast<size_t>(t.w) * c, row = inner + 2 * b * c;
    std::vector<float> out(row * (h + 2 * b), 0.0F);
    for (size_t y = 0; y < h; ++y)
        std::memcpy(out.data() + (y + b) * row + b * c, t.data.data() + y * inner, inner * sizeof(float));
    return out;
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

Result<FloatEngine> FloatEngine::create(FloatGraph graph) {
    FloatEngine out;
    NAE_ASSIGN_OR_RETURN(out.info_, validate(graph));
    const size_t count = graph.nodes.size();
    out.convolutions_.resize(count);
    out.last_use_.assign(count, 0);
    for (size_t i = 1; i < count; ++i) {
        FloatNode& node = graph.nodes[i];
        for (const uint16_t k : node.inputs) out.last_use_[k] = i;
        switch (node.op) {
            case Op::conv:
                out.convolutions_[i] = pack(node, out.info_.nodes[node.inputs[0]].channels);
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
            case Op::conv: {
                const std::vector<float> frame =
                    node.kernel > 1 ? padded(a, node.kernel / 2) : std::vector<float>();
                FloatConvTask task;
                task.kernel = node.kernel;
                task.stride = node.stride;
                task.in_channels = a.c;
                task.out_channels = out.c;
                task.in_row = (ptrdiff_t{a.w} + node.kernel / 2 * 2) * a.c;
                task.w = out.w;
                task.weights = convolutions_[i].weights.data();
                task.bias = convolutions_[i].bias.data();
                const float* first = frame.empty() ? a.data.data() : frame.data();
                NAE_RETURN_IF_ERROR(pool.parallel_for((rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t k) {
                    FloatConvTask part = task;
                    const int64_t y = k * kRowsAtOnce;
                    part.h = static_cast<int>(std::min(kRowsAtOnce, rows - y));
                    part.in = first + y * node.stride * task.in_row;
                    part.out = out.data.data() + y * columns * out.c;
                    kernels->conv_float(part);
                    return Status();
                }));
                break;
            }
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
