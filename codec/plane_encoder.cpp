#include "codec/plane_encoder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "codec/band_refiner.h"
#include "codec/emphasis.h"
#include "codec/for_each.h"
#include "codec/hole_fill.h"
#include "format/text.h"

namespace nae {
namespace {

// Side, in pixels without halo, of the largest square given to the analysis at once; bounds its memory.
constexpr int64_t kAnalysisSide = 2048;
// Width of the columns that it works down, of which each computes its halo anew: rows of pictures up to this width are whole.
constexpr int64_t kColumnWidth = 8192;
// Between two strips a column keeps some kilobytes for each pixel of its width. All planes of a picture together may be so wide.
constexpr int64_t kMostStreamed = 32768;
// Latent positions of the tiles, for each thread, between two reports of progress: eight tiles of 512 x 512 pixels.
constexpr int64_t kPositionsAtOnce = 8 * 1024;
// What quantising and packing take of a tile's time; the analysis has the rest. For the progress report.
constexpr double kCodingWork = 0.6;
// And of that, refining where it is asked for.
constexpr double kRefiningShare = 0.9;

// Pixels around a part of the picture that its latents depend on, whole cells.
int64_t halo_of(const EncodeJob& job) {
    if (job.research != nullptr) return 0;
    const int64_t networks = div_up(job.analysis->halo_px(), kLatentStride) * kLatentStride;
    return networks + (job.model->model.analysis_lap.empty() ? 0 : kLapSide);
}

}  // namespace

PlaneEncoder::PlaneEncoder(EncodeJob& job, int level, size_t plane, const TileLayout& tiles,
                           const RowWindow& rows)
    : job_(job), level_(level), plane_(plane), tiles_(tiles), rows_(rows), halo_(halo_of(job)) {
    if (job.research == nullptr) make_columns();
}

void PlaneEncoder::make_columns() {
    const BandTable& table = job_.plan.table;
    const auto planes = static_cast<int64_t>(std::count_if(
        table.planes.begin(), table.planes.end(), [](const Plane& plane) { return plane.coded_by_model(); }));
    const std::vector<uint16_t>& bands = table.planes[plane_].bands;
    // What fills holes looks at all around them.
    if (planes * rows_.width() > kMostStreamed ||
        std::any_of(bands.begin(), bands.end(), [&](uint16_t band) { return has_holes(band); }))
        return;
    const Extents latent = tiles_.latent();
    const int64_t count = div_up(latent.w * kLatentStride, kColumnWidth), width = div_up(latent.w, count);
    const int64_t halo = halo_ / kLatentStride;
    for (int64_t x = 0; x < latent.w; x += width) {
        const Rect wanted = intersect(Rect{x, 0, width, latent.h}, whole(latent));
        const Rect cells = intersect(Rect{x - halo, 0, wanted.w + 2 * halo, latent.h}, whole(latent));
        auto stream = job_.analysis->stream(cells.h * kLatentStride, cells.w * kLatentStride);
        if (stream == nullptr) return columns_.clear();
        columns_.push_back(std::make_unique<AnalysisColumn>(
            std::move(stream), cells, static_cast<int>(x - cells.x),
            static_cast<int>(wanted.right() - cells.x), job_.model->latent_channels(),
            job_.model->model.analysis_lap, job_.pool));
    }
}

int64_t PlaneEncoder::pixels_end(int64_t bottom) const {
    int64_t end = bottom * kLatentStride + halo_;
    for (const auto& column : columns_) end = std::max(end, column->pixels_end(bottom));
    return end;
}

Status PlaneEncoder::encode(const Rect& band) {
    if (job_.research != nullptr) return encode_research_tiles(band);
    NAE_RETURN_IF_ERROR(analyse(band));
    emphasise(band);
    return encode_tiles(band);
}

void PlaneEncoder::emphasise(const Rect& band) {
    if (job_.options.tune != Tune::ssim) return;
    emphasis_.resize(static_cast<size_t>(band.w * band.h));
    const int64_t width = band.w * kLatentStride;
    input_.resize(static_cast<size_t>(width * kLatentStride * 3));
    for (int64_t y = 0; y < band.h; ++y) {
        fill(Rect{0, (band.y + y) * kLatentStride, width, kLatentStride}, input_.data());
        structural_emphasis(input_.data(), static_cast<ptrdiff_t>(width * 3), static_cast<ptrdiff_t>(band.w),
                            emphasis_.data() + y * band.w);
    }
}

QuantiserOptions PlaneEncoder::quantiser_of(const Rect& band, const Rect& tile) const {
    QuantiserOptions options = job_.quantiser;
    if (emphasis_.empty()) return options;
    options.emphasis = emphasis_.data() + (tile.y - band.y) * band.w + tile.x;
    options.emphasis_stride = static_cast<ptrdiff_t>(band.w);
    return options;
}

Status PlaneEncoder::encode_research_tiles(const Rect& band) {
    const Plane& plane = job_.plan.table.planes[plane_];
    const ResearchModel& model = *job_.model->research;
    if (plane.kind == PlaneKind::rgb && model.picture_channels == 1)
        return Status(ErrorCode::invalid_argument, cat("model ", model.name, " is for gray pictures"));
    const TileRange range = tiles_.tiles_touching(band);
    const int64_t first = tiles_.number(range.x0, range.y0);
    for (int64_t tile = first; tile < first + (range.x1 - range.x0) * (range.y1 - range.y0); ++tile) {
        const Rect latents = tiles_.latent_rect(tile);
        const Rect rect = intersect(Rect{latents.x * kLatentStride, latents.y * kLatentStride,
                                         latents.w * kLatentStride, latents.h * kLatentStride},
                                    whole(tiles_.picture()));
        input_.resize(static_cast<size_t>(rect.w * rect.h * 3));
        fill(rect, input_.data());
        auto payload = job_.research->encode(input_.data(), static_cast<int>(rect.h),
                                             static_cast<int>(rect.w), job_.options.label);
        if (!payload.ok()) return payload.status().in(cat("tile ", tile));
        job_.statistics.latent_bytes += payload.value().size();
        job_.payload(level_, static_cast<uint64_t>(tile), plane_) = std::move(payload).value();
        NAE_RETURN_IF_ERROR(job_.progress(static_cast<double>(latents.w * latents.h)));
    }
    return Status();
}

void PlaneEncoder::fill_row(const Rect& rect, int band, int64_t y, float* out) {
    const BandInfo& info = job_.plan.table.bands[static_cast<size_t>(band)];
    const RowShape& shape = rows_.shape();
    const int64_t inside = std::min(rect.right(), rows_.width()) - rect.x;
    const auto size = static_cast<int64_t>(sample_bytes(shape.type));
    const uint8_t* row = rows_.row(std::min(rect.y + y, rows_.height() - 1));
    const uint8_t* samples = shape.samples(row, rows_.width(), band);
    float* values = out + y * rect.w * 3;
    to_model_scale(samples + rect.x * size, inside, shape.type, info, values, 3);
    for (int64_t x = inside; x < rect.w; ++x) values[3 * x] = values[3 * (inside - 1)];
    if (valid_.empty()) return;
    uint8_t* valid = valid_.data() + y * rect.w;
    find_valid(shape, row, rows_.width(), job_.plan, band, rect.x, inside, valid);
    std::fill(valid + inside, valid + rect.w, valid[inside - 1]);
}

bool PlaneEncoder::has_holes(int band) const {
    return !job_.plan.table.bands[static_cast<size_t>(band)].specials.empty() || job_.plan.alpha >= 0 ||
           rows_.shape().mask;
}

void PlaneEncoder::fill_channel(const Rect& rect, int band, float* out) {
    const bool holes = has_holes(band);
    valid_.assign(holes ? static_cast<size_t>(rect.w * rect.h) : 0, 1);
    for_each_row(job_.pool, 0, rect.h, [&](int64_t y) { fill_row(rect, band, y, out); });
    if (holes) fill_holes(out, 3, rect.h, rect.w, valid_);
}

void PlaneEncoder::fill(const Rect& rect, float* out) {
    const Plane& plane = job_.plan.table.planes[plane_];
    for (size_t channel = 0; channel < plane.bands.size(); ++channel)
        fill_channel(rect, plane.bands[channel], out + channel);
    if (plane.kind == PlaneKind::rgb) return;
    for_each_row(job_.pool, 0, rect.h, [&](int64_t y) {
        for (int64_t i = y * rect.w; i < (y + 1) * rect.w; ++i) out[3 * i + 2] = out[3 * i + 1] = out[3 * i];
    });
}

template <class F>
Status PlaneEncoder::timed(const char* what, F work) {
    const auto start = std::chrono::steady_clock::now();
    const Status status = work();
    job_.statistics.seconds_analysis +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status.in(what);
}

Status PlaneEncoder::analyse_block(const Rect& band, const Rect& block) {
    const int channels = job_.model->latent_channels();
    // In pixels, with halo, up to the edges of the latent raster: there the networks' own zero padding
    // begins.
    const Rect raster{0, 0, tiles_.latent().w * kLatentStride, tiles_.latent().h * kLatentStride};
    const Rect padded =
        intersect(Rect{block.x * kLatentStride - halo_, block.y * kLatentStride - halo_,
                       block.w * kLatentStride + 2 * halo_, block.h * kLatentStride + 2 * halo_},
                  raster);
    const Rect cells{padded.x / kLatentStride, padded.y / kLatentStride, padded.w / kLatentStride,
                     padded.h / kLatentStride};
    input_.resize(static_cast<size_t>(padded.w * padded.h * 3));
    fill(padded, input_.data());
    if (const AnalysisLap& lap = job_.model->model.analysis_lap; !lap.empty())
        lap_floats(lap, false, input_.data(), static_cast<ptrdiff_t>(padded.h),
                   static_cast<ptrdiff_t>(padded.w), &job_.pool);
    AnalysisPart part{static_cast<int>(cells.h), static_cast<int>(cells.w), channels};
    part.top = static_cast<int>(block.y - cells.y);
    part.bottom = static_cast<int>(block.bottom() - cells.y);
    part.left = static_cast<int>(block.x - cells.x);
    part.right = static_cast<int>(block.right() - cells.x);
    return timed("analysis", [&] {
        return job_.analysis->run_part(input_.data(), static_cast<int>(padded.h), static_cast<int>(padded.w),
                                       3, part,
                                       y_.data() + ((block.y - band.y) * band.w + block.x) * channels,
                                       static_cast<ptrdiff_t>(band.w * channels));
    });
}

Status PlaneEncoder::analyse(const Rect& band) {
    y_.resize(static_cast<size_t>(band.w * band.h * job_.model->latent_channels()));
    return columns_.empty() ? analyse_blocks(band) : analyse_columns(band);
}

Status PlaneEncoder::analyse_columns(const Rect& band) {
    const int64_t channels = job_.model->latent_channels();
    const AnalysisColumn::Fill fill = [this](const Rect& pixels, float* out) { this->fill(pixels, out); };
    float* out = y_.data();
    for (const auto& column : columns_) {
        while (column->done() < band.bottom()) {
            const int64_t done = column->done();
            NAE_RETURN_IF_ERROR(timed("analysis", [&] {
                return column->advance(band.bottom(), fill, out + (done - band.y) * band.w * channels,
                                       static_cast<ptrdiff_t>(band.w * channels));
            }));
            NAE_RETURN_IF_ERROR(job_.progress(
                (1 - kCodingWork) * static_cast<double>((column->done() - done) * column->width())));
        }
        out += column->width() * channels;
    }
    return Status();
}

Status PlaneEncoder::analyse_blocks(const Rect& band) {
    // As few as there can be, of about equal size.
    const auto side = [](int64_t length) {
        return div_up(length, div_up(length, kAnalysisSide / kLatentStride));
    };
    const int64_t height = side(band.h), width = side(band.w);
    for (int64_t y = band.y; y < band.bottom(); y += height) {
        for (int64_t x = 0; x < band.w; x += width) {
            const Rect block = intersect(Rect{x, y, width, height}, band);
            NAE_RETURN_IF_ERROR(analyse_block(band, block));
            NAE_RETURN_IF_ERROR(job_.progress((1 - kCodingWork) * static_cast<double>(block.w * block.h)));
        }
    }
    return Status();
}

Status PlaneEncoder::hyper_analyse(const Rect& band, const Rect& tile, std::vector<float>& z) {
    const int64_t channels = job_.model->latent_channels();
    const Extents hyper = TileLayout::hyper_extents(tile.h, tile.w);
    const Extents padded{hyper.h * kHyperStride, hyper.w * kHyperStride};
    input_.resize(static_cast<size_t>(padded.h * padded.w * channels));
    for_each_row(job_.pool, 0, padded.h, [&](int64_t y) {
        float* const to = input_.data() + y * padded.w * channels;
        const int64_t inside = y < tile.h ? tile.w * channels : 0;
        if (inside > 0) std::copy_n(y_at(band, tile.y + y, tile.x), inside, to);
        std::fill(to + inside, to + padded.w * channels, 0.0F);
    });
    z.resize(static_cast<size_t>(hyper.h * hyper.w * job_.model->hyper_channels()));
    return timed("hyper-analysis", [&] {
        return job_.analysis->run(AnalysisGraph::hyper_analysis, input_.data(), static_cast<int>(padded.h),
                                  static_cast<int>(padded.w), static_cast<int>(channels), z.data(),
                                  static_cast<int>(hyper.h), static_cast<int>(hyper.w),
                                  job_.model->hyper_channels());
    });
}

Status PlaneEncoder::encode_tiles(const Rect& band) {
    if (refinement_rounds(job_.options.effort) > 0) return encode_tiles_refined(band);
    const TileRange range = tiles_.tiles_touching(band);
    const int64_t first = tiles_.number(range.x0, range.y0);
    const int64_t count = (range.x1 - range.x0) * (range.y1 - range.y0);  // whole rows of tiles: consecutive
    // In groups, so that progress is reported in between: of many for each thread, which waits for the others at the end of each.
    const int64_t threads = job_.pool.threads(), side = tiles_.tile_side();
    const int64_t most = std::max(threads, kPositionsAtOnce * threads / (side * side));
    const int64_t group = div_up(count, div_up(count, most));  // of about equal size
    for (int64_t i = 0; i < count; i += group) {
        NAE_RETURN_IF_ERROR(encode_tiles(band, first + i, std::min(group, count - i)));
    }
    return Status();
}

Status PlaneEncoder::encode_tiles(const Rect& band, int64_t first, int64_t count) {
    std::vector<std::vector<float>> z(static_cast<size_t>(count));
    NAE_RETURN_IF_ERROR(hyper_analyse(band, first, z));
    // A tile on its way takes five times the memory of its latents: it is packed at once.
    const auto encode_one = [&](int64_t i) {
        TileSymbols tile;
        NAE_RETURN_IF_ERROR(quantise_tile(band, first + i, z[static_cast<size_t>(i)], tile));
        return pack_tile(first + i, tile);
    };
    NAE_RETURN_IF_ERROR(job_.pool.parallel_for(count, encode_one));
    double positions = 0;
    for (int64_t i = 0; i < count; ++i) {
        const Rect rect = tiles_.latent_rect(first + i);
        positions += static_cast<double>(rect.w * rect.h);
    }
    return job_.progress(kCodingWork * positions);
}

Status PlaneEncoder::encode_tiles_refined(const Rect& band) {
    const TileRange range = tiles_.tiles_touching(band);
    TileBand all;
    all.rect = band;
    all.first = tiles_.number(range.x0, range.y0);
    all.emphasis = emphasis_.empty() ? nullptr : emphasis_.data();
    all.tiles.resize(static_cast<size_t>((range.x1 - range.x0) * (range.y1 - range.y0)));
    std::vector<std::vector<float>> z(all.tiles.size());
    NAE_RETURN_IF_ERROR(hyper_analyse(band, all.first, z));
    const auto count = static_cast<int64_t>(all.tiles.size());
    NAE_RETURN_IF_ERROR(job_.pool.parallel_for(count, [&](int64_t i) {
        const auto slot = static_cast<size_t>(i);
        return quantise_tile(band, all.first + i, z[slot], all.tiles[slot]);
    }));
    BandRefiner::Options options;
    options.quality_centi = job_.header.quality_centi;
    options.rounds = refinement_rounds(job_.options.effort);
    options.distortion_weight = job_.options.distortion_weight;
    BandRefiner refiner(
        *job_.codec, tiles_, *job_.analysis, job_.pool, options,
        [this](const Rect& pixels, float* out) { fill(pixels, out); },
        [this, &band, &all](size_t tile) {
            const Rect rect = tiles_.latent_rect(all.first + static_cast<int64_t>(tile));
            return job_.codec->quantise_second(y_at(band, rect.y, rect.x),
                                               band.w * job_.model->latent_channels(),
                                               quantiser_of(band, rect), all.tiles[tile]);
        },
        [this, &band](double share) {
            constexpr double kWork = kCodingWork * kRefiningShare;
            return job_.progress(share * kWork * static_cast<double>(band.w * band.h)).ok();
        });
    NAE_RETURN_IF_ERROR(refiner.refine(all));
    NAE_RETURN_IF_ERROR(job_.pool.parallel_for(
        count, [&](int64_t i) { return pack_tile(all.first + i, all.tiles[static_cast<size_t>(i)]); }));
    return job_.progress(kCodingWork * (1 - kRefiningShare) * static_cast<double>(band.w * band.h));
}

Status PlaneEncoder::hyper_analyse(const Rect& band, int64_t first, std::vector<std::vector<float>>& z) {
    for (size_t i = 0; i < z.size(); ++i)
        NAE_RETURN_IF_ERROR(hyper_analyse(band, tiles_.latent_rect(first + static_cast<int64_t>(i)), z[i]));
    return Status();
}

Status PlaneEncoder::quantise_tile(const Rect& band, int64_t number, const std::vector<float>& z,
                                   TileSymbols& tile) {
    const Rect rect = tiles_.latent_rect(number);
    return job_.codec
        ->quantise(y_at(band, rect.y, rect.x), band.w * job_.model->latent_channels(),
                   static_cast<int>(rect.h), static_cast<int>(rect.w), z.data(), quantiser_of(band, rect),
                   tile, &job_.pool)
        .in(cat("tile ", number));
}

Status PlaneEncoder::pack_tile(int64_t number, const TileSymbols& tile) {
    TileStatistics found;
    auto payload = job_.codec->pack(tile, &found, &job_.pool);
    if (!payload.ok()) return payload.status().in(cat("tile ", number));
    job_.payload(level_, static_cast<uint64_t>(number), plane_) = std::move(payload).value();
    const std::lock_guard<std::mutex> lock(job_.coded);
    job_.statistics.hyper_bytes += found.hyper_bytes;
    job_.statistics.latent_bytes += found.latent_bytes;
    job_.statistics.coded_symbols += found.coded_symbols;
    if (job_.options.observer != nullptr) job_.options.observer->tile_coded(tile);
    return Status();
}

}  // namespace nae
