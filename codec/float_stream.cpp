#include "codec/float_stream.h"

#include <algorithm>

#include "codec/float_operators.h"

namespace nae {
namespace {

// The rows of its inputs that some rows of a step's output depend on, before it is known how many there are.
RowRange input_rows(const FloatGraph& graph, const FloatStep& step, const RowRange& rows) {
    const FloatNode& node = graph.nodes[step.node];
    const int64_t block = node.block;
    switch (node.op) {
        case Op::conv: {
            const int64_t last = rows.end - 1;
            return {rows.first * step.stride - step.reach, last * step.stride - step.reach + step.kernel};
        }
        case Op::space_to_depth:
            return {rows.first * block, rows.end * block};
        case Op::depth_to_space:
            return {rows.first / block, div_up(rows.end, block)};
        default:
            return rows;
    }
}

}  // namespace

FloatStream::FloatStream(const FloatEngine& engine, int h, int w, int64_t first)
    : engine_(engine),
      h_(h),
      w_(w),
      first_(first),
      done_(first),
      readers_(engine.graph_.nodes.size()),
      progress_(engine.graph_.nodes.size()),
      first_tile_(engine.graph_.nodes.size()) {
    for (size_t s = 0; s < engine.plan_.steps.size(); ++s) {
        const FloatStep& step = engine.plan_.steps[s];
        for (const uint16_t k : step.inputs) {
            readers_[k].push_back(s);
            if (k == 0 && engine.graph_.nodes[step.node].op == Op::conv) input_as_it_is_ = false;
        }
        if (step.addend >= 0) readers_[static_cast<size_t>(step.addend)].push_back(s);
    }
    if (wave_rows(1) < h) shift_tiles();
    const std::vector<RowRange> all = needed(height(progress_.size() - 1));
    for (size_t k = 0; k < all.size(); ++k) {
        progress_[k].done = all[k].first;
        progress_[k].kept = RowRange{all[k].first, all[k].first};
    }
}

// Where a wave ends, a 3x3 convolution is a row behind its input, and the next one two. If tiles began at row 0 everywhere, each
// would fall behind to the tile before, four rows and more for every layer.
void FloatStream::shift_tiles() {
    std::vector<int64_t> behind(progress_.size());
    for (const FloatStep& step : engine_.plan_.steps) {
        const FloatNode& node = engine_.graph_.nodes[step.node];
        int64_t most = 0;
        for (const uint16_t k : step.inputs) most = std::max(most, behind[k]);
        if (node.op == Op::conv) most = div_up(most + step.kernel - step.stride - step.reach, step.stride);
        if (node.op == Op::space_to_depth) most = div_up(most, node.block);
        if (node.op == Op::depth_to_space) most *= node.block;
        if (step.addend >= 0) most = std::max(most, behind[static_cast<size_t>(step.addend)]);
        behind[step.output] = most;
        if (by_tiles(step))
            first_tile_[step.output] = static_cast<int>((kFloatTile - most % kFloatTile) % kFloatTile);
    }
}

int64_t FloatStream::tiles_before(size_t node, int64_t row) const {
    const int64_t first = first_tile_[node];
    return row < first ? 0 : first + (row - first) / kFloatTile * kFloatTile;
}

std::vector<RowRange> FloatStream::needed(int64_t output_end) const {
    const FloatPlan& plan = engine_.plan_;
    std::vector<RowRange> needed(progress_.size(), RowRange{INT64_MAX, 0});
    const auto need = [&](size_t node, const RowRange& rows) {
        needed[node].first = std::min(needed[node].first, std::max<int64_t>(rows.first, 0));
        needed[node].end = std::max(needed[node].end, std::min(rows.end, height(node)));
    };
    need(needed.size() - 1, RowRange{first_, output_end});
    for (size_t s = plan.steps.size(); s-- > 0;) {
        const FloatStep& step = plan.steps[s];
        RowRange& rows = needed[step.output];
        if (rows.empty()) rows = RowRange{0, 0};  // nobody reads it
        if (rows.end == 0) continue;
        if (by_tiles(step)) {
            // Whole tiles, where they lie when all rows are computed.
            rows.first = tiles_before(step.output, rows.first);
            const int64_t end = tiles_before(step.output, rows.end);
            if (end < rows.end)
                rows.end = std::min(
                    end == 0 && first_tile_[step.output] > 0 ? first_tile_[step.output] : end + kFloatTile,
                    height(step.output));
        }
        for (const uint16_t k : step.inputs) need(k, input_rows(engine_.graph_, step, rows));
        // The part of a tile at the top reads what a whole one does.
        if (first_tile_[step.output] > 0 && rows.first == 0)
            need(step.inputs[0], RowRange{0, kFloatTile + 1});
        if (step.addend >= 0) need(static_cast<size_t>(step.addend), rows);
    }
    return needed;
}

bool FloatStream::by_tiles(const FloatStep& step) const {
    const PackedFloatConv* convolution = engine_.convolutions_[step.node].get();
    return convolution != nullptr && convolution->kind == FloatConvKind::winograd;
}

int64_t FloatStream::first_to_be_read(size_t node) const {
    int64_t first = progress_[node].done;
    for (const size_t s : readers_[node]) {
        const FloatStep& step = engine_.plan_.steps[s];
        const int64_t next = progress_[step.output].done;
        if (next >= height(step.output)) continue;
        const bool added = step.addend >= 0 && static_cast<size_t>(step.addend) == node;
        const int64_t read = input_rows(engine_.graph_, step, RowRange{next, next + 1}).first;
        first = std::min(first, added ? std::min(read, next) : read);
    }
    return std::max<int64_t>(first, 0);
}

int64_t FloatStream::input_first() const { return input_as_it_is_ ? first_to_be_read(0) : progress_[0].done; }

int64_t FloatStream::input_end(int64_t output_end) const {
    return std::max(progress_[0].done, needed(output_end)[0].end);
}

int64_t FloatStream::wave_rows(int threads) const {
    double most = 1;  // bytes of a raster for each row of the input
    for (const FloatStep& step : engine_.plan_.steps) {
        if (step.node == 0 && input_as_it_is_) continue;
        const double values = static_cast<double>(height(step.output)) *
                              static_cast<double>(width(step.output)) *
                              engine_.info_.nodes[step.output].channels;
        most = std::max(most, values * sizeof(float) / h_);
    }
    const double rows = static_cast<double>(engine_.wave_bytes_) * threads / most;
    return std::max<int64_t>(1, static_cast<int64_t>(std::min<double>(rows, h_)));
}

int64_t FloatStream::computable(const FloatStep& step) const {
    const FloatNode& node = engine_.graph_.nodes[step.node];
    const int64_t high = height(step.output);
    int64_t end = high;
    for (const uint16_t k : step.inputs) {
        const int64_t there = progress_[k].done;
        if (there >= height(k)) continue;
        switch (node.op) {
            case Op::conv: {
                if (first_tile_[step.output] > 0 && there <= kFloatTile) end = 0;  // as in needed()
                const int64_t read = there + step.reach - step.kernel;             // by the last row
                end = std::min(end, read < 0 ? 0 : read / step.stride + 1);
                break;
            }
            case Op::space_to_depth:
                end = std::min(end, there / node.block);
                break;
            case Op::depth_to_space:
                end = std::min(end, there * node.block);
                break;
            default:
                end = std::min(end, there);
        }
    }
    if (step.addend >= 0) end = std::min(end, progress_[static_cast<size_t>(step.addend)].done);
    return end < high && by_tiles(step) ? tiles_before(step.output, end) : end;
}

Status FloatStream::compute(const FloatOperators& operators, const FloatStep& step, const RowRange& rows,
                            FloatRaster& out) const {
    if (rows.empty()) return Status();
    const int64_t first_tile = first_tile_[step.output];
    if (rows.first >= first_tile || rows.end <= first_tile) return operators.compute(step, rows, out);
    // A part of a tile, above those that begin where others do.
    NAE_RETURN_IF_ERROR(operators.compute(step, RowRange{rows.first, first_tile}, out));
    return operators.compute(step, RowRange{first_tile, rows.end}, out);
}

void FloatStream::save(const FloatOperators& operators, const FloatRaster& raster, Progress& progress) {
    const RowRange& kept = progress.kept;
    const ptrdiff_t stride = raster.row_stride();
    progress.rows.resize(static_cast<size_t>(std::max<int64_t>(kept.end - kept.first, 0)) *
                         static_cast<size_t>(stride));
    operators.for_each_row(kept, [&](int64_t y) {
        std::copy_n(raster.whole_row(y), stride, progress.rows.data() + (y - kept.first) * stride);
    });
}

void FloatStream::restore(const FloatOperators& operators, const Progress& progress, FloatRaster& raster) {
    const RowRange& kept = progress.kept;
    const ptrdiff_t stride = raster.row_stride();
    operators.for_each_row(kept, [&](int64_t y) {
        std::copy_n(progress.rows.data() + (y - kept.first) * stride, stride, raster.whole_row(y));
    });
}

Status FloatStream::advance(const float* input, int64_t input_row, int64_t input_end, const FloatPart& part,
                            const Kernels& kernels, ThreadTeam& team) {
    const FloatPlan& plan = engine_.plan_;
    const size_t last = progress_.size() - 1;
    std::vector<FloatRaster> made(progress_.size());
    const FloatOperators operators(engine_, kernels, team, made);
    // Until nobody reads it in this wave.
    const auto let_go = [&](size_t node) {
        Progress& progress = progress_[node];
        if (made[node].h == 0) return;  // by one operator twice
        progress.kept = RowRange{first_to_be_read(node), progress.done};
        if (node != 0 || !input_as_it_is_) save(operators, made[node], progress);
        made[node] = FloatRaster();
    };
    const std::vector<RowRange> wanted = needed(std::min(part.rows.end, height(last)));
    for (size_t s = 0; s < plan.steps.size(); ++s) {
        const FloatStep& step = plan.steps[s];
        const size_t node = step.output;
        Progress& progress = progress_[node];
        const int64_t end = std::min(step.node == 0 ? input_end : computable(step), wanted[node].end);
        const RowRange fresh{progress.done, std::max(progress.done, end)};
        const int channels = engine_.info_.nodes[node].channels;
        const auto high = static_cast<int>(height(node)), wide = static_cast<int>(width(node));
        const ptrdiff_t dense = ptrdiff_t{wide} * channels;
        FloatRaster& out = made[node];
        if (node == 0 && input_as_it_is_) {
            out.refer_to(input, input_row, high, wide, channels);
        } else {
            out.create(high, wide, channels, node == last ? 0 : engine_.border_,
                       RowRange{progress.kept.first, fresh.end});
            restore(operators, progress, out);
            if (node == 0)
                operators.for_each_row(fresh, [&](int64_t y) {
                    std::copy_n(input + (y - input_row) * dense, dense, out.row(y));
                });
            else
                NAE_RETURN_IF_ERROR(compute(operators, step, fresh, out));
        }
        progress.done = fresh.end;
        for (const uint16_t k : step.inputs)
            if (plan.last_use[k] == s) let_go(k);
        if (step.addend >= 0 && plan.last_use[static_cast<size_t>(step.addend)] == s)
            let_go(static_cast<size_t>(step.addend));
    }
    // Whole tiles may be more than was asked for.
    const FloatRaster& out = made[last];
    const RowRange given{done_, std::max(done_, std::min(progress_[last].done, part.rows.end))};
    const ptrdiff_t values =
        ptrdiff_t{std::min<int64_t>(part.columns.end, out.w) - part.columns.first} * out.c;
    operators.for_each_row(given, [&](int64_t y) {
        std::copy_n(out.row(y) + part.columns.first * out.c, values, part.out + (y - done_) * part.out_row);
    });
    done_ = given.end;
    progress_[last].kept = RowRange{done_, std::max(done_, progress_[last].done)};
    save(operators, out, progress_[last]);
    return Status();
}

}  // namespace nae
