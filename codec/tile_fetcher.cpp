#include "codec/tile_fetcher.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "format/text.h"
#include "format/tile_index.h"

namespace nae {

// The number with which the last thread is done first.
size_t tiles_to_share(const std::vector<int64_t>& sizes, int threads) {
    constexpr double kSharing = 1.1;  // what waiting for each other costs
    const size_t count = sizes.size();
    if (threads == 1 || count >= 4 * static_cast<size_t>(threads)) return 0;
    size_t best = 0;
    double least = 0;
    for (size_t shared = 0; shared <= count; ++shared) {
        double before = 0;
        std::vector<double> load(static_cast<size_t>(threads), 0.0);
        for (size_t i = 0; i < count; ++i) {
            const auto size = static_cast<double>(sizes[i]);
            if (i < shared)
                before += kSharing * size / threads;
            else
                *std::min_element(load.begin(), load.end()) += size;
        }
        const double time = before + *std::max_element(load.begin(), load.end());
        if (shared == 0 || time < least) {
            best = shared;
            least = time;
        }
    }
    return best;
}

namespace {

TilePart whole_tile(const Rect& rect) {
    return TilePart{static_cast<int>(rect.h), 0, static_cast<int>(rect.w)};
}

}  // namespace

void TileFetcher::start(Fetch& fetch, ThreadTeam* team) {
    const LatentTile cached = cache_.find(static_cast<int64_t>(fetch.number));
    if (cached != nullptr && cached->part.contains(fetch.part)) {
        *fetch.out = cached;
        return;
    }
    // Who comes back for another part of it will come again.
    if (cached != nullptr) fetch.part = whole_tile(fetch.rect);
    auto payload = read_tile(source_, layout_.tile_data_offset, layout_.tiles, fetch.number);
    if (!payload.ok()) {
        fetch.status = payload.status();
        return;
    }
    fetch.payload = std::move(payload).value();
    fetch.was_read = true;
    if (research_ == nullptr)
        fetch.status =
            codec_->predict_tile(fetch.payload, static_cast<int>(fetch.rect.h),
                                 static_cast<int>(fetch.rect.w), fetch.part, fetch.predicted, team);
}

void TileFetcher::decode(Squares which, Fetch& fetch) {
    if (*fetch.out != nullptr || !fetch.status.ok()) return;
    if (research_ == nullptr) {
        fetch.status = codec_->decode_squares(which, fetch.predicted, fetch.symbols);
        return;
    }
    auto pixels = std::make_shared<DecodedTile>();
    pixels->part = whole_tile(fetch.rect);
    fetch.status = research_->decode(fetch.payload, static_cast<int>(fetch.rect.h),
                                     static_cast<int>(fetch.rect.w), pixels->values);
    if (fetch.status.ok()) *fetch.out = std::move(pixels);
}

Status TileFetcher::decode_together(Squares which, Fetch* first, size_t count, ThreadTeam& team) {
    if (research_ != nullptr)
        return team.share(static_cast<int64_t>(count), [&](int64_t i) {
            decode(which, first[i]);
            return Status();
        });
    struct Group {
        Fetch* fetch;
        size_t number;
        Status status;
    };
    std::vector<Group> groups;
    for (size_t i = 0; i < count; ++i) {
        Fetch& fetch = first[i];
        if (*fetch.out != nullptr || !fetch.status.ok()) continue;
        if (which == Squares::first) codec_->size_symbols(fetch.predicted, fetch.symbols);
        for (size_t k = 0; k < codec_->groups(which, fetch.predicted); ++k) groups.push_back({&fetch, k, {}});
    }
    NAE_RETURN_IF_ERROR(team.share(static_cast<int64_t>(groups.size()), [&](int64_t i) {
        Group& group = groups[static_cast<size_t>(i)];
        group.status =
            codec_->decode_group(which, group.number, group.fetch->predicted, group.fetch->symbols);
        return Status();
    }));
    for (Group& group : groups)
        if (group.fetch->status.ok()) group.fetch->status = std::move(group.status);
    return Status();
}

void TileFetcher::predict_second(Fetch& fetch, ThreadTeam* team) {
    if (*fetch.out != nullptr || !fetch.status.ok() || research_ != nullptr) return;
    fetch.status = codec_->predict_second_squares(fetch.predicted, fetch.symbols, team);
}

Status TileFetcher::finish(Fetch& fetch, ThreadTeam* team) {
    if (*fetch.out == nullptr) {
        auto latent = std::make_shared<DecodedTile>();
        if (fetch.status.ok()) {
            fetch.status = codec_->dequantise(fetch.predicted, fetch.symbols, latent->values, team);
            latent->part = fetch.predicted.part;
        }
        if (!fetch.status.ok()) {
            // What went wrong with reading names the place itself.
            if (fetch.was_read)
                fetch.status =
                    fetch.status.in(cat("tile ", fetch.number, " at offset ",
                                        layout_.tile_data_offset + layout_.tiles[fetch.number].offset));
            NAE_RETURN_IF_ERROR(damage_(fetch.status));
            latent->part = whole_tile(fetch.rect);
            const int h = latent->part.rows, w = latent->part.right;
            if (research_ != nullptr)
                ResearchCodec::neutral(h, w, latent->values);
            else
                codec_->neutral(h, w, latent->values);
        }
        *fetch.out = std::move(latent);
    }
    if (fetch.status.ok()) cache_.insert(static_cast<int64_t>(fetch.number), *fetch.out);
    fetch = Fetch();  // its memory serves the next one
    return Status();
}

void TileFetcher::prefetch(const std::vector<Fetch>& missing) {
    if (!source_.remote()) return;
    std::vector<size_t> numbers;
    for (const Fetch& fetch : missing) {
        const LatentTile cached = cache_.find(static_cast<int64_t>(fetch.number));
        if (cached == nullptr || !cached->part.contains(fetch.part)) numbers.push_back(fetch.number);
    }
    prefetch_tiles(source_, layout_.tile_data_offset, layout_.tiles, numbers);
}

Status TileFetcher::fetch(const TilePlane& plane, const Rect& needed, HeldTiles& held, ThreadTeam& team) {
    const TileLayout& tiles = levels_[static_cast<size_t>(plane.level)];
    const bool pixels = research_ != nullptr;
    const int64_t side = pixels ? tiles.tile_pixels() : tiles.tile_side();
    HeldTiles wanted;
    std::vector<Fetch> missing;
    for (int64_t y = needed.y / side; y * side < needed.bottom(); ++y) {
        for (int64_t x = needed.x / side; x * side < needed.right(); ++x) {
            const int64_t tile = tiles.number(x, y);
            LatentTile& slot = wanted[tile];  // addresses in a map stay
            Fetch fetch;
            fetch.out = &slot;
            fetch.rect = pixels ? tiles.pixel_rect(tile) : tiles.latent_rect(tile);
            const Rect part = intersect(fetch.rect, needed);
            fetch.part = pixels ? whole_tile(fetch.rect)
                                : TilePart{static_cast<int>(part.bottom() - fetch.rect.y),
                                           static_cast<int>(part.x - fetch.rect.x),
                                           static_cast<int>(part.right() - fetch.rect.x)};
            const auto it = held.find(tile);
            if (it != held.end() && it->second->part.contains(fetch.part)) {
                slot = it->second;
                continue;
            }
            fetch.number =
                static_cast<size_t>(tile_number(layout_.header, layout_.bands.planes.size(), plane.level,
                                                static_cast<uint64_t>(tile), plane.plane));
            missing.push_back(std::move(fetch));
        }
    }
    held.clear();
    prefetch(missing);
    // Large ones first: no thread should begin one when the others are done.
    const auto positions = [](const Fetch& fetch) { return int64_t{fetch.part.rows} * fetch.part.width(); };
    std::stable_sort(missing.begin(), missing.end(),
                     [&](const Fetch& a, const Fetch& b) { return positions(a) > positions(b); });
    std::vector<int64_t> sizes;
    for (const Fetch& fetch : missing) sizes.push_back(positions(fetch));
    // Those that all threads decode together are ready for the rest together; then each thread takes others.
    const size_t together = tiles_to_share(sizes, team.threads()), count = missing.size();
    for (size_t i = 0; i < together; ++i) start(missing[i], &team);
    for (const Squares which : {Squares::first, Squares::second}) {
        if (which == Squares::second)
            for (size_t i = 0; i < together; ++i) predict_second(missing[i], &team);
        NAE_RETURN_IF_ERROR(decode_together(which, missing.data(), together, team));
    }
    for (size_t i = 0; i < together; ++i) NAE_RETURN_IF_ERROR(finish(missing[i], &team));
    NAE_RETURN_IF_ERROR(team.share(static_cast<int64_t>(count - together), [&](int64_t i) {
        Fetch& fetch = missing[together + static_cast<size_t>(i)];
        start(fetch, nullptr);
        decode(Squares::first, fetch);
        predict_second(fetch, nullptr);
        decode(Squares::second, fetch);
        return finish(fetch, nullptr);
    }));
    held.swap(wanted);
    return Status();
}

}  // namespace nae
