#include "codec/encoder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "codec/guard.h"
#include "codec/picture_rows.h"
#include "codec/region.h"
#include "codec/thread_pool.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/file_layout.h"
#include "format/text.h"

namespace nae {
namespace {

// The picture is worked through in bands of whole rows of tiles, at least this high: lower ones would spend
// their time on halos.
constexpr int64_t kBandRows = 512;
// Side, in pixels without halo, of the largest square given to the analysis at once; bounds its memory.
constexpr int64_t kAnalysisSide = 1024;

class PictureEncoder {
  public:
    PictureEncoder(const EncoderOptions& options, ImageSource& image, const Header& header,
                   ReadyModelPtr model, AnalysisBackend& analysis, EncodeStatistics& statistics)
        : options_(options),
          model_(std::move(model)),
          analysis_(analysis),
          statistics_(statistics),
          tiles_(header.width, header.height, header.tile_size_px),
          preview_(header.width, header.height, header.bands),
          rows_(image, &preview_),
          pool_(options.threads),
          halo_(div_up(analysis.halo_px(), kLatentStride) * kLatentStride) {
        quantiser_.rate_aware = options.effort >= 2;
        quantiser_.distortion_weight = options.distortion_weight;
    }

    // Compresses all tiles, in index order.
    Status run(int quality_centi, std::vector<std::vector<uint8_t>>& payloads);
    Preview preview() const { return preview_.finish(); }

  private:
    // Latents y of latent rows [band.y, band.bottom()), all columns, into y_.
    Status analyse(const Rect& band);
    Status analyse_block(const Rect& band, const Rect& block);
    // z of one tile from y_.
    Status hyper_analyse(const Rect& band, const Rect& tile, std::vector<float>& z);
    Status encode_tiles(const Rect& band, const TileCodec& codec,
                        std::vector<std::vector<uint8_t>>& payloads);
    Status progress(double fraction) const;
    Status run_graph(AnalysisGraph graph, const float* in, Extents in_size, int in_channels, float* out,
                     Extents out_size, int out_channels);

    const float* y_at(const Rect& band, int64_t y, int64_t x) const {
        return y_.data() + ((y - band.y) * band.w + x) * model_->latent_channels();
    }

    const EncoderOptions& options_;
    ReadyModelPtr model_;
    AnalysisBackend& analysis_;
    EncodeStatistics& statistics_;
    TileLayout tiles_;
    PreviewBuilder preview_;
    PictureRows rows_;
    ThreadPool pool_;
    int64_t halo_;  // pixels, a multiple of 16
    QuantiserOptions quantiser_;
    std::vector<float> y_;       // of the current band
    std::vector<float> input_;   // scratch: analysis input
    std::vector<float> output_;  // scratch: analysis output with halo
};

Status PictureEncoder::progress(double fraction) const {
    if (options_.progress && !options_.progress(std::min(fraction, 1.0))) {
        return Status(ErrorCode::cancelled, "encoding was cancelled");
    }
    return Status();
}

Status PictureEncoder::run_graph(AnalysisGraph graph, const float* in, Extents in_size, int in_channels,
                                 float* out, Extents out_size, int out_channels) {
    const auto start = std::chrono::steady_clock::now();
    const Status status =
        analysis_.run(graph, in, static_cast<int>(in_size.h), static_cast<int>(in_size.w), in_channels, out,
                      static_cast<int>(out_size.h), static_cast<int>(out_size.w), out_channels);
    statistics_.seconds_analysis +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status.in(graph == AnalysisGraph::analysis ? "analysis" : "hyper-analysis");
}

Status PictureEncoder::analyse_block(const Rect& band, const Rect& block) {
    const int channels = model_->latent_channels();
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
    output_.resize(static_cast<size_t>(cells.w * cells.h * channels));
    rows_.fill(padded, input_.data());
    NAE_RETURN_IF_ERROR(run_graph(AnalysisGraph::analysis, input_.data(), Extents{padded.h, padded.w}, 3,
                                  output_.data(), Extents{cells.h, cells.w}, channels));
    for (int64_t y = block.y; y < block.bottom(); ++y) {
        const float* from = output_.data() + ((y - cells.y) * cells.w + (block.x - cells.x)) * channels;
        float* to = y_.data() + ((y - band.y) * band.w + block.x) * channels;
        std::memcpy(to, from, static_cast<size_t>(block.w * channels) * sizeof(float));
    }
    return Status();
}

Status PictureEncoder::analyse(const Rect& band) {
    NAE_RETURN_IF_ERROR(rows_.advance(band.y * kLatentStride - halo_, band.bottom() * kLatentStride + halo_));
    y_.resize(static_cast<size_t>(band.w * band.h * model_->latent_channels()));
    constexpr int64_t kSide = kAnalysisSide / kLatentStride;
    for (int64_t y = band.y; y < band.bottom(); y += kSide) {
        for (int64_t x = 0; x < band.w; x += kSide) {
            const Rect block = intersect(Rect{x, y, kSide, kSide}, band);
            NAE_RETURN_IF_ERROR(analyse_block(band, block));
            const double done = static_cast<double>(y * band.w + block.right() * block.h) /
                                (static_cast<double>(band.w) * static_cast<double>(tiles_.latent().h));
            NAE_RETURN_IF_ERROR(progress(0.99 * done));
        }
    }
    return Status();
}

Status PictureEncoder::hyper_analyse(const Rect& band, const Rect& tile, std::vector<float>& z) {
    const int64_t channels = model_->latent_channels();
    const Extents hyper = TileLayout::hyper_extents(tile.h, tile.w);
    const Extents padded{hyper.h * kHyperStride, hyper.w * kHyperStride};
    input_.assign(static_cast<size_t>(padded.h * padded.w * channels), 0.0f);
    for (int64_t y = 0; y < tile.h; ++y) {
        std::memcpy(input_.data() + y * padded.w * channels, y_at(band, tile.y + y, tile.x),
                    static_cast<size_t>(tile.w * channels) * sizeof(float));
    }
    z.resize(static_cast<size_t>(hyper.h * hyper.w * model_->hyper_channels()));
    return run_graph(AnalysisGraph::hyper_analysis, input_.data(), padded, static_cast<int>(channels),
                     z.data(), hyper, model_->hyper_channels());
}

Status PictureEncoder::encode_tiles(const Rect& band, const TileCodec& codec,
                                    std::vector<std::vector<uint8_t>>& payloads) {
    const TileRange range = tiles_.tiles_touching(band);
    const int64_t first = tiles_.number(range.x0, range.y0);
    const int64_t count = (range.x1 - range.x0) * (range.y1 - range.y0);  // whole rows of tiles: consecutive
    std::vector<std::vector<float>> z(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
        NAE_RETURN_IF_ERROR(hyper_analyse(band, tiles_.latent_rect(first + i), z[static_cast<size_t>(i)]));
    }
    std::vector<TileStatistics> statistics(static_cast<size_t>(count));
    std::mutex observing;
    NAE_RETURN_IF_ERROR(pool_.parallel_for(count, [&](int64_t i) {
        const auto slot = static_cast<size_t>(i);
        const Rect tile = tiles_.latent_rect(first + i);
        TileSymbols symbols;
        const Status status = codec.quantise(y_at(band, tile.y, tile.x), band.w * model_->latent_channels(),
                                             static_cast<int>(tile.h), static_cast<int>(tile.w),
                                             z[slot].data(), quantiser_, symbols);
        if (!status.ok()) return status.in(cat("tile ", first + i));
        auto payload = codec.pack(symbols, &statistics[slot]);
        if (!payload.ok()) return payload.status().in(cat("tile ", first + i));
        payloads[static_cast<size_t>(first + i)] = std::move(payload).value();
        if (options_.observer != nullptr) {
            const std::lock_guard<std::mutex> lock(observing);
            options_.observer->tile_coded(symbols);
        }
        return Status();
    }));
    for (const TileStatistics& s : statistics) {
        statistics_.hyper_bytes += s.hyper_bytes;
        statistics_.latent_bytes += s.latent_bytes;
        statistics_.coded_symbols += s.coded_symbols;
    }
    return Status();
}

Status PictureEncoder::run(int quality_centi, std::vector<std::vector<uint8_t>>& payloads) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<TileCodec> codec,
                         TileCodec::create(model_, quality_centi, Limits(), EngineLevel::automatic));
    payloads.resize(static_cast<size_t>(tiles_.count()));
    statistics_.tiles = payloads.size();
    const int64_t height = div_up(kBandRows, tiles_.tile_pixels()) * tiles_.tile_side();
    for (int64_t y = 0; y < tiles_.latent().h; y += height) {
        const Rect band = intersect(Rect{0, y, tiles_.latent().w, height}, whole(tiles_.latent()));
        NAE_RETURN_IF_ERROR(analyse(band));
        NAE_RETURN_IF_ERROR(encode_tiles(band, *codec, payloads));
    }
    return Status();
}

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
    if (image.bands() != 1 && image.bands() != 3) {
        return refuse(cat("pictures have 1 or 3 bands, not ", image.bands()));
    }
    Header header;
    header.width = image.width();
    header.height = image.height();
    header.bands = static_cast<uint8_t>(image.bands());
    header.colour = image.bands() == 1 ? Colour::gray : Colour::rgb;
    header.effort = static_cast<uint8_t>(options.effort);
    header.tile_size_px = static_cast<uint16_t>(options.tile_size);
    header.quality_centi = static_cast<uint16_t>(std::lround(options.quality * 100));
    header.model_id = model.id;
    header.model_name = model.name();
    NAE_RETURN_IF_ERROR(check_header(header, Limits()));
    return header;
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
    if (options.embed_model) layout.model = model->decoding_part;

    std::unique_ptr<AnalysisBackend> loaded;
    AnalysisBackend* analysis = options.analysis;
    if (analysis == nullptr) {
        NAE_ASSIGN_OR_RETURN(loaded, load_analysis_backend(model->model, options.threads));
        analysis = loaded.get();
    }
    PictureEncoder encoder(options, image, layout.header, model, *analysis, statistics);
    std::vector<std::vector<uint8_t>> payloads;
    NAE_RETURN_IF_ERROR(encoder.run(layout.header.quality_centi, payloads));

    const bool large = uint64_t{layout.header.width} * layout.header.height > kPreviewMinPixels;
    if (options.preview == PreviewMode::always || (options.preview == PreviewMode::automatic && large)) {
        layout.preview = encoder.preview();
    }
    CountingSink counter(sink);
    NAE_RETURN_IF_ERROR(write_file(counter, layout, payloads));
    statistics.total_bytes = counter.count();
    if (options.progress && !options.progress(1.0))
        return Status(ErrorCode::cancelled, "encoding was cancelled");
    return Status();
}

}  // namespace

MemoryImageSource::MemoryImageSource(const uint8_t* pixels, uint32_t width, uint32_t height, int bands,
                                     ptrdiff_t row_stride)
    : pixels_(pixels),
      width_(width),
      height_(height),
      bands_(bands),
      row_stride_(row_stride != 0 ? row_stride : static_cast<ptrdiff_t>(width) * bands) {}

Status MemoryImageSource::read_rows(uint32_t y, uint32_t count, uint8_t* out) {
    if (y > height_ || count > height_ - y)
        return Status(ErrorCode::invalid_argument, "rows outside the picture");
    const size_t row_bytes = static_cast<size_t>(width_) * static_cast<size_t>(bands_);
    for (uint32_t i = 0; i < count; ++i) {
        std::memcpy(out + i * row_bytes, pixels_ + (static_cast<ptrdiff_t>(y) + i) * row_stride_, row_bytes);
    }
    return Status();
}

Status encode(const EncoderOptions& options, ImageSource& image, const Metadata& metadata, ByteSink& sink,
              EncodeStatistics* statistics) {
    EncodeStatistics unused;
    EncodeStatistics& used = statistics != nullptr ? *statistics : unused;
    used = EncodeStatistics();
    return guarded([&] { return encode_unguarded(options, image, metadata, sink, used); });
}

}  // namespace nae
