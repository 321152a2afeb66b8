#include "codec/float_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec/conv_bfloat16.h"
#include "codec/engine_kernels.h"
#include "codec/float_raster.h"
#include "codec/thread_team.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

// Rows of output that a thread takes at a time: enough of them to make loading the weights worth it.
constexpr int64_t kRowsAtOnce = 8;

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

// All but the parameters of convolutions, which are packed elsewhere.
FloatNode without_weights(const FloatNode& node) {
    FloatNode out;
    out.op = node.op;
    out.inputs = node.inputs;
    out.channels = node.channels;
    out.kernel = node.kernel;
    out.stride = node.stride;
    out.block = node.block;
    out.begin = node.begin;
    out.slope = node.slope;
    out.low = node.low;
    out.high = node.high;
    out.mult = node.mult;
    return out;
}

// body(y) for each of the rows, kRowsAtOnce at a time on one thread.
template <class F>
void for_each_row(ThreadTeam& team, const RowRange& rows, F body) {
    static_cast<void>(team.share(div_up(rows.end - rows.first, kRowsAtOnce), [&](int64_t k) {
        const int64_t first = rows.first + k * kRowsAtOnce;
        for (int64_t y = first; y < std::min(first + kRowsAtOnce, rows.end); ++y) body(y);
        return Status();
    }));
}

// The rows of a node's input that some rows of its output depend on, before it is known how many there are.
RowRange input_rows(const FloatNode& node, const RowRange& rows) {
    const int64_t block = node.block;
    switch (node.op) {
        case Op::conv:
            return {rows.first * node.stride - node.kernel / 2,
                    (rows.end - 1) * node.stride + node.kernel / 2 + 1};
        case Op::space_to_depth:
            return {rows.first * block, rows.end * block};
        case Op::depth_to_space:
            return {rows.first / block, div_up(rows.end, block)};
        default:
            return rows;
    }
}

// wide[y b + dy][x b + dx][c] and deep[y][x][(dy b + dx) C + c], for row y of the deep one, either way.
void exchange_row(const FloatRaster& from, FloatRaster& to, int block, bool to_depth, int64_t y) {
    const FloatRaster& wide = to_depth ? from : to;
    const FloatRaster& deep = to_depth ? to : from;
    const int64_t run = int64_t{block} * wide.c;
    for (int64_t dy = 0; dy < block; ++dy) {
        if (y * block + dy >= wide.h) {  // what lies outside an odd raster is zero
            if (to_depth)
                for (int64_t x = 0; x < deep.w; ++x)
                    std::fill_n(to.row(y) + x * deep.c + dy * run, run, 0.0F);
            continue;
        }
        const ptrdiff_t whole = wide.w / block, rest = (wide.w - whole * block) * wide.c;
        for (int64_t x = 0; x < deep.w; ++x) {
            const int64_t n = x < whole ? run : rest;
            const int64_t at_deep = x * deep.c + dy * run;
            if (to_depth) {
                std::copy_n(from.row(y * block + dy) + x * run, n, to.row(y) + at_deep);
                std::fill_n(to.row(y) + at_deep + n, run - n, 0.0F);
            } else {
                std::copy_n(from.row(y) + at_deep, n, to.row(y * block + dy) + x * run);
            }
        }
    }
}

// Channels [begin, begin + count) of row y of `in` to those from `to` on of `out`.
void copy_channels(const FloatRaster& in, int begin, int count, FloatRaster& out, int to, int64_t y) {
    const float* from = in.row(y) + begin;
    float* o = out.row(y) + to;
    for (int x = 0; x < out.w; ++x, from += in.c, o += out.c) std::copy_n(from, count, o);
}

}  // namespace

// One run of the network.
struct FloatEngine::Job {
    const FloatEngine& engine;
    const Kernels& kernels;
    ThreadTeam& team;
    std::vector<RowRange> rows;     // of each node, that are computed
    std::vector<FloatRaster> made;  // one for each node

    void convolve(const FloatStep& step, FloatRaster& out);
    template <class Task>
    Task task_for(const FloatStep& step, const FloatRaster& out) const;
    template <class Task, class F>
    void by_rows(const Task& task, F kernel);
    Status compute(const FloatStep& step, FloatRaster& out);
    Status run(const float* in, int h, int w, const Limits& limits, FloatTensor& result);
};

Result<FloatEngine> FloatEngine::create(const FloatGraph& graph, FloatPrecision precision,
                                        const Limits& limits) {
    FloatEngine out;
    NAE_ASSIGN_OR_RETURN(out.info_, validate(graph, limits));
    const size_t count = graph.nodes.size();
    out.convolutions_.resize(count);
    out.bfloat16_.resize(count);
    out.plan_ = plan_steps(graph);
    const bool bfloat16 = precision == FloatPrecision::bfloat16 && has_bfloat16();
    const std::vector<bool> moved = only_moved(graph);
    for (size_t i = 0; i < count; ++i) {
        const FloatNode& node = graph.nodes[i];
        out.graph_.nodes.push_back(without_weights(node));
        switch (node.op) {
            case Op::conv:
                out.bfloat16_[i] = bfloat16 && !moved[node.inputs[0]];
                out.set_convolution(i, node);
                out.border_ = std::max(out.border_, node.kernel / 2);
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
    return out;
}

void FloatEngine::set_convolution(size_t node, const FloatNode& with) {
    convolutions_[node] = std::make_shared<PackedFloatConv>(
        pack_float_conv(with, info_.nodes[with.inputs[0]].channels, bfloat16_[node]));
}

std::vector<RowRange> FloatEngine::needed_rows(int h, const RowRange& wanted) const {
    const size_t count = graph_.nodes.size();
    std::vector<RowRange> needed(count, RowRange{INT64_MAX, 0});
    const auto height = [&](size_t node) { return info_.nodes[node].resolution.apply(h); };
    const auto need = [&](size_t node, const RowRange& rows) {
        needed[node].first = std::min(needed[node].first, std::max<int64_t>(rows.first, 0));
        needed[node].end = std::max(needed[node].end, std::min(rows.end, height(node)));
    };
    need(count - 1, wanted);
    for (size_t s = plan_.steps.size(); s-- > 0;) {
        const FloatStep& step = plan_.steps[s];
        RowRange& rows = needed[step.output];
        if (rows.first >= rows.end) rows = RowRange{0, 0};  // nobody reads it
        if (rows.end == 0) continue;
        const PackedFloatConv* convolution = convolutions_[step.node].get();
        if (convolution != nullptr && convolution->kind == FloatConvKind::winograd) {
            // Whole tiles, where they lie when all rows are computed.
            rows.first = rows.first / kFloatTile * kFloatTile;
            rows.end = std::min(div_up(rows.end, kFloatTile) * kFloatTile, height(step.output));
        }
        for (const uint16_t k : graph_.nodes[step.node].inputs)
            need(k, input_rows(graph_.nodes[step.node], rows));
        if (step.addend >= 0) need(static_cast<size_t>(step.addend), rows);
    }
    return needed;
}

template <class Task>
Task FloatEngine::Job::task_for(const FloatStep& step, const FloatRaster& out) const {
    const FloatNode& node = engine.graph_.nodes[step.node];
    const FloatRaster& in = made[node.inputs[0]];
    const RowRange& range = rows[step.output];
    Task task;
    task.kernel = node.kernel;
    task.stride = node.stride;
    task.in_channels = in.c;
    task.out_channels = out.c;
    task.in_row = in.row_stride();
    task.h = static_cast<int>(range.end - range.first);
    task.w = out.w;
    task.out_row = out.row_stride();
    task.bias = engine.convolutions_[step.node]->bias.data();
    if (step.addend >= 0) {
        task.addend = made[static_cast<size_t>(step.addend)].row(range.first);
        task.addend_row = made[static_cast<size_t>(step.addend)].row_stride();
    }
    if (step.relu) task.floor = 0;
    return task;
}

template <class Task, class F>
void FloatEngine::Job::by_rows(const Task& task, F kernel) {
    static_cast<void>(team.share(div_up(task.h, kRowsAtOnce), [&](int64_t k) {
        Task part = task;
        const int64_t y = k * kRowsAtOnce;
        part.h = static_cast<int>(std::min(kRowsAtOnce, task.h - y));
        part.in += y * task.stride * task.in_row;
        part.out += y * task.out_row;
        if (part.addend != nullptr) part.addend += y * task.addend_row;
        kernel(part);
        return Status();
    }));
}

void FloatEngine::Job::convolve(const FloatStep& step, FloatRaster& out) {
    const FloatNode& node = engine.graph_.nodes[step.node];
    const PackedFloatConv& packed = *engine.convolutions_[step.node];
    const FloatRaster& in = made[node.inputs[0]];
    const int64_t first = rows[step.output].first;
    const ptrdiff_t corner = in.corner(node.kernel / 2) + first * node.stride * in.row_stride();
    if (packed.kind == FloatConvKind::bfloat16) {
        // The rows that are read in bfloat16, the zeros around them and all.
        const int64_t read = (rows[step.output].end - first - 1) * node.stride + node.kernel;
        AlignedBfloat16s rounded;
        rounded.resize(std::min(static_cast<size_t>(read * in.row_stride()),
                                in.memory().size() - static_cast<size_t>(corner)));
        constexpr size_t kPart = 1 << 16;
        static_cast<void>(team.share(div_up(static_cast<int64_t>(rounded.size()), kPart), [&](int64_t k) {
            const size_t from = static_cast<size_t>(k) * kPart;
            to_bfloat16(in.memory().data() + corner + from, rounded.data() + from,
                        std::min(kPart, rounded.size() - from));
            return Status();
        }));
        auto task = task_for<Bfloat16ConvTask>(step, out);
        task.in = rounded.data();
        task.out = out.row(first);
        task.weights = packed.bfloat16_weights.data();
        return by_rows(task, conv_bfloat16);
    }
    auto task = task_for<FloatWinogradTask>(step, out);
    task.in = in.memory().data() + corner;
    task.out = out.row(first);
    task.weights = packed.weights.data();
    if (packed.kind == FloatConvKind::direct) return by_rows<FloatConvTask>(task, kernels.conv_float);
    const int64_t tiles = div_up(task.w, kFloatTile) * div_up(task.h, kFloatTile);
    static_cast<void>(team.share(div_up(tiles, kFloatTilesAtOnce), [&](int64_t k) {
        FloatWinogradTask part = task;
        part.first_tile = k * kFloatTilesAtOnce;
        kernels.conv_float_winograd(part);
        return Status();
    }));
}

Status FloatEngine::Job::compute(const FloatStep& step, FloatRaster& out) {
    const FloatNode& node = engine.graph_.nodes[step.node];
    const FloatRaster& a = made[node.inputs[0]];
    const RowRange& range = rows[step.output];
    // A function of single values.
    const auto each = [&](auto f) {
        for_each_row(team, range, [&](int64_t y) {
            const float* in = a.row(y);
            float* o = out.row(y);
            for (int64_t i = 0; i < int64_t{out.w} * out.c; ++i) o[i] = f(in[i]);
        });
        return Status();
    };
    switch (node.op) {
        case Op::conv:
            convolve(step, out);
            return Status();
        case Op::add: {
            const FloatRaster& b = made[node.inputs[1]];
            for_each_row(team, range, [&](int64_t y) {
                const float *first = a.row(y), *second = b.row(y);
                float* o = out.row(y);
                for (int64_t i = 0; i < int64_t{out.w} * out.c; ++i) o[i] = first[i] + second[i];
            });
            return Status();
        }
        case Op::gate: {
            const FloatRaster& b = made[node.inputs[1]];
            for_each_row(team, range, [&](int64_t y) {
                const float *value = a.row(y), *open = b.row(y);
                float* o = out.row(y);
                for (int64_t i = 0; i < int64_t{out.w} * out.c; ++i)
                    o[i] = open[i] > node.low && open[i] < node.high ? value[i] : 0.0F;
            });
            return Status();
        }
        case Op::clip:
            return each([low = node.low, high = node.high](float v) { return std::clamp(v, low, high); });
        case Op::relu:
            return each([](float v) { return std::max(v, 0.0F); });
        case Op::abs:
            return each([](float v) { return std::fabs(v); });
        case Op::leaky_relu:
            return each([slope = node.slope](float v) { return v < 0 ? v * slope : v; });
        case Op::concat: {
            int at = 0;
            for (const uint16_t k : node.inputs) {
                for_each_row(team, range,
                             [&](int64_t y) { copy_channels(made[k], 0, made[k].c, out, at, y); });
                at += made[k].c;
            }
            return Status();
        }
        case Op::slice:
            for_each_row(team, range, [&](int64_t y) { copy_channels(a, node.begin, out.c, out, 0, y); });
            return Status();
        case Op::depth_to_space:
        case Op::space_to_depth: {
            const bool to_depth = node.op == Op::space_to_depth;
            for_each_row(team, to_depth ? range : input_rows(node, range),
                         [&](int64_t y) { exchange_row(a, out, node.block, to_depth, y); });
            return Status();
        }
        case Op::gain:
            for_each_row(team, range, [&](int64_t y) {
                const float* in = a.row(y);
                float* o = out.row(y);
                for (int x = 0; x < out.w; ++x, in += out.c, o += out.c)
                    for (int k = 0; k < out.c; ++k) o[k] = in[k] * node.mult[static_cast<size_t>(k)];
            });
            return Status();
        default:
            return Status(ErrorCode::internal, "an operator that was refused");
    }
}

Result<FloatTensor> FloatEngine::run(const float* in, int h, int w, ThreadPool& pool, EngineLevel level,
                                     const Limits& limits, const RowRange& wanted) const {
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    FloatTensor made;
    NAE_RETURN_IF_ERROR(ThreadTeam::run(pool, [&](ThreadTeam& team) {
        Job job{*this, *kernels, team, needed_rows(h, wanted), std::vector<FloatRaster>(graph_.nodes.size())};
        return job.run(in, h, w, limits, made);
    }));
    return made;
}

Status FloatEngine::Job::run(const float* in, int h, int w, const Limits& limits, FloatTensor& result) {
    const FloatGraph& graph = engine.graph_;
    const FloatPlan& plan = engine.plan_;
    for (size_t s = 0; s < plan.steps.size(); ++s) {
        const FloatStep& step = plan.steps[s];
        const FloatNode& node = graph.nodes[step.node];
        const FloatNodeInfo& info = engine.info_.nodes[step.node];
        const int64_t height = info.resolution.apply(h), width = info.resolution.apply(w);
        uint64_t bytes = 0;
        if (height < 1 || width < 1 || height > INT32_MAX / 2 || width > INT32_MAX / 2 ||
            !checked_mul<uint64_t>(static_cast<uint64_t>(height) * static_cast<uint64_t>(width),
                                   static_cast<uint64_t>(info.channels), sizeof(float), &bytes) ||
            bytes > limits.max_tensor_bytes)
            return Status(ErrorCode::limit_exceeded,
                          cat("a tensor of ", width, "x", height, " with ", info.channels,
                              " channels is over the limit of ", limits.max_tensor_bytes, " bytes"));
        FloatRaster& out = made[step.output];
        const int border = step.output + 1 == graph.nodes.size() ? 0 : engine.border_;
        out.create(static_cast<int>(height), static_cast<int>(width), info.channels, border);
        if (step.node == 0) {
            const size_t row = static_cast<size_t>(width) * static_cast<size_t>(info.channels);
            for_each_row(team, rows[0],
                         [&](int64_t y) { std::copy_n(in + static_cast<size_t>(y) * row, row, out.row(y)); });
        } else {
            NAE_RETURN_IF_ERROR(compute(step, out));
        }
        const auto drop = [&](size_t k) {
            if (plan.last_use[k] == s) made[k] = FloatRaster();
        };
        for (const uint16_t k : node.inputs) drop(k);
        if (step.addend >= 0) drop(static_cast<size_t>(step.addend));
    }
    FloatRaster& last = made.back();
    result = FloatTensor{last.h, last.w, last.c, last.take()};
    return Status();
}

}  // namespace nae
