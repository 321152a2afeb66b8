#include "codec/tile_batch.h"

#include <cstdint>
#include <utility>

#include "codec/row_shares.h"
#include "codec/stream_groups.h"

namespace nae {
namespace {

// Shares of the hyper-synthesis, where a cut costs what two rows do; of the context network, likewise; of what touches each value
// once.
constexpr ShareSize kMostPredicted{1024, 32}, kMostInContext{512, 16}, kMostDequantised{512, 1};
constexpr int kSquareRows = 2;  // after so many rows the checkerboard repeats

class Batch {
  public:
    Batch(const TileCodec& codec, const std::vector<BatchTile*>& tiles, ThreadTeam* team)
        : codec_(codec), tiles_(tiles), team_(team) {}

    Status run() {
        NAE_RETURN_IF_ERROR(
            by_rows(known_rows, kMostPredicted, kHyperStride, [&](BatchTile& t, const RowStrip& strip) {
                return codec_.predict_rows(t.tile, strip.top, strip.bottom);
            }));
        for (BatchTile* t : tiles_)
            if (t->status.ok()) codec_.size_symbols(t->tile, t->symbols);
        NAE_RETURN_IF_ERROR(by_streams(Squares::first));
        if (codec_.has_context()) {
            NAE_RETURN_IF_ERROR(
                by_rows(part_rows, kMostInContext, kSquareRows, [&](BatchTile& t, const RowStrip& strip) {
                    return codec_.predict_second_rows(t.tile, t.symbols, strip.top, strip.bottom);
                }));
            NAE_RETURN_IF_ERROR(by_streams(Squares::second));
        }
        const int channels = codec_.model().latent_channels();
        for (BatchTile* t : tiles_)
            if (t->status.ok()) t->latent.resize(t->tile.part.height(), t->tile.part.width(), channels);
        return by_rows(latent_rows, kMostDequantised, 1, [&](BatchTile& t, const RowStrip& strip) {
            const int top = t.tile.part.top;
            codec_.dequantise_rows(t.tile, t.symbols, top + strip.top, top + strip.bottom, t.latent);
            return Status();
        });
    }

  private:
    int threads() const { return team_ != nullptr ? team_->threads() : 1; }

    static TileRows known_rows(const PredictedTile& tile) { return {tile.known.rows, tile.known.width()}; }
    static TileRows part_rows(const PredictedTile& tile) { return {tile.part.rows, tile.part.width()}; }
    // Counted from the part's top.
    static TileRows latent_rows(const PredictedTile& tile) { return {tile.part.height(), tile.part.width()}; }

    // body(tile, strip) for some rows of all tiles that are well, cut as row_shares.h says. Several strips of a tile may fail at
    // once: each keeps its own status until the step is over.
    template <class F>
    Status by_rows(TileRows (*of)(const PredictedTile&), const ShareSize& most, int unit, F body) {
        std::vector<TileRows> rows;
        for (const BatchTile* t : tiles_) rows.push_back(t->status.ok() ? of(t->tile) : TileRows{});
        const std::vector<RowShare> shares = cut_rows(rows, shares_for(rows, threads(), most), unit);
        std::vector<Status> found(shares.size() * tiles_.size());
        NAE_RETURN_IF_ERROR(share(team_, static_cast<int64_t>(shares.size()), [&](int64_t i) {
            for (const RowStrip& strip : shares[static_cast<size_t>(i)])
                found[static_cast<size_t>(i) * tiles_.size() + strip.tile] = body(*tiles_[strip.tile], strip);
            return Status();
        }));
        for (size_t i = 0; i < found.size(); ++i) note(*tiles_[i % tiles_.size()], std::move(found[i]));
        return Status();
    }

    Status by_streams(Squares which) {
        std::vector<TileStream> streams;
        std::vector<BatchTile*> owners;
        std::vector<uint64_t> costs;
        for (BatchTile* t : tiles_) {
            if (!t->status.ok()) continue;
            const SubstreamRange range = codec_.streams(which, t->tile);
            for (int k = range.first; k < range.end; ++k) {
                streams.push_back(TileStream{&t->tile, &t->symbols, k, Status()});
                owners.push_back(t);
                costs.push_back(codec_.stream_cost(which, t->tile, k));
            }
        }
        const auto groups = group_streams(costs, size_t{kMostLanes}, threads());
        NAE_RETURN_IF_ERROR(share(team_, static_cast<int64_t>(groups.size()), [&](int64_t i) {
            const std::vector<size_t>& group = groups[static_cast<size_t>(i)];
            TileStream side_by_side[kMostLanes];
            for (size_t k = 0; k < group.size(); ++k) side_by_side[k] = streams[group[k]];
            codec_.decode_streams(which, side_by_side, group.size());
            for (size_t k = 0; k < group.size(); ++k)
                streams[group[k]].status = std::move(side_by_side[k].status);
            return Status();
        }));
        for (size_t i = 0; i < streams.size(); ++i) note(*owners[i], std::move(streams[i].status));
        return Status();
    }

    static void note(BatchTile& t, Status status) {
        if (t.status.ok()) t.status = std::move(status);
    }

    const TileCodec& codec_;
    const std::vector<BatchTile*>& tiles_;
    ThreadTeam* const team_;
};

}  // namespace

Status decode_batch(const TileCodec& codec, const std::vector<BatchTile*>& tiles, ThreadTeam* team) {
    return Batch(codec, tiles, team).run();
}

}  // namespace nae
