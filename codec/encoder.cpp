#include "codec/encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "codec/band_refiner.h"
#include "codec/float_shadow.h"
#include "codec/guard.h"
#include "codec/level_encoder.h"
#include "codec/lossless_tile.h"
#include "codec/research_codec.h"
#include "format/checked_math.h"
#include "format/file_layout.h"
#include "format/text.h"

namespace nae {

Status EncodeJob::progress(double more) {
    done += more;
    // The last hundredth is for writing.
    if (options.progress && !options.progress(0.99 * std::min(done / work, 1.0)))
        return Status(ErrorCode::cancelled, "encoding was cancelled");
    return Status();
}

int automatic_levels(uint32_t width, uint32_t height, uint32_t side) {
    int levels = 1;
    while (levels < kMaxLevels && level_side(std::max(width, height), levels - 1) > std::max(side, 1u))
        ++levels;
    return levels;
}

namespace {

// Rows of one pass, at all levels, may take this much memory; what does not fit is left for another pass.
constexpr int64_t kPassBytes = int64_t{256} << 20;
constexpr int64_t kMeasureBytes = int64_t{8} << 20;
// Measuring ranges, in proportion to coding.
constexpr double kMeasureWork = 0.1;

// Counts what passes through, for the statistics.
class CountingSink : public ByteSink {
  public:
    explicit CountingSink(ByteSink& sink) : sink_(sink) {}
    Status write(const void* bytes, size_t n) override {
        count_ += n;
        return sink_.write(bytes, n);
    }
    uint64_t count() const { return count_; }

  private:
    ByteSink& sink_;
    uint64_t count_ = 0;
};

// Planes that are coded together in one pass over the rows, and what these rows consist of.
struct Pass {
    std::vector<size_t> planes;
    RowShape shape;
};

void add_band(RowShape& shape, int band) {
    if (std::find(shape.bands.begin(), shape.bands.end(), band) == shape.bands.end())
        shape.bands.push_back(band);
}

// Divides the planes, so that the rows of a pass fit into memory. Codes go with the band they belong to.
std::vector<Pass> plan_passes(const BandPlan& plan, const Header& header) {
    // A strip with its halo, and as much again for all further levels together.
    const int64_t rows = 2 * (std::max<int64_t>(512, header.tile_size_px) + 512);
    const auto most = static_cast<size_t>(std::max<int64_t>(1, kPassBytes / rows / header.width));
    const std::vector<BandPlace> places = band_places(plan.table);
    RowShape empty;
    empty.type = header.data_type;
    empty.mask = plan.table.mask() >= 0;
    if (plan.alpha >= 0) empty.bands.push_back(plan.alpha);
    std::vector<Pass> passes = {Pass{{}, empty}};
    for (size_t p = 0; p < plan.table.planes.size(); ++p) {
        const Plane& plane = plan.table.planes[p];
        if (plane.kind == PlaneKind::codes) continue;
        RowShape with = passes.back().shape;
        for (const uint16_t band : plane.bands) add_band(with, band);
        if (with.row_bytes(1) > most && !passes.back().planes.empty()) {
            passes.push_back(Pass{{}, empty});
            with = empty;
            for (const uint16_t band : plane.bands) add_band(with, band);
        }
        passes.back().shape = with;
        passes.back().planes.push_back(p);
        for (const uint16_t band : plane.bands) {
            if (places[band].codes >= 0)
                passes.back().planes.push_back(static_cast<size_t>(places[band].codes));
        }
    }
    return passes;
}

// Rows of an image as a shape wants them.
class RowReader {
  public:
    RowReader(ImageSource& image, RowShape shape) : image_(image), shape_(std::move(shape)) {}

    Status read(int64_t y, int64_t count, uint8_t* out) {
        const int64_t width = image_.width();
        const auto first = static_cast<uint32_t>(y), rows = static_cast<uint32_t>(count);
        if (!shape_.mask) return image_.read_rows(first, rows, shape_.bands, out);
        // With a mask behind each row, which comes from another call.
        const size_t row_bytes = shape_.row_bytes(width), mask_bytes = static_cast<size_t>(width);
        samples_.resize(static_cast<size_t>(count) * (row_bytes - mask_bytes));
        mask_.resize(static_cast<size_t>(count) * mask_bytes);
        if (!samples_.empty())
            NAE_RETURN_IF_ERROR(image_.read_rows(first, rows, shape_.bands, samples_.data()));
        NAE_RETURN_IF_ERROR(image_.read_mask(first, rows, mask_.data()));
        for (int64_t i = 0; i < count; ++i, out += row_bytes) {
            const auto row = static_cast<size_t>(i);
            std::copy_n(samples_.data() + row * (row_bytes - mask_bytes), row_bytes - mask_bytes, out);
            std::copy_n(mask_.data() + row * mask_bytes, mask_bytes, out + row_bytes - mask_bytes);
        }
        return Status();
    }

  private:
    ImageSource& image_;
    RowShape shape_;
    std::vector<uint8_t> samples_, mask_;
};

bool to_be_measured(const BandPlan& plan, DataType type) {
    return type == DataType::float32 || std::any_of(plan.table.bands.begin(), plan.table.bands.end(),
                                                    [](const BandInfo& info) { return info.lo > info.hi; });
}

// Finds the ranges that the plan leaves open, and the values of Float32 that are not finite.
Status measure(ImageSource& image, EncodeJob& job, const std::vector<Pass>& passes) {
    const DataType type = job.header.data_type;
    const int64_t width = image.width(), height = image.height();
    BandPlan measured = job.plan;
    for (const Pass& pass : passes) {
        const size_t row_bytes = std::max<size_t>(1, pass.shape.row_bytes(width));
        const int64_t step = std::max<int64_t>(1, kMeasureBytes / static_cast<int64_t>(row_bytes));
        std::vector<int> bands;
        for (const size_t p : pass.planes) {
            const Plane& plane = job.plan.table.planes[p];
            if (plane.coded_by_model()) bands.insert(bands.end(), plane.bands.begin(), plane.bands.end());
        }
        std::vector<RangeMeter> meters(bands.size());
        RowReader reader(image, pass.shape);
        std::vector<uint8_t> rows(row_bytes * static_cast<size_t>(std::min(step, height)));
        for (int64_t y = 0; y < height; y += step) {
            const int64_t count = std::min(step, height - y);
            NAE_RETURN_IF_ERROR(reader.read(y, count, rows.data()));
            NAE_RETURN_IF_ERROR(job.pool.parallel_for(static_cast<int64_t>(bands.size()), [&](int64_t b) {
                const auto slot = static_cast<size_t>(b);
                for (int64_t i = 0; i < count; ++i)
                    meters[slot].add_row(pass.shape, rows.data() + static_cast<size_t>(i) * row_bytes, width,
                                         job.plan, bands[slot]);
                return Status();
            }));
            NAE_RETURN_IF_ERROR(job.progress(kMeasureWork * static_cast<double>(width * count) / 256 *
                                             static_cast<double>(bands.size())));
        }
        for (size_t b = 0; b < bands.size(); ++b) {
            BandInfo& info = measured.table.bands[static_cast<size_t>(bands[b])];
            if (info.lo > info.hi) {
                info.lo = meters[b].lo();
                info.hi = meters[b].hi();
            }
            for (const double value : meters[b].not_finite()) add_special(measured, type, bands[b], value);
        }
    }
    job.plan = std::move(measured);
    return Status();
}

// All levels of the planes of one pass.
Status run_pass(ImageSource& image, EncodeJob& job, const Pass& pass, PreviewBuilder* preview) {
    for (int level = 0; level < job.header.levels;) {
        ImageSource* source = level == 0 ? &image : image.level(level);
        if (source == nullptr || source->width() != job.header.level_width(level) ||
            source->height() != job.header.level_height(level))
            return Status(ErrorCode::internal, cat("level ", level, " of the image has another size"));
        int levels = 1;
        while (level + levels < job.header.levels && image.level(level + levels) == nullptr) ++levels;
        LevelEncoder encoder(job, level, levels, pass.planes, pass.shape, level == 0 ? preview : nullptr);
        RowReader reader(*source, pass.shape);
        for (int64_t y = 0; !encoder.complete();) {
            const int64_t count = encoder.rows_wanted();
            NAE_RETURN_IF_ERROR(reader.read(y, count, encoder.append(count)));
            NAE_RETURN_IF_ERROR(job.progress(0));  // a strip of a wide picture takes a while to read
            NAE_RETURN_IF_ERROR(encoder.encode_ready());
            y += count;
        }
        level += levels;
    }
    return Status();
}

// Planes of codes and masks that say nothing anywhere are left out.
void drop_empty_planes(BandTable& table, std::vector<std::vector<uint8_t>>& payloads) {
    const size_t planes = table.planes.size();
    std::vector<bool> used(planes);
    for (size_t p = 0; p < planes; ++p) {
        const PlaneKind kind = table.planes[p].kind;
        used[p] = kind != PlaneKind::codes && kind != PlaneKind::mask;
    }
    for (size_t i = 0; i < payloads.size(); ++i) {
        if (!payloads[i].empty()) used[i % planes] = true;
    }
    std::vector<uint32_t> renumbered(planes);
    BandTable kept;
    kept.bands = table.bands;
    for (size_t p = 0; p < planes; ++p) {
        renumbered[p] = static_cast<uint32_t>(kept.planes.size());
        if (used[p]) kept.planes.push_back(table.planes[p]);
    }
    if (kept.planes.size() == planes) return;
    std::vector<std::vector<uint8_t>> rest;
    for (size_t i = 0; i < payloads.size(); ++i) {
        const size_t p = i % planes;
        if (!used[p]) continue;
        if (!table.planes[p].coded_by_model()) {
            const auto other = referenced_plane(payloads[i]);
            if (other.ok() && other.value()) payloads[i] = lossless_reference(renumbered[*other.value()]);
        }
        rest.push_back(std::move(payloads[i]));
    }
    table = std::move(kept);
    payloads = std::move(rest);
}

Result<Header> make_header(const EncoderOptions& options, const ImageSource& image, const ReadyModel& model) {
    const auto refuse = [](const std::string& what) { return Status(ErrorCode::invalid_argument, what); };
    if (!(options.quality >= 1.0 && options.quality <= 100.0)) {
        return refuse(cat("quality ", options.quality, " is outside 1..100"));
    }
    if (options.effort < 1 || options.effort > 9)
        return refuse(cat("effort ", options.effort, " is outside 1..9"));
    if (options.tile_size < kMinTileSize || options.tile_size > kMaxTileSize ||
        (options.tile_size & (options.tile_size - 1)) != 0) {
        return refuse(cat("tile size ", options.tile_size, " is not a power of two in 64..4096"));
    }
    if (!(options.distortion_weight > 0)) {
        return refuse(cat("distortion weight ", options.distortion_weight, " is not positive"));
    }
    if (image.bands() < 1 || static_cast<size_t>(image.bands()) > kMaxBands)
        return refuse(cat("pictures have 1 to ", kMaxBands, " bands, not ", image.bands()));
    if (options.levels < 1 || options.levels > kMaxLevels)
        return refuse(cat("levels ", options.levels, " is outside 1..", kMaxLevels));
    Header header;
    header.width = image.width();
    header.height = image.height();
    header.bands = 0;
    header.colour = Colour::listed;  // until it is known whether less would do
    header.data_type = image.data_type();
    header.levels = static_cast<uint8_t>(options.levels);
    header.effort = static_cast<uint8_t>(options.effort);
    header.tile_size_px = static_cast<uint16_t>(options.tile_size);
    header.quality_centi = static_cast<uint16_t>(std::lround(options.quality * 100));
    header.model_id = model.id;
    header.model_name = model.name();
    header.flags = model.research != nullptr   ? kFlagResearch
                   : model.model.has_trellis() ? kFlagManyStates
                                               : kFlagSubstreams;
    const Status status = check_header(header, Limits());
    // Nothing was read that could be corrupt: the caller asked for what no file can say.
    if (status.code() == ErrorCode::corrupt) return refuse(status.message());
    NAE_RETURN_IF_ERROR(status);
    return header;
}

// Everything but the file: payloads into job.payloads, ranges into job.plan. Returns the preview, if there is to
// be one.
Result<Preview> encode_planes(ImageSource& image, EncodeJob& job) {
    const Header& header = job.header;
    const double area = static_cast<double>(header.width) * header.height;
    double coded = 0, coded_bands = 0;
    for (const Plane& plane : job.plan.table.planes) {
        coded += plane.coded_by_model() ? 1 : 0.05;
        coded_bands += plane.coded_by_model() ? static_cast<double>(plane.bands.size()) : 0;
    }
    const bool open = to_be_measured(job.plan, header.data_type);
    job.work =
        area / 256 * (coded * (header.levels > 1 ? 4.0 / 3 : 1) + (open ? kMeasureWork * coded_bands : 0));
    if (open) NAE_RETURN_IF_ERROR(measure(image, job, plan_passes(job.plan, header)));
    NAE_RETURN_IF_ERROR(check_band_table(job.plan.table, header.data_type).in("bands of the image"));

    uint64_t tiles = 0;
    if (!checked_mul<uint64_t>(header.tile_count(), job.plan.table.planes.size(), &tiles) ||
        tiles > Limits().max_tiles)
        return Status(ErrorCode::limit_exceeded,
                      cat(header.tile_count(), " tiles in each of ", job.plan.table.planes.size(),
                          " planes, the limit is ", Limits().max_tiles, " in all"));
    job.payloads.resize(static_cast<size_t>(tiles));

    const PreviewMode mode = job.options.preview;
    const Plane& first = job.plan.table.planes.front();
    const bool wanted =
        first.coded_by_model() &&
        (mode == PreviewMode::always || (mode == PreviewMode::automatic && area > kPreviewMinPixels));
    PreviewBuilder preview(header.width, header.height, static_cast<uint8_t>(first.bands.size()));
    for (const Pass& pass : plan_passes(job.plan, header))
        NAE_RETURN_IF_ERROR(run_pass(image, job, pass, wanted ? &preview : nullptr));
    return wanted ? preview.finish() : Preview();
}

Status encode_unguarded(const EncoderOptions& options, ImageSource& image, const Metadata& metadata,
                        ByteSink& sink, EncodeStatistics& statistics) {
    ReadyModelPtr model = options.model;
    if (model == nullptr) {
        ModelStore& store = options.model_store != nullptr ? *options.model_store : ModelStore::shared();
        NAE_ASSIGN_OR_RETURN(model, store.by_name(options.model_name));
    }
    FileLayout layout;
    NAE_ASSIGN_OR_RETURN(layout.header, make_header(options, image, *model));
    layout.metadata = metadata;
    if (options.embed_model && model->research != nullptr)
        return Status(ErrorCode::invalid_argument,
                      cat("model ", model->name(),
                          " cannot be embedded: LibTorch runs no networks that come with a picture"));
    if (options.embed_model) layout.model = model->decoding_part();

    std::unique_ptr<AnalysisBackend> loaded;
    AnalysisBackend* analysis = options.analysis;
    std::unique_ptr<ResearchCodec> research;
    std::unique_ptr<TileCodec> codec;
    if (model->research != nullptr) {
        if (options.tune != Tune::psnr)
            return Status(ErrorCode::invalid_argument,
                          cat("model ", model->name(), " is a research model, which cannot be tuned"));
        NAE_ASSIGN_OR_RETURN(research, ResearchCodec::create(model, analysis, options.threads, Limits()));
    } else if (analysis == nullptr) {
        FloatGraph synthesis;
        const bool refined = refinement_rounds(options.effort) > 0;
        if (refined) synthesis = float_shadow(model->synthesis.graph());
        NAE_ASSIGN_OR_RETURN(
            loaded, load_analysis_backend(model->model, layout.header.quality_centi, options.threads,
                                          refined ? &synthesis : nullptr, model->analysis_engines.get()));
        analysis = loaded.get();
    }
    if (research == nullptr) {
        NAE_ASSIGN_OR_RETURN(
            codec, TileCodec::create(model, layout.header.quality_centi, Limits(), EngineLevel::automatic));
    }
    ThreadPool pool(options.threads);
    EncodeJob job{options,  layout.header, image.plan(), model, codec.get(), research.get(),
                  analysis, pool,          statistics,   {},    {}};
    job.quantiser.rate_aware = options.effort >= 2;
    job.quantiser.distortion_weight = options.distortion_weight;
    if (job.plan.table.count() != static_cast<size_t>(image.bands()))
        return Status(ErrorCode::invalid_argument,
                      cat("a plan for ", job.plan.table.count(), " of ", image.bands(), " bands"));
    NAE_RETURN_IF_ERROR(job.progress(0));  // loading all this may have taken a second
    NAE_ASSIGN_OR_RETURN(layout.preview, encode_planes(image, job));
    drop_empty_planes(job.plan.table, job.payloads);
    layout.bands = std::move(job.plan.table);
    if (is_plain(layout.bands, layout.header.data_type, &layout.header.colour))
        layout.header.bands = static_cast<uint8_t>(layout.bands.count());
    statistics.tiles = job.payloads.size();

    CountingSink counter(sink);
    NAE_RETURN_IF_ERROR(write_file(counter, layout, job.payloads));
    statistics.total_bytes = counter.count();
    if (options.progress && !options.progress(1.0))
        return Status(ErrorCode::cancelled, "encoding was cancelled");
    return Status();
}

}  // namespace

Status encode(const EncoderOptions& options, ImageSource& image, const Metadata& metadata, ByteSink& sink,
              EncodeStatistics* statistics) {
    EncodeStatistics unused;
    EncodeStatistics& used = statistics != nullptr ? *statistics : unused;
    used = EncodeStatistics();
    const Status status = guarded([&] { return encode_unguarded(options, image, metadata, sink, used); });
    trim_values();
    return status;
}

}  // namespace nae
