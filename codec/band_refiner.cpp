#include "codec/band_refiner.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "codec/engine.h"
#include "codec/engine_kernels.h"
#include "codec/finisher.h"
#include "codec/for_each.h"
#include "codec/symbol_choice.h"
#include "codec/thread_team.h"

namespace nae {
namespace {

// Latent positions. Blocks bound the memory of a gradient; they are whole tiles, since a tile's symbols are chosen together.
// Networks reach further than kReach, but what they take from there is next to nothing.
constexpr int64_t kBlockWidth = 64, kBlockHeight = 32, kLargestTile = 128, kReach = 2;
// How much more a squared distance costs where symbols should stay.
constexpr float kHeld = 64;
// Since the errors of neighbours are not independent, symbols are held where they are, too, in proportion to what a distance
// from their aims costs: less where that did well, more where it went too far. Fitted to J (latent_quantiser.h) of training
// pictures.
constexpr float kFirstHold = 0.65F, kBolder = 0.7F, kShyer = 1.5F;
constexpr int kTrials = 3;             // of a gradient
constexpr float kPixelRange = 128.0F;  // of the analysis' unit

// `r` without what is nearer than `margin` to an edge of it that is not one of `raster`.
Rect inner(const Rect& r, int64_t margin, const Extents& raster) {
    const int64_t x0 = r.x > 0 ? r.x + margin : 0, y0 = r.y > 0 ? r.y + margin : 0;
    const int64_t x1 = r.right() < raster.w ? r.right() - margin : raster.w;
    const int64_t y1 = r.bottom() < raster.h ? r.bottom() - margin : raster.h;
    return {x0, y0, std::max<int64_t>(x1 - x0, 0), std::max<int64_t>(y1 - y0, 0)};
}

Rect grown(const Rect& r, int64_t margin) {
    return {r.x - margin, r.y - margin, r.w + 2 * margin, r.h + 2 * margin};
}

Rect pixels_of(const Rect& r) {
    return {r.x * kLatentStride, r.y * kLatentStride, r.w * kLatentStride, r.h * kLatentStride};
}

// As many whole tiles as fit into a block's side, at least one.
int64_t whole_tiles(int64_t block, int64_t side) { return std::max<int64_t>(block / side, 1) * side; }

Extents raster_of(const Extents& latents) { return {latents.h * kLatentStride, latents.w * kLatentStride}; }

bool contains(const Rect& r, int64_t y, int64_t x) {
    return y >= r.y && y < r.bottom() && x >= r.x && x < r.right();
}

// body(position in the window, position in the stream).
template <class F>
void for_stream_in(const Rect& window, const Rect& tile, const Stream& stream, F body) {
    for_stream(stream, static_cast<int>(tile.h), static_cast<int>(tile.w), [&](size_t i, size_t at) {
        const int64_t y = tile.y - window.y + static_cast<int64_t>(i) / tile.w,
                      x = tile.x - window.x + static_cast<int64_t>(i) % tile.w;
        body(static_cast<size_t>(y * window.w + x), at);
    });
}

}  // namespace

int refinement_rounds(int effort) {
    switch (effort) {
        case 5:
            return 2;
        case 6:
            return 4;
        case 7:
            return 8;
        case 8:
            return 16;
        case 9:
            return 30;
        default:
            return 0;
    }
}

// Everything of a block and what is around it, dense, as a Refinement has it.
struct BandRefiner::Window {
    Rect rect;
    AlignedFloats mean, target;
    AlignedFloats aim, weight;  // where symbols should lie, and what a squared distance costs
    AlignedFloats emphasis;     // of each position; empty: 1
    AlignedVector8 index, free, counts;
    AlignedVector16 symbols;

    // What errors weigh in row y of the picture, x pixels from the window's left edge.
    float emphasis_at(int64_t y, int64_t x) const {
        if (emphasis.empty()) return 1;
        return emphasis[static_cast<size_t>((y / kLatentStride - rect.y) * rect.w + x / kLatentStride)];
    }
};

BandRefiner::BandRefiner(const TileCodec& codec, const TileLayout& layout, AnalysisBackend& analysis,
                         ThreadPool& pool, Options options, Fill fill, ChooseSecond choose_second, GoOn go_on)
    : codec_(codec),
      layout_(layout),
      analysis_(analysis),
      pool_(pool),
      options_(options),
      fill_(std::move(fill)),
      choose_second_(std::move(choose_second)),
      go_on_(std::move(go_on)) {
    // The loss is a mean over three channels.
    bits_per_error_ =
        static_cast<float>(distortion_weight_at(options_.quality_centi) * options_.distortion_weight / 3);
    for (const int32_t step : codec.latent_scale().steps.step)
        step_.push_back(static_cast<float>(step) / 65536.0F);
    lap_ = real_lap(codec.model().model.lap);
    // From a position that no edge cuts.
    constexpr int64_t kFar = 256;
    const Extents latents{2 * kFar, 2 * kFar};
    Rect pixels = pixels_of(Rect{kFar, kFar, 1, 1});
    pixels = codec.finisher().required(pixels, raster_of(latents));
    const Rect reached = required_input(codec.model().synthesis, latents, pixels);
    reach_ = kFar - std::min(reached.x, reached.y);
}

size_t BandRefiner::tile_of(const TileBand& band, int64_t y, int64_t x, size_t* position) const {
    const int64_t side = layout_.tile_side();
    const auto number = static_cast<size_t>(layout_.number(x / side, y / side) - band.first);
    *position = static_cast<size_t>((y % side) * band.tiles[number].w + x % side);
    return number;
}

void BandRefiner::gather(const TileBand& band, const Rect& block, const Pass& pass, Window& window) const {
    const Rect& r = window.rect;
    const auto channels = static_cast<size_t>(codec_.model().latent_channels());
    const auto positions = static_cast<size_t>(r.w * r.h);
    window.mean.resize(positions * channels);
    window.index.resize(positions * channels);
    window.symbols.resize(positions * channels);
    window.free.resize(positions);
    window.emphasis.resize(band.emphasis != nullptr ? positions : 0);
    const Rect movable = intersect(block, inner(band.rect, 2 * kReach, layout_.latent()));
    for_each_row(pool_, r.y, r.bottom(), [&](int64_t y) {
        for (int64_t x = r.x; x < r.right(); ++x) {
            const auto to = static_cast<size_t>((y - r.y) * r.w + (x - r.x));
            size_t from = 0;
            const TileSymbols& tile = band.tiles[tile_of(band, y, x, &from)];
            if (band.emphasis != nullptr)
                window.emphasis[to] = band.emphasis[(y - band.rect.y) * band.rect.w + x];
            window.free[to] =
                contains(movable, y, x) && (!pass.squares || is_square(*pass.squares, y, x)) ? 1 : 0;
            const int16_t* mean = tile.prediction.data.data() + from * static_cast<size_t>(tile.prediction.c);
            for (size_t c = 0; c < channels; ++c)
                window.mean[to * channels + c] = static_cast<float>(mean[c]);
            std::copy_n(tile.index.data() + from * channels, channels, window.index.data() + to * channels);
            std::copy_n(tile.symbols.data() + from * channels, channels,
                        window.symbols.data() + to * channels);
        }
    });
    const Rect pixels = pixels_of(r);
    const auto area = static_cast<size_t>(pixels.w * pixels.h);
    window.target.resize(3 * area);
    fill_(pixels, window.target.data());
    const Rect judged = intersect(pixels_of(inner(r, kReach, layout_.latent())), whole(layout_.picture()));
    window.counts.resize(area);
    for_each_row(pool_, pixels.y, pixels.bottom(), [&](int64_t y) {
        const auto first = static_cast<size_t>((y - pixels.y) * pixels.w);
        for (size_t i = 0; i < static_cast<size_t>(pixels.w); ++i) {
            window.counts[first + i] = contains(judged, y, pixels.x + static_cast<int64_t>(i)) ? 1 : 0;
            for (size_t c = 0; c < 3; ++c) window.target[3 * (first + i) + c] *= kPixelRange;
        }
    });
}

Rect BandRefiner::judged(const Rect& window) const {
    return intersect(pixels_of(inner(window, reach_, layout_.latent())), whole(layout_.picture()));
}

Status BandRefiner::decode(const Window& window, const AlignedVector16& symbols, const Row& row) const {
    const ReadyModel& model = codec_.model();
    const auto channels = static_cast<size_t>(model.latent_channels());
    const Rect &r = window.rect, judged = this->judged(r);
    Tensor16 latent(static_cast<int>(r.h), static_cast<int>(r.w), model.latent_channels()), out;
    for_each_row(pool_, r.y, r.bottom(), [&](int64_t y) {
        std::array<int16_t, kMaxChannels> mean;
        const auto first = static_cast<size_t>((y - r.y) * r.w) * channels;
        for (size_t i = first; i < first + static_cast<size_t>(r.w) * channels; i += channels) {
            for (size_t c = 0; c < channels; ++c) mean[c] = static_cast<int16_t>(window.mean[i + c]);
            dequantise_position(codec_.latent_scale(), symbols.data() + i, mean.data(),
                                latent.data.data() + i);
        }
    });
    const Finisher& finisher = codec_.finisher();
    const Extents raster = raster_of(layout_.latent());
    const Rect made = finisher.required(judged, raster);
    const auto made_row = [&](int64_t y) {
        return out.pixel(static_cast<int>(y - made.y), static_cast<int>(judged.x - made.x));
    };
    Tensor16 finished;
    if (!finisher.empty())
        finished.resize(static_cast<int>(judged.h), static_cast<int>(judged.w), kPixelChannels);
    const auto make = [&](ThreadTeam& team) -> Status {
        NAE_RETURN_IF_ERROR(Engine::run(model.synthesis, layout_.latent(), latent, r, made, out,
                                        EngineLevel::automatic, Limits(), &team));
        if (finisher.empty()) return {};
        return finisher.run(CellRows(out, made, 1), made, raster, judged, &team,
                            [&](int64_t y, const int16_t* pixels) {
                                std::copy_n(pixels, kPixelChannels * judged.w,
                                            finished.pixel(static_cast<int>(y - judged.y), 0));
                                return Status();
                            });
    };
    NAE_RETURN_IF_ERROR(ThreadTeam::run(pool_, make));
    for_each_row(pool_, judged.y, judged.bottom(), [&](int64_t y) {
        row(y, made_row(y),
            finisher.empty() ? made_row(y) : finished.pixel(static_cast<int>(y - judged.y), 0));
    });
    return Status();
}

std::vector<BandRefiner::Part> BandRefiner::parts_of(const TileBand& band, const Rect& block,
                                                     const std::optional<Squares>& squares) const {
    const auto channels = static_cast<size_t>(codec_.model().latent_channels());
    std::vector<Part> parts;
    const int64_t side = layout_.tile_side();
    for (int64_t y = block.y; y < block.bottom(); y += side) {
        for (int64_t x = block.x; x < block.right(); x += side) {
            const int64_t number = layout_.number(x / side, y / side);
            const TileSymbols& tile = band.tiles[static_cast<size_t>(number - band.first)];
            for (const Stream& stream : streams_of(squares, tile)) {
                Part part{layout_.latent_rect(number), stream,
                          AlignedVector8(stream_positions(stream, tile.h) * channels)};
                take_stream(stream, tile.index.data(), tile.h, tile.w, channels, part.index.data());
                parts.push_back(std::move(part));
            }
        }
    }
    return parts;
}

Result<double> BandRefiner::bits_of(const std::vector<Part>& parts, const Window& window,
                                    const AlignedVector16& symbols) const {
    const auto channels = static_cast<size_t>(codec_.model().latent_channels());
    std::vector<double> bits(parts.size());
    NAE_RETURN_IF_ERROR(pool_.parallel_for(static_cast<int64_t>(parts.size()), [&](int64_t number) {
        const Part& part = parts[static_cast<size_t>(number)];
        AlignedVector16 some(part.index.size());
        for_stream_in(window.rect, part.tile, part.stream, [&](size_t from, size_t to) {
            std::copy_n(symbols.data() + from * channels, channels, some.data() + to * channels);
        });
        bits[static_cast<size_t>(number)] = codec_.model().latent_codec.stream_bits(
            part.index.data(), some.data(), some.size(), StreamKind::substream);
        return Status();
    }));
    return std::accumulate(bits.begin(), bits.end(), 0.0);
}

Status BandRefiner::choose(const std::vector<Part>& parts, const Window& window, float hold,
                           AlignedVector16& symbols) const {
    const auto channels = static_cast<size_t>(codec_.model().latent_channels());
    return pool_.parallel_for(static_cast<int64_t>(parts.size()), [&](int64_t number) {
        const Part& part = parts[static_cast<size_t>(number)];
        const size_t count = part.index.size();
        AlignedFloats target(count), weight(count);
        for_stream_in(window.rect, part.tile, part.stream, [&](size_t from, size_t to) {
            for (size_t c = 0; c < channels; ++c) {
                const size_t i = from * channels + c, at = to * channels + c;
                const bool stays = window.free[from] == 0;
                const auto now = static_cast<float>(window.symbols[i]);
                target[at] = stays ? now : now + (window.aim[i] - now) / (1 + hold);
                weight[at] = stays ? kHeld * codec_.quantiser_weights()[part.index[at]]
                                   : window.weight[i] * (1 + hold);
            }
        });
        AlignedVector16 chosen(count);
        choose_symbols(codec_.model().latent_codec, part.index.data(), target.data(), weight.data(), count,
                       chosen.data(), StreamKind::substream, codec_.kernels().trellis_steps);
        for_stream_in(window.rect, part.tile, part.stream, [&](size_t to, size_t from) {
            std::copy_n(chosen.data() + from * channels, channels, symbols.data() + to * channels);
        });
        return Status();
    });
}

Result<double> BandRefiner::true_error(const Window& window, const AlignedVector16& symbols,
                                       AlignedFloats* target) const {
    const ReadyModel& model = codec_.model();
    const Rect pixels = pixels_of(window.rect), judged = this->judged(window.rect);
    const int shift = model.model.output_frac_bits;
    const float unit = 1.0F / static_cast<float>(1 << shift);
    const bool laps = !model.model.lap.empty(), finished = !codec_.finisher().empty();
    // In order, so that their sum is the same with any number of threads.
    std::vector<double> errors(static_cast<size_t>(judged.h));
    AlignedFloats slopes;  // half of the error's, for each value that is decoded
    if (target != nullptr) {
        *target = window.target;
        if (laps || !window.emphasis.empty()) slopes.assign(target->size(), 0.0F);
    }
    NAE_RETURN_IF_ERROR(decode(window, symbols, [&](int64_t y, const int16_t* made, const int16_t* restored) {
        const int64_t first = 3 * ((y - pixels.y) * pixels.w + (judged.x - pixels.x));
        double& error = errors[static_cast<size_t>(y - judged.y)];
        for (int64_t i = 0; i < judged.w * 3; ++i) {
            const auto at = static_cast<size_t>(first + i);
            const int value = std::clamp((restored[i] + (1 << (shift - 1))) >> shift, -128, 127);
            const double off = static_cast<double>(value) - static_cast<double>(window.target[at]);
            const double slope =
                off * static_cast<double>(window.emphasis_at(y, judged.x - pixels.x + i / 3));
            error += off * slope;
            if (!slopes.empty()) {
                slopes[at] = static_cast<float>(slope);
                (*target)[at] = static_cast<float>(made[i]) * unit;
            } else if (target != nullptr && finished) {
                const int held = std::clamp<int>(made[i], black(shift), white(shift));
                (*target)[at] -= static_cast<float>(restored[i] - held) * unit;
            }
        }
    }));
    if (!slopes.empty()) {
        if (laps)
            lap_floats(lap_, true, slopes.data(), static_cast<ptrdiff_t>(pixels.h),
                       static_cast<ptrdiff_t>(pixels.w), &pool_);
        for_each_row(pool_, judged.y, judged.bottom(), [&](int64_t y) {
            const int64_t first = 3 * ((y - pixels.y) * pixels.w + (judged.x - pixels.x));
            for (int64_t i = first; i < first + judged.w * 3; ++i)
                (*target)[static_cast<size_t>(i)] -= slopes[static_cast<size_t>(i)];
        });
    }
    return static_cast<double>(bits_per_error_) * std::accumulate(errors.begin(), errors.end(), 0.0);
}

Status BandRefiner::refine_block(TileBand& band, const Rect& block, const Pass& pass) {
    Window window;
    window.rect = intersect(grown(block, 2 * kReach), band.rect);
    const Rect confirmed = judged(window.rect);
    // Where the integer decoder could not confirm anything, as in a last strip of few rows, nothing changes.
    if (confirmed.w <= 0 || confirmed.h <= 0) return Status();
    gather(band, block, pass, window);
    const auto channels = codec_.model().latent_channels();
    Refinement task;
    task.h = static_cast<int>(window.rect.h);
    task.w = static_cast<int>(window.rect.w);
    task.channels = channels;
    task.mean = window.mean.data();
    task.step = step_.data();
    task.index = window.index.data();
    task.free = window.free.data();
    task.target = window.target.data();
    task.counts = window.counts.data();
    task.emphasis = window.emphasis.empty() ? nullptr : window.emphasis.data();
    task.pixel_unit = 1.0F / static_cast<float>(1 << codec_.model().model.output_frac_bits);
    task.bits_per_error = bits_per_error_;
    const double share = static_cast<double>(block.w * block.h) /
                         static_cast<double>(band.rect.w * band.rect.h) / options_.rounds;
    task.go_on = [&] { return go_on_(share); };
    // The search knows the synthesis alone, so what follows that is looked at again after each gradient, and only what is
    // better as the decoder has it is gone on from.
    AlignedFloats target, next_target;
    const std::vector<Part> parts = parts_of(band, block, pass.squares);
    NAE_ASSIGN_OR_RETURN(double least, true_error(window, window.symbols, &target));
    NAE_ASSIGN_OR_RETURN(const double bits, bits_of(parts, window, window.symbols));
    least += bits;
    window.aim.assign(window.symbols.size(), 0.0F);
    window.weight.assign(window.symbols.size(), 0.0F);
    bool better = false;
    float hold = kFirstHold;
    for (int round = 0; round < pass.rounds; ++round) {
        task.target = target.data();
        const Status status =
            analysis_.refine(task, window.symbols.data(), window.aim.data(), window.weight.data());
        if (status.code() == ErrorCode::cancelled)
            return Status(ErrorCode::cancelled, "encoding was cancelled");
        // Nothing to take gradients through: what was chosen before is as valid.
        if (status.code() == ErrorCode::unsupported) return Status();
        NAE_RETURN_IF_ERROR(status.in("refinement"));
        bool moved = false;
        for (int trial = 0; trial < kTrials && !moved; ++trial) {
            AlignedVector16 found = window.symbols;
            NAE_RETURN_IF_ERROR(choose(parts, window, hold, found));
            const bool last = round + 1 == pass.rounds;
            NAE_ASSIGN_OR_RETURN(double cost, true_error(window, found, last ? nullptr : &next_target));
            NAE_ASSIGN_OR_RETURN(const double found_bits, bits_of(parts, window, found));
            cost += found_bits;
            moved = cost < least;
            if (!moved) {  // not off the spot, or too far
                hold *= found == window.symbols ? kBolder : kShyer;
                continue;
            }
            least = cost;
            window.symbols.swap(found);
            target.swap(next_target);
            hold *= kBolder;
        }
        if (!moved) break;  // nor would the next gradient, the same
        better = true;
    }
    if (!better) return Status();
    for (int64_t y = block.y; y < block.bottom(); ++y) {
        for (int64_t x = block.x; x < block.right(); ++x) {
            size_t to = 0;
            TileSymbols& tile = band.tiles[tile_of(band, y, x, &to)];
            const auto from = static_cast<size_t>((y - window.rect.y) * window.rect.w + (x - window.rect.x));
            std::copy_n(window.symbols.data() + from * static_cast<size_t>(channels), channels,
                        tile.symbols.data() + to * static_cast<size_t>(channels));
        }
    }
    return Status();
}

Status BandRefiner::refine(TileBand& band) {
    if (!codec_.has_context()) return refine(band, Pass{std::nullopt, options_.rounds});
    NAE_RETURN_IF_ERROR(refine(band, Pass{Squares::first, (options_.rounds + 1) / 2}));
    NAE_RETURN_IF_ERROR(pool_.parallel_for(static_cast<int64_t>(band.tiles.size()), [&](int64_t tile) {
        return choose_second_(static_cast<size_t>(tile));
    }));
    return options_.rounds < 2 ? Status() : refine(band, Pass{Squares::second, options_.rounds / 2});
}

Status BandRefiner::refine(TileBand& band, const Pass& pass) {
    const int64_t side = layout_.tile_side();
    if (side > kLargestTile) return Status();
    const int64_t height = whole_tiles(kBlockHeight, side), width = whole_tiles(kBlockWidth, side);
    for (int64_t y = band.rect.y; y < band.rect.bottom(); y += height) {
        for (int64_t x = band.rect.x; x < band.rect.right(); x += width) {
            NAE_RETURN_IF_ERROR(refine_block(band, intersect(Rect{x, y, width, height}, band.rect), pass));
        }
    }
    return Status();
}

}  // namespace nae
