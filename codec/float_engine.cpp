#include "codec/float_engine.h"

#include <algorithm>
#include <utility>

#include "codec/conv_bfloat16.h"
#include "codec/conv_int16.h"
#include "codec/engine_kernels.h"
#include "codec/float_stream.h"
#include "codec/thread_team.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

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

}  // namespace

Result<FloatEngine> FloatEngine::create(const FloatGraph& graph, FloatPrecision precision,
                                        const Limits& limits, float input_limit) {
    FloatEngine out;
    NAE_ASSIGN_OR_RETURN(out.info_, validate(graph, limits));
    const size_t count = graph.nodes.size();
    out.convolutions_.resize(count);
    out.pairs_.resize(count);
    out.plan_ = plan_steps(graph);
    const bool bfloat16 = precision == FloatPrecision::bfloat16 && has_bfloat16();
    const std::vector<bool> moved = only_moved(graph);
    for (size_t i = 0; i < count; ++i) {
        const FloatNode& node = graph.nodes[i];
        out.graph_.nodes.push_back(without_weights(node));
        switch (node.op) {
            case Op::conv:
                out.pairs_[i].bfloat16 = bfloat16 && !moved[node.inputs[0]];
                if (moved[node.inputs[0]] && node.type == WeightType::f32 && has_int16())
                    out.pairs_[i].int16_limit = input_limit;
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
    // Blocks that reach beyond an odd raster read the zeros around it.
    for (const FloatStep& step : out.plan_.steps)
        if (step.kernel > 1) out.border_ = std::max(out.border_, 1);
    return out;
}

void FloatEngine::set_convolution(size_t node, const FloatNode& with) {
    convolutions_[node] = std::make_shared<PackedFloatConv>(
        pack_float_conv(with, info_.nodes[with.inputs[0]].channels, pairs_[node]));
}

Status FloatEngine::check(int h, int w, const Limits& limits) const {
    for (const FloatStep& step : plan_.steps) {
        const FloatNodeInfo& info = info_.nodes[step.output];
        const int64_t high = info.resolution.apply(h), wide = info.resolution.apply(w);
        uint64_t bytes = 0;
        if (high < 1 || wide < 1 || high > INT32_MAX / 2 || wide > INT32_MAX / 2 ||
            !checked_mul<uint64_t>(static_cast<uint64_t>(high) * static_cast<uint64_t>(wide),
                                   static_cast<uint64_t>(info.channels), sizeof(float), &bytes) ||
            bytes > limits.max_tensor_bytes)
            return Status(ErrorCode::limit_exceeded,
                          cat("a tensor of ", wide, "x", high, " with ", info.channels,
                              " channels is over the limit of ", limits.max_tensor_bytes, " bytes"));
    }
    return Status();
}

Status FloatEngine::run(const float* in, int h, int w, ThreadPool& pool, const FloatPart& part,
                        EngineLevel level, const Limits& limits) const {
    NAE_RETURN_IF_ERROR(check(h, w, limits));
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    FloatPart rest = part;
    rest.rows.end = std::min(part.rows.end, output_extent(h));
    FloatStream stream(*this, h, w, part.rows.first);
    const int64_t first = stream.input_first(), end = stream.input_end(rest.rows.end);
    return ThreadTeam::run(pool, [&](ThreadTeam& team) {
        // Waves of about equal size.
        const int64_t waves = div_up(end - first, stream.wave_rows(team.threads()));
        for (int64_t i = 1; i <= waves; ++i) {
            NAE_RETURN_IF_ERROR(
                stream.advance(in, 0, first + (end - first) * i / waves, rest, *kernels, team));
            rest.out += (stream.done() - rest.rows.first) * rest.out_row;
            rest.rows.first = stream.done();
        }
        return Status();
    });
}

Result<FloatTensor> FloatEngine::run(const float* in, int h, int w, ThreadPool& pool, EngineLevel level,
                                     const Limits& limits) const {
    NAE_RETURN_IF_ERROR(check(h, w, limits));
    FloatTensor made;
    made.h = static_cast<int>(output_extent(h));
    made.w = static_cast<int>(output_extent(w));
    made.c = output_channels();
    FloatPart all;
    all.out_row = ptrdiff_t{made.w} * made.c;
    made.data.resize(static_cast<size_t>(made.h) * static_cast<size_t>(all.out_row));
    all.out = made.data.data();
    NAE_RETURN_IF_ERROR(run(in, h, w, pool, all, level, limits));
    return made;
}

}  // namespace nae
