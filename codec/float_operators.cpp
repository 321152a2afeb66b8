#include "codec/float_operators.h"

#include <algorithm>
#include <cmath>

#include "codec/conv_bfloat16.h"
#include "codec/conv_int16.h"

namespace nae {
namespace {

// Rows that a thread takes at a time are no more than this.
constexpr int64_t kMostRowsAtOnce = 8;
// But few enough that the last ones do not keep the others waiting.
constexpr int64_t kTurns = 6;

// The more the better for the weights, but all threads are to end at the same time.
int tiles_at_once(int64_t tiles, int threads) {
    int best = kFloatTilesAtOnce;
    int64_t least = INT64_MAX;
    for (int some = kFloatTilesAtOnce; some >= kFloatTilesAtOnce / 2; some -= kFloatTilesUnit) {
        const int64_t load = div_up(div_up(tiles, some), threads) * some;
        if (load < least) best = some, least = load;
    }
    return best;
}

// Row y of wide[y b + dy][x b + dx][c] as deep[y][x][(dy b + dx) C + c]; what lies outside an odd raster is zero.
void gather_row(const FloatRaster& wide, FloatRaster& deep, int block, int64_t y) {
    const int64_t run = int64_t{block} * wide.c;
    const int64_t whole = wide.w / block, rest = (wide.w - whole * block) * wide.c;
    for (int64_t dy = 0; dy < block; ++dy) {
        float* to = deep.row(y) + dy * run;
        const bool inside = y * block + dy < wide.h;
        const float* from = inside ? wide.row(y * block + dy) : nullptr;
        for (int64_t x = 0; x < deep.w; ++x, to += deep.c) {
            const int64_t n = !inside ? 0 : x < whole ? run : rest;
            if (n > 0) std::copy_n(from + x * run, n, to);
            std::fill_n(to + n, run - n, 0.0F);
        }
    }
}

// The inverse, for row y of the wide one.
void spread_row(const FloatRaster& deep, FloatRaster& wide, int block, int64_t y) {
    const int64_t run = int64_t{block} * wide.c;
    const int64_t whole = wide.w / block, rest = (wide.w - whole * block) * wide.c;
    const float* from = deep.row(y / block) + y % block * run;
    float* to = wide.row(y);
    for (int64_t x = 0; x < deep.w; ++x, from += deep.c, to += run)
        std::copy_n(from, x < whole ? run : rest, to);
}

// Channels [begin, begin + count) of row y of `in` to those from `to` on of `out`.
void copy_channels(const FloatRaster& in, int begin, int count, FloatRaster& out, int to, int64_t y) {
    const float* from = in.row(y) + begin;
    float* o = out.row(y) + to;
    for (int x = 0; x < out.w; ++x, from += in.c, o += out.c) std::copy_n(from, count, o);
}

}  // namespace

int64_t FloatOperators::rows_at_once(int64_t rows) const {
    return std::clamp<int64_t>(rows / (kTurns * int64_t{team_.threads()}), 1, kMostRowsAtOnce);
}

template <class Task>
Task FloatOperators::task_for(const FloatStep& step, const RowRange& rows, FloatRaster& out) const {
    const FloatRaster& in = made_[step.inputs[0]];
    Task task;
    task.kernel = step.kernel;
    task.stride = step.stride;
    task.in_channels = in.c;
    task.out_channels = out.c;
    task.in_row = in.row_stride();
    task.h = static_cast<int>(rows.end - rows.first);
    task.w = out.w;
    task.out = out.row(rows.first);
    task.out_row = out.row_stride();
    task.bias = engine_.convolutions_[step.node]->bias.data();
    if (step.addend >= 0) {
        const FloatRaster& addend = made_[static_cast<size_t>(step.addend)];
        task.addend = addend.row(rows.first);
        task.addend_row = addend.row_stride();
    }
    if (step.relu) task.floor = 0;
    return task;
}

template <class Task, class F>
Status FloatOperators::by_rows(const Task& task, F kernel) const {
    const int64_t some = rows_at_once(task.h);
    return team_.share(div_up(task.h, some), [&](int64_t k) {
        Task part = task;
        const int64_t y = k * some;
        part.h = static_cast<int>(std::min(some, task.h - y));
        part.in += y * task.stride * task.in_row;
        part.out += y * task.out_row;
        if (part.addend != nullptr) part.addend += y * task.addend_row;
        kernel(part);
        return Status();
    });
}

// What a convolution reads for some rows of its output, rounded: the zeros around it and all.
template <class Values, class F>
Values FloatOperators::rounded_rows(const FloatStep& step, const RowRange& rows, const FloatRaster& in,
                                    F round) const {
    const float* const corner = in.corner(rows.first * step.stride, step.reach);
    const int64_t read = (rows.end - rows.first - 1) * step.stride + step.kernel;
    Values rounded;
    rounded.resize(std::min(static_cast<size_t>(read * in.row_stride()), in.left_from(corner)));
    constexpr size_t kPart = 1 << 16;
    static_cast<void>(team_.share(div_up(static_cast<int64_t>(rounded.size()), kPart), [&](int64_t k) {
        const size_t from = static_cast<size_t>(k) * kPart;
        round(corner + from, rounded.data() + from, std::min(kPart, rounded.size() - from));
        return Status();
    }));
    return rounded;
}

Status FloatOperators::convolve(const FloatStep& step, const RowRange& rows, FloatRaster& out) const {
    const PackedFloatConv& packed = *engine_.convolutions_[step.node];
    const FloatRaster& in = made_[step.inputs[0]];
    const float* const corner = in.corner(rows.first * step.stride, step.reach);
    if (packed.kind == FloatConvKind::bfloat16) {
        const auto rounded = rounded_rows<AlignedBfloat16s>(step, rows, in, to_bfloat16);
        auto task = task_for<Bfloat16ConvTask>(step, rows, out);
        task.in = rounded.data();
        task.weights = packed.bfloat16_weights.data();
        return by_rows(task, conv_bfloat16);
    }
    if (packed.kind == FloatConvKind::int16) {
        const auto rounded = rounded_rows<AlignedVector16>(
            step, rows, in,
            [&](const float* from, int16_t* to, size_t n) { to_int16(from, packed.scale, to, n); });
        auto task = task_for<Int16ConvTask>(step, rows, out);
        task.in = rounded.data();
        task.weights = packed.int16_weights.data();
        task.unit = packed.unit.data();
        return by_rows(task, conv_int16);
    }
    auto task = task_for<FloatWinogradTask>(step, rows, out);
    task.in = corner;
    task.weights = packed.weights.data();
    if (packed.kind == FloatConvKind::direct) return by_rows<FloatConvTask>(task, kernels_.conv_float);
    const int64_t tiles = div_up(task.w, kFloatTile) * div_up(task.h, kFloatTile);
    task.tiles_at_once = tiles_at_once(tiles, team_.threads());
    return team_.share(div_up(tiles, task.tiles_at_once), [&](int64_t k) {
        FloatWinogradTask part = task;
        part.first_tile = k * task.tiles_at_once;
        kernels_.conv_float_winograd(part);
        return Status();
    });
}

Status FloatOperators::compute(const FloatStep& step, const RowRange& rows, FloatRaster& out) const {
    const FloatNode& node = engine_.graph_.nodes[step.node];
    const FloatRaster& a = made_[step.inputs[0]];
    // A function of single values.
    const auto each = [&](auto f) {
        for_each_row(rows, [&](int64_t y) {
            const float* in = a.row(y);
            float* o = out.row(y);
            for (int64_t i = 0; i < int64_t{out.w} * out.c; ++i) o[i] = f(in[i]);
        });
        return Status();
    };
    switch (node.op) {
        case Op::conv:
            return convolve(step, rows, out);
        case Op::add: {
            const FloatRaster& b = made_[node.inputs[1]];
            for_each_row(rows, [&](int64_t y) {
                const float *first = a.row(y), *second = b.row(y);
                float* o = out.row(y);
                for (int64_t i = 0; i < int64_t{out.w} * out.c; ++i) o[i] = first[i] + second[i];
            });
            return Status();
        }
        case Op::gate: {
            const FloatRaster& b = made_[node.inputs[1]];
            for_each_row(rows, [&](int64_t y) {
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
                for_each_row(rows, [&](int64_t y) { copy_channels(made_[k], 0, made_[k].c, out, at, y); });
                at += made_[k].c;
            }
            return Status();
        }
        case Op::slice:
            for_each_row(rows, [&](int64_t y) { copy_channels(a, node.begin, out.c, out, 0, y); });
            return Status();
        case Op::space_to_depth:
            for_each_row(rows, [&](int64_t y) { gather_row(a, out, node.block, y); });
            return Status();
        case Op::depth_to_space:
            for_each_row(rows, [&](int64_t y) { spread_row(a, out, node.block, y); });
            return Status();
        case Op::gain:
            for_each_row(rows, [&](int64_t y) {
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

}  // namespace nae
