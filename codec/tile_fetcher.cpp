#include "codec/tile_fetcher.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "format/text.h"
#include "format/tile_index.h"

namespace nae {

// The number with which the last thread is done first. Prediction takes about as long as decoding the symbols.
size_t tiles_to_share(const std::vector<int64_t>& sizes, int threads) {
    const size_t count = sizes.size();
    if (count >= 4 * static_cast<size_t>(threads)) return 0;
    size_t best = 0;
    double least = 0;
    for (size_t shared = 0; shared <= count; ++shared) {
        double before = 0;
        std::vector<double> load(static_cast<size_t>(threads), 0.0);
        for (size_t i = 0; i < count; ++i) {
            const auto size = static_cast<double>(sizes[i]);
            before += i < shared ? size / threads : 0;
            *std::min_element(load.begin(), load.end()) += i < shared ? size : 2 * size;
        }
        const double time = before + *std::max_element(load.begin(), load.end());
        if (shared == 0 || time < least) {
            best = shared;
            least = time;
        }
    }
    return best;
}

void TileFetcher::start(Fetch& fetch, ThreadTeam* team) {
    if ((*fetch.out = cache_.find(static_cast<int64_t>(fetch.number), fetch.rows)) != nullptr) return;
    auto payload = read_tile(source_, layout_.tile_data_offset, layout_.tiles, fetch.number);
    if (!payload.ok()) {
        fetch.status = payload.status();
        return;
    }
    fetch.payload = std::move(payload).value();
    fetch.was_read = true;
    if (research_ == nullptr)
        fetch.status =
            codec_->predict_tile(fetch.payload, static_cast<int>(fetch.latents.h),
                                 static_cast<int>(fetch.latents.w), fetch.rows, fetch.predicted, team);
}

void TileFetcher::decode(Fetch& fetch) {
    if (*fetch.out != nullptr || !fetch.status.ok()) return;
    if (research_ == nullptr) {
        fetch.status = codec_->decode_first_squares(fetch.predicted, fetch.symbols);
        return;
    }
    auto pixels = std::make_shared<Tensor16>();
    fetch.status = research_->decode(fetch.payload, static_cast<int>(fetch.pixels.h),
                                     static_cast<int>(fetch.pixels.w), *pixels);
    if (fetch.status.ok()) *fetch.out = std::move(pixels);
}

void TileFetcher::predict_second(Fetch& fetch, ThreadTeam* team) {
    if (*fetch.out != nullptr || !fetch.status.ok() || research_ != nullptr) return;
    fetch.status = codec_->predict_second_squares(fetch.predicted, fetch.symbols, team);
}

void TileFetcher::decode_second(Fetch& fetch) {
    if (*fetch.out != nullptr || !fetch.status.ok() || research_ != nullptr) return;
    fetch.status = codec_->decode_second_squares(fetch.predicted, fetch.symbols);
}

Status TileFetcher::finish(Fetch& fetch, ThreadTeam* team) {
    if (*fetch.out == nullptr) {
        auto latent = std::make_shared<Tensor16>();
        if (fetch.status.ok())
            fetch.status = codec_->dequantise(fetch.predicted, fetch.symbols, *latent, team);
        if (!fetch.status.ok()) {
            // What went wrong with reading names the place itself.
            if (fetch.was_read)
                fetch.status =
                    fetch.status.in(cat("tile ", fetch.number, " at offset ",
                                        layout_.tile_data_offset + layout_.tiles[fetch.number].offset));
            NAE_RETURN_IF_ERROR(damage_(fetch.status));
            if (research_ != nullptr)
                ResearchCodec::neutral(static_cast<int>(fetch.pixels.h), static_cast<int>(fetch.pixels.w),
                                       *latent);
            else
                codec_->neutral(static_cast<int>(fetch.latents.h), static_cast<int>(fetch.latents.w),
                                *latent);
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
        if (cache_.find(static_cast<int64_t>(fetch.number), fetch.rows) == nullptr)
            numbers.push_back(fetch.number);
    }
    prefetch_tiles(source_, layout_.tile_data_offset, layout_.tiles, numbers);
}

Status TileFetcher::fetch(const TilePlane& plane, const TileRange& range, int64_t bottom, HeldTiles& held,
                          ThreadTeam& team) {
    const TileLayout& tiles = levels_[static_cast<size_t>(plane.level)];
    HeldTiles wanted;
    std::vector<Fetch> missing;
    for (int64_t y = range.y0; y < range.y1; ++y) {
        for (int64_t x = range.x0; x < range.x1; ++x) {
            const int64_t tile = tiles.number(x, y);
            LatentTile& slot = wanted[tile];  // addresses in a map stay
            Fetch fetch;
            fetch.out = &slot;
            fetch.latents = tiles.latent_rect(tile);
            fetch.pixels = tiles.pixel_rect(tile);
            fetch.rows = static_cast<int>(
                research_ != nullptr ? fetch.pixels.h
                                     : std::clamp<int64_t>(bottom - fetch.latents.y, 1, fetch.latents.h));
            const auto it = held.find(tile);
            if (it != held.end() && it->second->h >= fetch.rows) {
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
    const auto positions = [](const Fetch& fetch) { return fetch.latents.w * fetch.latents.h; };
    std::stable_sort(missing.begin(), missing.end(),
                     [&](const Fetch& a, const Fetch& b) { return positions(a) > positions(b); });
    std::vector<int64_t> sizes;
    for (const Fetch& fetch : missing) sizes.push_back(positions(fetch));
    const size_t together = tiles_to_share(sizes, team.threads()), count = missing.size();
    // The others wait where these do: the second half of their symbols is then decoded beside them.
    const bool in_halves = together > 0 && research_ == nullptr && codec_->has_context();
    const auto second_half = [&](Fetch& fetch) {
        predict_second(fetch, nullptr);
        decode_second(fetch);
        return finish(fetch, nullptr);
    };
    for (size_t i = 0; i < together; ++i) start(missing[i], &team);
    NAE_RETURN_IF_ERROR(team.share(static_cast<int64_t>(count), [&](int64_t i) {
        const auto k = static_cast<size_t>(i);
        if (k >= together) start(missing[k], nullptr);
        decode(missing[k]);
        return k < together || in_halves ? Status() : second_half(missing[k]);
    }));
    if (in_halves) {
        for (size_t i = 0; i < together; ++i) predict_second(missing[i], &team);
        NAE_RETURN_IF_ERROR(team.share(static_cast<int64_t>(count), [&](int64_t i) {
            const auto k = static_cast<size_t>(i);
            if (k >= together) return second_half(missing[k]);
            decode_second(missing[k]);
            return Status();
        }));
    }
    for (size_t i = 0; i < together; ++i) NAE_RETURN_IF_ERROR(finish(missing[i], &team));
    held.swap(wanted);
    return Status();
}

}  // namespace nae
