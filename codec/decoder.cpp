#include "codec/decoder.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "codec/cell_rows.h"
#include "codec/engine_kernels.h"
#include "codec/finisher.h"
#include "codec/guard.h"
#include "codec/lossless_reader.h"
#include "codec/make_and_use.h"
#include "codec/pixel_output.h"
#include "codec/post_filter_engines.h"
#include "codec/region.h"
#include "codec/research_codec.h"
#include "codec/sample_table.h"
#include "codec/thread_pool.h"
#include "codec/thread_team.h"
#include "codec/tile_codec.h"
#include "codec/tile_fetcher.h"
#include "codec/tile_layout.h"
#include "codec/window_blocks.h"
#include "format/file_layout.h"
#include "format/text.h"

namespace nae {
namespace {

// A read works through the window in chunks of at least this many rows (whole tiles), so that a tall window
// does not need all of its latents at once, and of as many columns of tiles as keep a chunk's latents below
// the second figure.
constexpr int64_t kChunkRows = 1024;
constexpr int64_t kChunkLatentBytes = int64_t{64} << 20;

bool is_damage(ErrorCode code) { return code == ErrorCode::corrupt || code == ErrorCode::truncated; }

// A model that others have loaded may cost more than this caller allows.
Status check_cost(const ReadyModel& model, const Limits& limits) {
    const auto cost_of = [](const GraphInfo& info) { return info.macs_per_pixel + info.values_per_pixel; };
    const auto cost = [&](const PackedGraph& graph) { return graph.empty() ? 0 : cost_of(graph.info()); };
    constexpr double kPixelsPerLatent = kLatentStride * kLatentStride;
    const double operations = cost(model.synthesis) + cost(model.hyper_synthesis) / kPixelsPerLatent +
                              (cost(model.context) + cost(model.context_pointwise)) / kPixelsPerLatent +
                              lap_macs_per_pixel(model.model.lap) +
                              restoration_macs_per_pixel(model.model.restoration) +
                              (model.post_filter != nullptr ? cost_of(model.post_filter->info()) : 0);
    if (operations <= static_cast<double>(limits.max_macs_per_pixel)) return Status();
    return Status(ErrorCode::limit_exceeded,
                  cat("model ", model.name(), ": ", operations, " operations per pixel, the limit is ",
                      limits.max_macs_per_pixel));
}

// A band of a plane coded by the model, and where its samples go.
struct BandOutput {
    size_t band = 0;
    int channel = 0;          // -1: gray
    uint8_t* data = nullptr;  // of the window's first pixel
    bool plain = false;       // what write_pixels() makes is right already
    std::unique_ptr<SampleTable> table;
    std::vector<uint8_t> codes;  // of the current chunk, row by row; empty: the band has none
};

// A read of one plane at one level.
struct PlaneRead {
    int level = 0;
    size_t plane = 0;
    TilePlane place() const { return {level, plane}; }
    Rect window;
    Rect useful;  // latent positions, useful_latents()
    ptrdiff_t pixel_stride = 0, row_stride = 0;
    std::vector<BandOutput> outputs;
    HeldTiles held;
};

// True when the outputs are the plane's channels in order, evenly spaced, of bytes that need no table.
bool as_they_come(const std::vector<BandOutput>& outputs, size_t channels, ptrdiff_t* band_stride) {
    if (outputs.size() != channels) return false;
    *band_stride = channels == 1 ? 1 : outputs[1].data - outputs[0].data;
    for (size_t i = 0; i < channels; ++i) {
        const BandOutput& out = outputs[i];
        if (!out.plain || (channels > 1 && out.channel != static_cast<int>(i)) ||
            out.data != outputs[0].data + static_cast<ptrdiff_t>(i) * *band_stride)
            return false;
    }
    return true;
}

// Puts special values where the codes say so.
void write_specials(const BandOutput& out, const BandInfo& info, DataType type, const Rect& chunk,
                    const Rect& block, uint8_t* data, ptrdiff_t pixel_stride, ptrdiff_t row_stride) {
    const size_t size = sample_bytes(type);
    for (int64_t y = block.y; y < block.bottom(); ++y) {
        const uint8_t* codes = out.codes.data() + (y - chunk.y) * chunk.w + (block.x - chunk.x);
        uint8_t* to = data + (y - block.y) * row_stride;
        for (int64_t x = 0; x < block.w; ++x, to += pixel_stride) {
            if (codes[x] == 0) continue;
            const uint32_t bits = sample_bits(info.specials[size_t{codes[x]} - 1], type);
            const auto half = static_cast<uint16_t>(bits);
            const auto byte = static_cast<uint8_t>(bits);
            std::memcpy(to,
                        size == 4   ? static_cast<const void*>(&bits)
                        : size == 2 ? static_cast<const void*>(&half)
                                    : &byte,
                        size);
        }
    }
}

}  // namespace

struct Decoder::Impl {
    Impl(std::shared_ptr<ByteSource> s, const DecoderOptions& o, FileLayout l)
        : source(std::move(s)),
          options(o),
          layout(std::move(l)),
          places(band_places(layout.bands)),
          lossless(*source, layout, [this](const Status& status) { return damage(status); }),
          fetcher(*source, layout, levels, o.cache_bytes,
                  [this](const Status& status) { return damage(status); }),
          pool(o.threads) {
        for (int level = 0; level < layout.header.levels; ++level) {
            levels.emplace_back(layout.header.level_width(level), layout.header.level_height(level),
                                layout.header.tile_size_px);
        }
    }

    // Looks the model up and prepares it, once; later calls only return what happened. The codec stays valid.
    Status prepare();
    Status check_window(const Window& window) const;
    Status read(const Window& window, const std::vector<int>& bands, const PixelTarget& target);
    Status read_plane(PlaneRead& read);
    Status read_chunk(const Rect& chunk, const Rect& of_tiles, PlaneRead& read, ThreadTeam& team);
    Status read_research_chunk(const Rect& chunk, PlaneRead& read, ThreadTeam& team);
    // What a chunk needs of tiles, in their units.
    Result<Rect> needed_of_tiles(const Rect& chunk, const PlaneRead& read) const;
    Status read_codes(const Rect& chunk, PlaneRead& read);
    void write_block(const TensorView16& values, const Rect& block, const Rect& chunk,
                     const PlaneRead& read) const;
    // Which of the tiles that are being fetched a block is made of.
    std::vector<size_t> needs_of(const Rect& block, const PlaneRead& read,
                                 const std::vector<TileFetcher::Fetch>& missing) const;
    // Synthesises a block of the chunk out of the tiles that are held; team: the threads that share its rows, or null.
    Status synthesise(const Rect& block, const Rect& chunk, const PlaneRead& read, ThreadTeam* team) const;
    // Latents of a rectangle, out of the tiles that hold it.
    Status assemble(const Rect& latents, const PlaneRead& read, Tensor16& out, ThreadTeam* team) const;
    // Latent positions that pixels depend on. Empty: too many to address.
    Rect latents_of(const Rect& pixels, int level) const;
    // What to decode of tiles for a window. One smaller than a tile is most likely one of many places all over the picture, which
    // can do without the rest; who reads tile after tile will want that next.
    Rect useful_latents(const Rect& window, int level) const;
    // Refuses a rectangle of latents over the limit.
    Status check_latents(const Rect& latents) const;
    // Reports damage that the options tolerate; returns what they do not.
    Status damage(const Status& status);

    const std::shared_ptr<ByteSource> source;
    const DecoderOptions options;
    FileLayout layout;
    const std::vector<BandPlace> places;  // one per band
    std::vector<TileLayout> levels;
    const LosslessReader lossless;
    TileFetcher fetcher;
    ThreadPool pool;

    std::mutex model_mutex;
    ReadyModelPtr model;                      // guarded by model_mutex until set, constant afterwards
    std::unique_ptr<TileCodec> codec;         // likewise
    const Kernels* kernels = nullptr;         // likewise
    std::unique_ptr<ResearchCodec> research;  // instead of it, if the model is a research model
    std::mutex damage_mutex;
    std::mutex preview_mutex;
    Preview preview;  // guarded by preview_mutex until it is not empty, constant afterwards
};

Status Decoder::Impl::prepare() {
    const std::lock_guard<std::mutex> lock(model_mutex);
    if (codec != nullptr || research != nullptr) return Status();
    NAE_ASSIGN_OR_RETURN(kernels, kernels_for(options.engine_level));
    ModelStore& store = options.model_store != nullptr ? *options.model_store : ModelStore::shared();
    const Header& header = layout.header;
    Result<ReadyModelPtr> found = Status(ErrorCode::internal, "no model");
    if (layout.model.empty()) found = store.by_id(header.model_id, header.model_name);
    // Of a remote file the part with an embedded model is fetched only when nothing else has that model.
    FileLayout whole;
    if (!found.ok() && !layout.whole) {
        LayoutOptions to_the_end;
        to_the_end.limits = options.limits;
        to_the_end.whole = true;
        to_the_end.pack_preview = true;
        NAE_ASSIGN_OR_RETURN(whole, read_layout(*source, to_the_end));
    }
    const std::vector<uint8_t>& embedded = layout.model.empty() ? whole.model : layout.model;
    if (!embedded.empty())
        found =
            store.embedded(embedded.data(), embedded.size(), header.model_id, source->name(), options.limits);
    if (!found.ok()) return found.status();
    const bool floating = found.value()->research != nullptr;
    if (floating != (header.flags == kFlagResearch))
        return Status(ErrorCode::model_mismatch,
                      cat("model ", found.value()->name(), floating ? " is" : " is not",
                          " a research model, the header says otherwise"));
    if (floating) {
        NAE_ASSIGN_OR_RETURN(research, ResearchCodec::create(found.value(), options.research_backend,
                                                             options.threads, options.limits));
        fetcher.use(nullptr, research.get());
        model = std::move(found).value();
        return Status();
    }
    NAE_RETURN_IF_ERROR(check_cost(*found.value(), options.limits));
    NAE_ASSIGN_OR_RETURN(codec, TileCodec::create(found.value(), header.quality_centi, options.limits,
                                                  options.engine_level, stream_kind(header.flags)));
    fetcher.use(codec.get(), nullptr);
    model = std::move(found).value();
    return Status();
}

Status Decoder::Impl::damage(const Status& status) {
    if (options.strict || !is_damage(status.code())) return status;
    if (options.on_damage) {
        const std::lock_guard<std::mutex> lock(damage_mutex);
        options.on_damage(status.in(source->name()));
    }
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

Status Decoder::Impl::assemble(const Rect& latents, const PlaneRead& read, Tensor16& out,
                               ThreadTeam* team) const {
    const TileLayout& tiles = levels[static_cast<size_t>(read.level)];
    const TileRange touched = tiles.tiles_touching(latents);
    const int64_t channels = model->latent_channels();
    out.resize(static_cast<int>(latents.h), static_cast<int>(latents.w), static_cast<int>(channels));
    return share(team, latents.h, [&](int64_t row) {
        const int64_t y = latents.y + row;
        for (int64_t x = touched.x0; x < touched.x1; ++x) {
            const int64_t tile = tiles.number(x, y / tiles.tile_side());
            const LatentTile& latent = read.held.at(tile);
            const Rect rect = tiles.latent_rect(tile);
            const Rect part = intersect(rect, Rect{latents.x, y, latents.w, 1});
            std::memcpy(out.pixel(static_cast<int>(row), static_cast<int>(part.x - latents.x)),
                        latent->pixel(y - rect.y, part.x - rect.x),
                        static_cast<size_t>(part.w * channels) * sizeof(int16_t));
        }
        return Status();
    });
}

void Decoder::Impl::write_block(const TensorView16& values, const Rect& block, const Rect& chunk,
                                const PlaneRead& read) const {
    const DataType type = layout.header.data_type;
    const ptrdiff_t offset =
        (block.y - read.window.y) * read.row_stride + (block.x - read.window.x) * read.pixel_stride;
    const size_t channels = layout.bands.planes[read.plane].bands.size();
    ptrdiff_t band_stride = 0;
    if (as_they_come(read.outputs, channels, &band_stride)) {
        write_pixels(*kernels, values, model->model.output_frac_bits, static_cast<int>(channels),
                     read.outputs[0].data + offset, read.pixel_stride, read.row_stride, band_stride);
        return;
    }
    for (const BandOutput& out : read.outputs) {
        uint8_t* data = out.data + offset;
        write_band(values, out.channel, *out.table, sample_bytes(type), data, read.pixel_stride,
                   read.row_stride);
        if (!out.codes.empty())
            write_specials(out, layout.bands.bands[out.band], type, chunk, block, data, read.pixel_stride,
                           read.row_stride);
    }
}

Status Decoder::Impl::read_codes(const Rect& chunk, PlaneRead& read) {
    for (BandOutput& out : read.outputs) {
        const int codes = places[out.band].codes;
        if (codes < 0) continue;
        out.codes.resize(static_cast<size_t>(chunk.w * chunk.h));
        NAE_RETURN_IF_ERROR(lossless.read(read.level, static_cast<size_t>(codes), chunk, out.codes.data(), 1,
                                          static_cast<ptrdiff_t>(chunk.w), pool));
    }
    return Status();
}

Status Decoder::Impl::read_research_chunk(const Rect& chunk, PlaneRead& read, ThreadTeam& team) {
    const TileLayout& tiles = levels[static_cast<size_t>(read.level)];
    std::vector<TileFetcher::Fetch> missing = fetcher.begin(read.place(), chunk, read.held);
    NAE_RETURN_IF_ERROR(fetcher.fetch(missing, team));
    Tensor16 values;
    for (const auto& [tile, pixels] : read.held) {
        const Rect rect = tiles.pixel_rect(tile), part = intersect(rect, chunk);
        values.resize(static_cast<int>(part.h), static_cast<int>(part.w), 3);
        for (int64_t y = 0; y < part.h; ++y)
            std::memcpy(values.pixel(static_cast<int>(y), 0),
                        pixels->pixel(part.y + y - rect.y, part.x - rect.x),
                        static_cast<size_t>(part.w) * 3 * sizeof(int16_t));
        write_block(values, part, chunk, read);
    }
    return Status();
}

Status Decoder::Impl::synthesise(const Rect& block, const Rect& chunk, const PlaneRead& read,
                                 ThreadTeam* team) const {
    const Rect needed = latents_of(block, read.level);
    Tensor16 latents;
    NAE_RETURN_IF_ERROR(assemble(needed, read, latents, team));
    const Finisher& finisher = codec->finisher();
    const Extents extents = levels[static_cast<size_t>(read.level)].latent();
    const Extents raster{extents.h * kLatentStride, extents.w * kLatentStride};
    const int side = model->synthesis.last_block();
    const auto write_row = [&](int64_t y, const int16_t* row) {
        write_block(TensorView16(row, 1, static_cast<int>(block.w), kPixelChannels),
                    Rect{block.x, y, block.w, 1}, chunk, read);
        return Status();
    };
    Tensor16 values;
    const Rect made = finisher.required(block, raster);
    const CellRows cells(values, cells_of(made, side), side);
    const auto write = [&](const Rect& cells_done) {
        std::vector<int16_t> buffer(static_cast<size_t>(block.w) * kPixelChannels);
        const int64_t end = std::min(cells_done.bottom() * side, block.bottom());
        for (int64_t y = std::max(cells_done.y * side, block.y); y < end; ++y)
            NAE_RETURN_IF_ERROR(write_row(y, cells.row(y, block.x, block.w, buffer.data())));
        return Status();
    };
    // What is lapped or filtered first cannot be written as soon as it is made.
    const Engine::RowsDone rows_done = finisher.empty() ? Engine::RowsDone(write) : Engine::RowsDone();
    if (side > 1) {
        NAE_RETURN_IF_ERROR(Engine::run_to_cells(model->synthesis, extents, latents, needed, made, values,
                                                 options.engine_level, options.limits, team, rows_done)
                                .in("synthesis"));
    } else {
        NAE_RETURN_IF_ERROR(Engine::run(model->synthesis, extents, latents, needed, made, values,
                                        options.engine_level, options.limits, team)
                                .in("synthesis"));
    }
    if (!finisher.empty()) return finisher.run(cells, made, raster, block, team, write_row);
    return side > 1 ? Status() : write(block);
}

Rect Decoder::Impl::latents_of(const Rect& pixels, int level) const {
    const Extents extents = levels[static_cast<size_t>(level)].latent();
    return required_input(
        model->synthesis, extents,
        codec->finisher().required(pixels, Extents{extents.h * kLatentStride, extents.w * kLatentStride}));
}

Rect Decoder::Impl::useful_latents(const Rect& window, int level) const {
    const TileLayout& tiles = levels[static_cast<size_t>(level)];
    Rect useful = latents_of(window, level);
    if (useful.empty()) return whole(tiles.latent());  // chunks of it are fewer
    if (window.h >= tiles.tile_pixels()) useful.y = 0, useful.h = tiles.latent().h;
    if (window.w >= tiles.tile_pixels()) useful.x = 0, useful.w = tiles.latent().w;
    return useful;
}

Result<Rect> Decoder::Impl::needed_of_tiles(const Rect& chunk, const PlaneRead& read) const {
    if (research != nullptr) return chunk;  // a tile is a picture of its own: no halo
    const TileLayout& tiles = levels[static_cast<size_t>(read.level)];
    const Rect needed = latents_of(chunk, read.level);
    NAE_RETURN_IF_ERROR(check_latents(needed));  // before any of them is decoded
    const int64_t side = tiles.tile_side();
    const TileRange touched = tiles.tiles_touching(needed);
    const Rect whole_tiles{touched.x0 * side, touched.y0 * side, (touched.x1 - touched.x0) * side,
                           (touched.y1 - touched.y0) * side};
    return intersect(whole_tiles, read.useful);
}

std::vector<size_t> Decoder::Impl::needs_of(const Rect& block, const PlaneRead& read,
                                            const std::vector<TileFetcher::Fetch>& missing) const {
    const Rect latents = latents_of(block, read.level);
    std::vector<size_t> needs;
    for (size_t i = 0; i < missing.size(); ++i)
        if (!intersect(missing[i].rect, latents).empty()) needs.push_back(i);
    return needs;
}

Status Decoder::Impl::read_chunk(const Rect& chunk, const Rect& of_tiles, PlaneRead& read, ThreadTeam& team) {
    std::vector<TileFetcher::Fetch> missing = fetcher.begin(read.place(), of_tiles, read.held);
    if (TileFetcher::all_at_once(missing, team.threads())) {
        NAE_RETURN_IF_ERROR(fetcher.fetch(missing, team));
        missing.clear();
    }
    const std::vector<Rect> blocks = split_into_blocks(chunk);
    const size_t apart = blocks.size() - blocks.size() % static_cast<size_t>(team.threads());
    std::vector<std::vector<size_t>> needs;
    for (size_t i = 0; i < apart; ++i) needs.push_back(needs_of(blocks[i], read, missing));
    NAE_RETURN_IF_ERROR(make_and_use(
        team, missing.size(), needs, [&](size_t i) { return fetcher.fetch(missing[i]); },
        [&](size_t i) { return synthesise(blocks[i], chunk, read, nullptr); }));
    for (size_t i = apart; i < blocks.size(); ++i)
        NAE_RETURN_IF_ERROR(synthesise(blocks[i], chunk, read, &team));
    return Status();
}

Status Decoder::Impl::read_plane(PlaneRead& read) {
    NAE_RETURN_IF_ERROR(prepare());
    const PlaneKind kind = layout.bands.planes[read.plane].kind;
    bool plain = true;
    for (BandOutput& out : read.outputs) {
        out.plain = is_plain_range(layout.bands.bands[out.band], layout.header.data_type);
        plain = plain && out.plain;
    }
    ptrdiff_t unused = 0;
    if (!plain || !as_they_come(read.outputs, layout.bands.planes[read.plane].bands.size(), &unused)) {
        for (BandOutput& out : read.outputs)
            out.table = std::make_unique<SampleTable>(layout.bands.bands[out.band], layout.header.data_type,
                                                      model->model.output_frac_bits, kind);
    }
    const int64_t tile = levels[static_cast<size_t>(read.level)].tile_pixels();
    const int64_t height = div_up(kChunkRows, tile) * tile;
    // Latents of a column of pixels as high as a chunk with generous halo.
    const int64_t column_bytes =
        research != nullptr
            ? height * 3 * int64_t{sizeof(int16_t)}
            : (height / kLatentStride + 16) * model->latent_channels() * 2 / kLatentStride + 1;
    const int64_t width = std::max<int64_t>(1, kChunkLatentBytes / column_bytes / tile) * tile;
    const Rect& window = read.window;
    if (research == nullptr) read.useful = useful_latents(window, read.level);
    // Chunks of whole tiles, but for windows that are no larger than one: these would be cut for nothing.
    const int64_t y0 = window.h <= height ? window.y : window.y / height * height,
                  x0 = window.w <= width ? window.x : window.x / width * width;
    for (int64_t y = y0; y < window.bottom(); y += height) {
        for (int64_t x = x0; x < window.right(); x += width) {
            const Rect chunk = intersect(Rect{x, y, width, height}, window);
            NAE_ASSIGN_OR_RETURN(const Rect of_tiles, needed_of_tiles(chunk, read));
            fetcher.announce(read.place(), of_tiles, read.held);
            // First: it asks the pool itself, whose threads the team keeps until its end.
            NAE_RETURN_IF_ERROR(read_codes(chunk, read));
            NAE_RETURN_IF_ERROR(ThreadTeam::run(pool, [&](ThreadTeam& team) {
                return research != nullptr ? read_research_chunk(chunk, read, team)
                                           : read_chunk(chunk, of_tiles, read, team);
            }));
        }
    }
    return Status();
}

Status Decoder::Impl::read(const Window& window, const std::vector<int>& bands, const PixelTarget& target) {
    // The bands of a plane come out of one synthesis.
    std::map<int, PlaneRead> reads;
    const Rect rect{window.x, window.y, window.width, window.height};
    for (size_t i = 0; i < bands.size(); ++i) {
        const auto band = static_cast<size_t>(bands[i]);
        const BandPlace& place = places[band];
        const auto plane = static_cast<size_t>(place.plane);
        uint8_t* data = target.data + static_cast<ptrdiff_t>(i) * target.band_stride;
        if (layout.bands.planes[plane].kind == PlaneKind::lossless) {
            NAE_RETURN_IF_ERROR(
                lossless.read(window.level, plane, rect, data, target.pixel_stride, target.row_stride, pool));
            continue;
        }
        PlaneRead& read = reads[place.plane];
        read.level = window.level;
        read.plane = plane;
        read.window = rect;
        read.pixel_stride = target.pixel_stride;
        read.row_stride = target.row_stride;
        BandOutput out;
        out.band = band;
        out.channel = layout.bands.planes[plane].kind == PlaneKind::gray ? -1 : place.channel;
        out.data = data;
        read.outputs.push_back(std::move(out));
    }
    Status status;
    for (auto& [plane, read] : reads) {
        if (status.ok()) status = read_plane(read);
    }
    reads.clear();  // before the memory of what they held is given back
    trim_values();
    return status;
}

Status Decoder::Impl::check_window(const Window& w) const {
    const auto invalid = [&](const std::string& what) {
        return Status(ErrorCode::invalid_argument, what).in(source->name());
    };
    const Header& h = layout.header;
    if (w.level < 0 || w.level >= h.levels)
        return invalid(cat("level ", w.level, ", the picture has ", int{h.levels}));
    const uint32_t width = h.level_width(w.level), height = h.level_height(w.level);
    if (w.width == 0 || w.height == 0 || w.x >= width || w.y >= height || w.width > width - w.x ||
        w.height > height - w.y) {
        return invalid(cat("window ", w.width, "x", w.height, " at (", w.x, ", ", w.y,
                           ") is not inside the picture of ", width, "x", height));
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
        layout_options.pack_preview = true;
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
const BandTable& Decoder::bands() const { return impl_->layout.bands; }
const Metadata& Decoder::metadata() const { return impl_->layout.metadata; }
bool Decoder::has_preview() const { return !impl_->layout.packed_preview.empty(); }

Result<const Preview*> Decoder::preview() const {
    const std::lock_guard<std::mutex> lock(impl_->preview_mutex);
    if (has_preview() && impl_->preview.empty()) {
        NAE_ASSIGN_OR_RETURN(impl_->preview,
                             guarded([&] { return parse_preview(impl_->layout.packed_preview); })
                                 .in("preview")
                                 .in(impl_->source->name()));
    }
    return const_cast<const Preview*>(&impl_->preview);
}

bool Decoder::has_embedded_model() const { return !impl_->layout.model.empty(); }

ReadyModelPtr Decoder::model() const {
    const std::lock_guard<std::mutex> lock(impl_->model_mutex);
    return impl_->model;
}

Status Decoder::read(const Window& window, const std::vector<int>& bands, const PixelTarget& target) const {
    NAE_RETURN_IF_ERROR(impl_->check_window(window));
    if (target.data == nullptr) return Status(ErrorCode::invalid_argument, "no memory for the pixels");
    for (const int band : bands) {
        if (band < 0 || static_cast<size_t>(band) >= this->bands().count())
            return Status(ErrorCode::invalid_argument,
                          cat("band ", band, ", the picture has ", this->bands().count()));
    }
    return guarded([&] { return impl_->read(window, bands, target); }).in(impl_->source->name());
}

Status Decoder::read_mask(const Window& window, uint8_t* out, ptrdiff_t row_stride) const {
    NAE_RETURN_IF_ERROR(impl_->check_window(window));
    if (out == nullptr) return Status(ErrorCode::invalid_argument, "no memory for the mask");
    const int mask = bands().mask();
    if (mask < 0) {
        for (uint32_t y = 0; y < window.height; ++y) std::memset(out + y * row_stride, 255, window.width);
        return Status();
    }
    return guarded([&] {
               return impl_->lossless.read(window.level, static_cast<size_t>(mask),
                                           Rect{window.x, window.y, window.width, window.height}, out, 1,
                                           row_stride, impl_->pool);
           })
        .in(impl_->source->name());
}

Status Decoder::read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                            const PixelTarget& target) const {
    std::vector<int> all(bands().count());
    std::iota(all.begin(), all.end(), 0);
    return read(Window{x, y, width, height}, all, target);
}

Status Decoder::read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint8_t* out,
                            ptrdiff_t row_stride) const {
    PixelTarget target;
    target.data = out;
    target.band_stride = static_cast<ptrdiff_t>(sample_bytes(header().data_type));
    target.pixel_stride = target.band_stride * static_cast<ptrdiff_t>(bands().count());
    target.row_stride = row_stride;
    return read_window(x, y, width, height, target);
}

}  // namespace nae
