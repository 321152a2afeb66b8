#include "tests/support/whole_file.h"

#include <numeric>

#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/file_layout.h"

namespace nae::test {

Result<std::vector<uint8_t>> read_level(const Decoder& decoder, int level,
                                        const std::vector<Window>& windows) {
    const Header& h = decoder.header();
    const size_t width = h.level_width(level), height = h.level_height(level);
    const size_t sample = sample_bytes(h.data_type), pixel = sample * decoder.bands().count();
    const size_t samples = width * height * pixel;
    const bool has_mask = decoder.bands().mask() >= 0;
    std::vector<int> bands(decoder.bands().count());
    std::iota(bands.begin(), bands.end(), 0);
    std::vector<uint8_t> out(samples + (has_mask ? width * height : 0));
    for (const Window& window : windows) {
        const size_t first = window.y * width + window.x;
        PixelTarget target;
        target.data = out.data() + first * pixel;
        target.pixel_stride = static_cast<ptrdiff_t>(pixel);
        target.row_stride = static_cast<ptrdiff_t>(pixel * width);
        target.band_stride = static_cast<ptrdiff_t>(sample);
        NAE_RETURN_IF_ERROR(decoder.read(window, bands, target));
        if (!has_mask) continue;
        NAE_RETURN_IF_ERROR(
            decoder.read_mask(window, out.data() + samples + first, static_cast<ptrdiff_t>(width)));
    }
    return out;
}

Result<std::vector<uint8_t>> read_level(const Decoder& decoder, int level) {
    const Header& h = decoder.header();
    return read_level(decoder, level, {Window{0, 0, h.level_width(level), h.level_height(level), level}});
}

Result<std::vector<std::vector<int16_t>>> read_latents(const ByteSource& source, const ReadyModelPtr& model,
                                                       EngineLevel engine) {
    NAE_ASSIGN_OR_RETURN(const FileLayout layout, read_layout(source));
    const Header& h = layout.header;
    NAE_ASSIGN_OR_RETURN(const auto codec,
                         TileCodec::create(model, h.quality_centi, Limits(), engine, stream_kind(h.flags)));
    const std::vector<Plane>& planes = layout.bands.planes;
    std::vector<std::vector<int16_t>> latents;
    for (int level = 0; level < h.levels; ++level) {
        const TileLayout tiles(h.level_width(level), h.level_height(level), h.tile_size_px);
        for (int64_t tile = 0; tile < tiles.count(); ++tile) {
            const Rect rect = tiles.latent_rect(tile);
            for (size_t plane = 0; plane < planes.size(); ++plane) {
                if (!planes[plane].coded_by_model()) continue;
                const uint64_t number =
                    tile_number(h, planes.size(), level, static_cast<uint64_t>(tile), plane);
                NAE_ASSIGN_OR_RETURN(
                    const std::vector<uint8_t> payload,
                    read_tile(source, layout.tile_data_offset, layout.tiles, static_cast<size_t>(number)));
                PredictedTile predicted;
                AlignedVector16 symbols;
                Tensor16 latent;
                const auto tile_h = static_cast<int>(rect.h), tile_w = static_cast<int>(rect.w);
                NAE_RETURN_IF_ERROR(
                    codec->predict_tile(payload, tile_h, tile_w, TilePart{tile_h, 0, tile_w}, predicted));
                NAE_RETURN_IF_ERROR(codec->decode_symbols(predicted, symbols));
                NAE_RETURN_IF_ERROR(codec->dequantise(predicted, symbols, latent));
                latents.emplace_back(latent.data.begin(), latent.data.end());
            }
        }
    }
    return latents;
}

}  // namespace nae::test
