#include "codec/decoder.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "codec/guard.h"
#include "codec/pixel_output.h"
#include "codec/region.h"
#include "codec/thread_pool.h"
#include "codec/tile_cache.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/file_layout.h"
#include "format/text.h"

namespace nae {
namespace {

// A read works through the window in chunks of at least this many rows (whole tiles), so that a tall window
// does not need all of its latents at once, and of as many columns of tiles as keep a chunk's latents below
// the second figure.
constexpr int64_t kChunkRows = 512;
constexpr int64_t kChunkLatentBytes = int64_t{64} << 20;
// A chunk is synthesised in blocks. Large ones waste less on halos, small ones keep every thread busy.
constexpr int64_t kBlockWidth = 1024;
constexpr int64_t kBlockHeight = 256;

// Tiles in use by the current chunk, and those of the previous one, which share its upper halo.
using HeldTiles = std::map<int64_t, LatentTile>;

bool is_damage(ErrorCode code) { return code == ErrorCode::corrupt || code == ErrorCode::truncated; }

// Blocks of latent-aligned rows and columns that cover `window`, at least `wanted` of them where it is large
// enough.
std::vector<Rect> split_into_blocks(const Rect& window, int wanted) {
    const int64_t columns = div_up(window.w, kBlockWidth);
    const int64_t rows_wanted = std::max(div_up(window.h, kBlockHeight), div_up(wanted, columns));
    const auto step = [](int64_t length, int64_t parts) {
        return std::max<int64_t>(kLatentStride, div_up(div_up(length, parts), kLatentStride) * kLatentStride);
    };
    const int64_t height = step(window.h, rows_wanted), width = step(window.w, columns);
    std::vector<Rect> blocks;
    // Cuts lie on multiples of 16 pixels: a block that ends inside a cell would compute the rest for nothing.
    const int64_t x0 = window.x / kLatentStride * kLatentStride,
                  y0 = window.y / kLatentStride * kLatentStride;
    for (int64_t y = y0; y < window.bottom(); y += height) {
        for (int64_t x = x0; x < window.right(); x += width) {
            blocks.push_back(intersect(Rect{x, y, width, height}, window));
        }
    }
    return blocks;
}

// A model that others have loaded may cost more than this caller allows.
Status check_cost(const ReadyModel& model, const Limits& limits) {
    const auto cost = [](const PackedGraph& graph) {
        return graph.info().macs_per_pixel + graph.info().values_per_pixel;
    };
    const double operations =
        cost(model.synthesis) + cost(model.hyper_synthesis) / (kLatentStride * kLatentStride);
    if (operations <= static_cast<double>(limits.max_macs_per_pixel)) return Status();
    return Status(ErrorCode::limit_exceeded,
                  cat("model ", model.name(), ": ", operations, " operations per pixel, the limit is ",
                      limits.max_macs_per_pixel));
}

}  // namespace

struct Decoder::Impl {
    Impl(std::shared_ptr<ByteSource> s, const DecoderOptions& o, FileLayout l)
        : source(std::move(s)),
          options(o),
          layout(std::move(l)),
          tiles(layout.header.width, layout.header.height, layout.header.tile_size_px),
          cache(o.cache_bytes),
          pool(o.threads) {}

    // Looks the model up and prepares it, once; later calls only return what happened. The codec stays valid.
    Status prepare();
    Status read(const Rect& window, const PixelTarget& target);
    Status read_chunk(const Rect& chunk, const Rect& window, const PixelTarget& target, HeldTiles& held);
    // Makes sure `held` has exactly the tiles of a range.
    Status fetch(const TileRange& range, HeldTiles& held);
    // Announces those of the tiles that must be read.
    void prefetch(const std::vector<std::pair<int64_t, LatentTile*>>& missing);
    Status fetch_tile(int64_t tile, LatentTile* out);
    // Latents of a rectangle, out of the tiles that hold it.
    void assemble(const Rect& latents, const HeldTiles& held, Tensor16& out) const;
    // Refuses a rectangle of latents over the limit.
    Status check_latents(const Rect& latents) const;
    void report_damage(const Status& status);

    const std::shared_ptr<ByteSource> source;
    const DecoderOptions options;
    FileLayout layout;
    const TileLayout tiles;
    TileCache cache;
    ThreadPool pool;

    std::mutex model_mutex;
    ReadyModelPtr model;               // guarded by model_mutex until set, constant afterwards
    std::unique_ptr<TileCodec> codec;  // likewise
    std::mutex damage_mutex;
};

Status Decoder::Impl::prepare() {
    const std::lock_guard<std::mutex> lock(model_mutex);
    if (codec != nullptr) return Status();
    ModelStore& store = options.model_store != nullptr ? *options.model_store : ModelStore::shared();
    const Header& header = layout.header;
    Result<ReadyModelPtr> found = layout.model.empty()
                                      ? store.by_id(header.model_id, header.model_name)
                                      : store.embedded(layout.model.data(), layout.model.size(),
                                                       header.model_id, source->name(), options.limits);
    if (!found.ok()) return found.status();
    NAE_RETURN_IF_ERROR(check_cost(*found.value(), options.limits));
    NAE_ASSIGN_OR_RETURN(
        codec, TileCodec::create(found.value(), header.quality_centi, options.limits, options.engine_level));
    model = std::move(found).value();
    return Status();
}

void Decoder::Impl::report_damage(const Status& status) {
    if (!options.on_damage) return;
    const std::lock_guard<std::mutex> lock(damage_mutex);
    options.on_damage(status);
}

Status Decoder::Impl::fetch_tile(int64_t tile, LatentTile* out) {
    if ((*out = cache.find(tile)) != nullptr) return Status();
    const Rect rect = tiles.latent_rect(tile);
    const auto number = static_cast<size_t>(tile);
    auto latent = std::make_shared<Tensor16>();
    Status status;
    if (auto payload = read_tile(*source, layout.tile_data_offset, layout.tiles, number); payload.ok()) {
        status = codec->decode(payload.value(), static_cast<int>(rect.h), static_cast<int>(rect.w), *latent);
        if (!status.ok()) {
            status = status.in(
                cat("tile ", tile, " at offset ", layout.tile_data_offset + layout.tiles[number].offset));
        }
    } else {
        status = payload.status();
    }
    if (status.ok()) {
        cache.insert(tile, latent);
    } else {
        if (options.strict || !is_damage(status.code())) return status;
        report_damage(status.in(source->name()));
        codec->neutral(static_cast<int>(rect.h), static_cast<int>(rect.w), *latent);
    }
    *out = std::move(latent);
    return Status();
}

void Decoder::Impl::prefetch(const std::vector<std::pair<int64_t, LatentTile*>>& missing) {
    std::vector<size_t> numbers;
    for (const auto& entry : missing)
        if (cache.find(entry.first) == nullptr) numbers.push_back(static_cast<size_t>(entry.first));
    prefetch_tiles(*source, layout.tile_data_offset, layout.tiles, numbers);
}

Status Decoder::Impl::fetch(const TileRange& range, HeldTiles& held) {
    HeldTiles wanted;
    std::vector<std::pair<int64_t, LatentTile*>> missing;
    for (int64_t y = range.y0; y < range.y1; ++y) {
        for (int64_t x = range.x0; x < range.x1; ++x) {
            const int64_t tile = tiles.number(x, y);
            LatentTile& slot = wanted[tile];  // addresses in a map stay
            const auto it = held.find(tile);
            if (it != held.end()) {
                slot = it->second;
            } else {
                missing.emplace_back(tile, &slot);
            }
        }
    }
    held.clear();
    prefetch(missing);
    NAE_RETURN_IF_ERROR(pool.parallel_for(static_cast<int64_t>(missing.size()), [&](int64_t i) {
        const auto& entry = missing[static_cast<size_t>(i)];
        return fetch_tile(entry.first, entry.second);
    }));
    held.swap(wanted);
    return Status();
}

Status Decoder::Impl::check_latents(const Rect& latents) const {
    // Chunks are cut so that neither happens, except for models of thousands of channels or with an enormous halo.
    if (latents.empty())
        return Status(ErrorCode::limit_exceeded,
                      "the synthesis of this window needs tensors too large to address");
    const auto positions = static_cast<uint64_t>(latents.w) * static_cast<uint64_t>(latents.h);
    const auto channels = static_cast<uint64_t>(model->latent_channels());
    if (positions <= options.limits.max_tensor_bytes / sizeof(int16_t) / channels) return Status();
    return Status(ErrorCode::limit_exceeded,
                  cat("latents of ", latents.w, "x", latents.h, " positions with ", channels,
                      " channels are over the limit of ", options.limits.max_tensor_bytes, " bytes"));
}

void Decoder::Impl::assemble(const Rect& latents, const HeldTiles& held, Tensor16& out) const {
    const int64_t channels = model->latent_channels();
    out.resize(static_cast<int>(latents.h), static_cast<int>(latents.w), static_cast<int>(channels));
    for (const auto& [tile, latent] : held) {
        const Rect rect = tiles.latent_rect(tile);
        const Rect part = intersect(rect, latents);
        for (int64_t y = part.y; y < part.bottom(); ++y) {
            std::memcpy(out.pixel(static_cast<int>(y - latents.y), static_cast<int>(part.x - latents.x)),
                        latent->pixel(static_cast<int>(y - rect.y), static_cast<int>(part.x - rect.x)),
                        static_cast<size_t>(part.w * channels) * sizeof(int16_t));
        }
    }
}

Status Decoder::Impl::read_chunk(const Rect& chunk, const Rect& window, const PixelTarget& target,
                                 HeldTiles& held) {
    const Rect needed = required_input(model->synthesis, tiles.latent(), chunk);
    NAE_RETURN_IF_ERROR(check_latents(needed));  // before any of them is decoded
    NAE_RETURN_IF_ERROR(fetch(tiles.tiles_touching(needed), held));
    Tensor16 latents;
    assemble(needed, held, latents);

    const std::vector<Rect> blocks = split_into_blocks(chunk, pool.threads());
    return pool.parallel_for(static_cast<int64_t>(blocks.size()), [&](int64_t i) {
        const Rect& block = blocks[static_cast<size_t>(i)];
        Tensor16 values;
        NAE_RETURN_IF_ERROR(Engine::run(model->synthesis, tiles.latent(), latents, needed, block, values,
                                        options.engine_level, options.limits)
                                .in("synthesis"));
        write_pixels(values, model->model.output_frac_bits, layout.header.bands,
                     target.data + (block.y - window.y) * target.row_stride +
                         (block.x - window.x) * target.pixel_stride,
                     target.pixel_stride, target.row_stride, target.band_stride);
        return Status();
    });
}

Status Decoder::Impl::read(const Rect& window, const PixelTarget& target) {
    NAE_RETURN_IF_ERROR(prepare());
    const int64_t tile = tiles.tile_pixels();
    const int64_t height = div_up(kChunkRows, tile) * tile;
    // Latents of a column of pixels as high as a chunk with generous halo.
    const int64_t column_bytes =
        (height / kLatentStride + 16) * model->latent_channels() * 2 / kLatentStride + 1;
    const int64_t width = std::max<int64_t>(1, kChunkLatentBytes / column_bytes / tile) * tile;
    HeldTiles held;
    for (int64_t y = window.y / height * height; y < window.bottom(); y += height) {
        for (int64_t x = window.x / width * width; x < window.right(); x += width) {
            const Rect chunk = intersect(Rect{x, y, width, height}, window);
            NAE_RETURN_IF_ERROR(read_chunk(chunk, window, target, held));
        }
    }
    return Status();
}

Decoder::Decoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Decoder::~Decoder() = default;

Result<std::unique_ptr<Decoder>> Decoder::open_without_model(std::shared_ptr<ByteSource> source,
                                                             const DecoderOptions& options) {
    if (source == nullptr) return Status(ErrorCode::invalid_argument, "no source");
    return guarded([&]() -> Result<std::unique_ptr<Decoder>> {
        LayoutOptions layout_options;
        layout_options.limits = options.limits;
        NAE_ASSIGN_OR_RETURN(FileLayout layout, read_layout(*source, layout_options));
        return std::unique_ptr<Decoder>(
            new Decoder(std::make_unique<Impl>(std::move(source), options, std::move(layout))));
    });
}

Result<std::unique_ptr<Decoder>> Decoder::open(std::shared_ptr<ByteSource> source,
                                               const DecoderOptions& options) {
    NAE_ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder, open_without_model(std::move(source), options));
    const Status status = guarded([&] { return decoder->impl_->prepare(); });
    if (!status.ok()) return status.in(decoder->impl_->source->name());
    return decoder;
}

const Header& Decoder::header() const { return impl_->layout.header; }
const Metadata& Decoder::metadata() const { return impl_->layout.metadata; }
const Preview& Decoder::preview() const { return impl_->layout.preview; }
bool Decoder::has_embedded_model() const { return !impl_->layout.model.empty(); }

ReadyModelPtr Decoder::model() const {
    const std::lock_guard<std::mutex> lock(impl_->model_mutex);
    return impl_->model;
}

Status Decoder::read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                            const PixelTarget& target) const {
    const Header& h = header();
    if (width == 0 || height == 0 || x >= h.width || y >= h.height || width > h.width - x ||
        height > h.height - y) {
        return Status(ErrorCode::invalid_argument,
                      cat("window ", width, "x", height, " at (", x, ", ", y,
                          ") is not inside the picture of ", h.width, "x", h.height))
            .in(impl_->source->name());
    }
    if (target.data == nullptr) return Status(ErrorCode::invalid_argument, "no memory for the pixels");
    const Status status = guarded([&] { return impl_->read(Rect{x, y, width, height}, target); });
    return status.ok() ? status : status.in(impl_->source->name());
}

Status Decoder::read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint8_t* out,
                            ptrdiff_t row_stride) const {
    PixelTarget target;
    target.data = out;
    target.pixel_stride = header().bands;
    target.row_stride = row_stride;
    target.band_stride = 1;
    return read_window(x, y, width, height, target);
}

}  // namespace nae
