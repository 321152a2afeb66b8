#include "codec/tile_fetcher.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "format/text.h"
#include "format/tile_index.h"

namespace nae {

namespace {
constexpr int64_t kTile = 1024;  // positions of 512 x 512 pixels
}

bool decode_together(const std::vector<int64_t>& sizes, int threads) {
    const int64_t sum = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    // Alone, one thread gains where parts of tiles are little: substreams of several are decoded side by side.
    if (threads == 1) return sum <= kTile;
    // Several wait for each other at every step, and what is on its way leaves their caches: only where there are not two tiles
    // for each of them, or little of every tile is needed, or tiles are so large that several at once would take much memory.
    const auto count = static_cast<int64_t>(sizes.size());
    return count < int64_t{2} * threads || sum < count * (kTile / 2) || sum > count * (4 * kTile);
}

std::vector<size_t> tile_batches(const std::vector<int64_t>& sizes, int threads) {
    std::vector<size_t> batches;
    // Enough for all threads, and no more: what is on its way takes five times the memory of latents.
    const int64_t most = kTile * std::max(threads, 4);
    int64_t sum = most;
    for (const int64_t size : sizes) {
        if (sum > most - size) {
            batches.push_back(0);
            sum = 0;
        }
        ++batches.back();
        sum += size;
    }
    return batches;
}

namespace {

TilePart whole_tile(const Rect& rect) {
    return TilePart{static_cast<int>(rect.h), 0, static_cast<int>(rect.w)};
}

int64_t positions(const TileFetcher::Fetch& fetch) { return int64_t{fetch.part.rows} * fetch.part.width(); }

std::vector<int64_t> sizes_of(const std::vector<TileFetcher::Fetch>& tiles) {
    std::vector<int64_t> sizes;
    for (const TileFetcher::Fetch& fetch : tiles) sizes.push_back(positions(fetch));
    return sizes;
}

}  // namespace

void TileFetcher::start(Fetch& fetch) {
    const LatentTile cached = cache_.find(static_cast<int64_t>(fetch.number));
    if (cached != nullptr && cached->part.contains(fetch.part)) {
        *fetch.out = cached;
        return;
    }
    // Who comes back for another part of it will come again.
    if (cached != nullptr) fetch.part = whole_tile(fetch.rect);
    auto payload = read_tile(source_, layout_.tile_data_offset, layout_.tiles, fetch.number);
    if (!payload.ok()) {
        fetch.decoding.status = payload.status();
        return;
    }
    fetch.payload = std::move(payload).value();
    fetch.was_read = true;
    if (research_ == nullptr)
        fetch.decoding.status =
            codec_->begin_tile(fetch.payload, static_cast<int>(fetch.rect.h), static_cast<int>(fetch.rect.w),
                               fetch.part, fetch.decoding.tile);
}

void TileFetcher::decode_research(Fetch& fetch) {
    if (*fetch.out != nullptr || !fetch.decoding.status.ok()) return;
    auto pixels = std::make_shared<DecodedTile>();
    pixels->part = whole_tile(fetch.rect);
    fetch.decoding.status = research_->decode(fetch.payload, static_cast<int>(fetch.rect.h),
                                              static_cast<int>(fetch.rect.w), pixels->values);
    if (fetch.decoding.status.ok()) *fetch.out = std::move(pixels);
}

Status TileFetcher::decode(Fetch* first, size_t count, ThreadTeam* team) {
    NAE_RETURN_IF_ERROR(share(team, static_cast<int64_t>(count), [&](int64_t i) {
        start(first[i]);
        if (research_ != nullptr) decode_research(first[i]);
        return Status();
    }));
    if (research_ == nullptr) {
        std::vector<BatchTile*> batch;
        for (size_t i = 0; i < count; ++i)
            if (*first[i].out == nullptr) batch.push_back(&first[i].decoding);
        NAE_RETURN_IF_ERROR(decode_batch(*codec_, batch, team));
    }
    for (size_t i = 0; i < count; ++i) NAE_RETURN_IF_ERROR(finish(first[i]));
    return Status();
}

Status TileFetcher::finish(Fetch& fetch) {
    Status status = std::move(fetch.decoding.status);
    const bool good = status.ok();
    if (*fetch.out == nullptr) {
        auto latent = std::make_shared<DecodedTile>();
        if (good) {
            latent->values = std::move(fetch.decoding.latent);
            latent->part = fetch.decoding.tile.part;
        } else {
            // What went wrong with reading names the place itself.
            if (fetch.was_read)
                status = status.in(cat("tile ", fetch.number, " at offset ",
                                       layout_.tile_data_offset + layout_.tiles[fetch.number].offset));
            NAE_RETURN_IF_ERROR(damage_(status));
            latent->part = whole_tile(fetch.rect);
            const int h = latent->part.rows, w = latent->part.right;
            if (research_ != nullptr)
                ResearchCodec::neutral(h, w, latent->values);
            else
                codec_->neutral(h, w, latent->values);
        }
        *fetch.out = std::move(latent);
    }
    if (good) cache_.insert(static_cast<int64_t>(fetch.number), *fetch.out);
    fetch = Fetch();  // its memory serves the next one
    return Status();
}

void TileFetcher::announce(const TilePlane& plane, const Rect& needed, const HeldTiles& held) {
    if (!source_.remote()) return;
    HeldTiles wanted;
    std::vector<size_t> numbers;
    for (const Fetch& fetch : missing_of(plane, needed, held, wanted)) {
        const LatentTile cached = cache_.find(static_cast<int64_t>(fetch.number));
        if (cached == nullptr || !cached->part.contains(fetch.part)) numbers.push_back(fetch.number);
    }
    prefetch_tiles(source_, layout_.tile_data_offset, layout_.tiles, numbers);
}

std::vector<TileFetcher::Fetch> TileFetcher::missing_of(const TilePlane& plane, const Rect& needed,
                                                        const HeldTiles& held, HeldTiles& wanted) const {
    const TileLayout& tiles = levels_[static_cast<size_t>(plane.level)];
    const bool pixels = research_ != nullptr;
    const int64_t side = pixels ? tiles.tile_pixels() : tiles.tile_side();
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
                                           static_cast<int>(part.right() - fetch.rect.x),
                                           static_cast<int>(part.y - fetch.rect.y)};
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
    return missing;
}

std::vector<TileFetcher::Fetch> TileFetcher::begin(const TilePlane& plane, const Rect& needed,
                                                   HeldTiles& held) const {
    HeldTiles wanted;
    std::vector<Fetch> missing = missing_of(plane, needed, held, wanted);
    held.swap(wanted);  // entries of a map stay where they are
    return missing;
}

bool TileFetcher::all_at_once(const std::vector<Fetch>& tiles, int threads) {
    return decode_together(sizes_of(tiles), threads);
}

Status TileFetcher::fetch(std::vector<Fetch>& tiles, ThreadTeam& team) {
    // Tiles of pixels have no steps that threads share.
    if (research_ != nullptr || !all_at_once(tiles, team.threads()))
        return team.share(static_cast<int64_t>(tiles.size()),
                          [&](int64_t i) { return fetch(tiles[static_cast<size_t>(i)]); });
    std::stable_sort(tiles.begin(), tiles.end(),
                     [&](const Fetch& a, const Fetch& b) { return positions(a) > positions(b); });
    size_t done = 0;
    for (const size_t count : tile_batches(sizes_of(tiles), team.threads())) {
        NAE_RETURN_IF_ERROR(decode(&tiles[done], count, &team));
        done += count;
    }
    return Status();
}

}  // namespace nae
