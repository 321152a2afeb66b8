#include "codec/lossless_reader.h"

#include <algorithm>
#include <cstring>

#include "format/text.h"

namespace nae {

Result<std::vector<uint8_t>> LosslessReader::tile(int level, size_t plane, uint64_t tile,
                                                  const LosslessShape& shape) const {
    const auto& planes = layout_.bands.planes;
    const auto payload_of = [&](size_t p) {
        return read_tile(source_, layout_.tile_data_offset, layout_.tiles,
                         static_cast<size_t>(tile_number(layout_.header, planes.size(), level, tile, p)));
    };
    const auto corrupt = [&](const std::string& what) {
        return Status(
            ErrorCode::corrupt,
            cat("tile ", tile_number(layout_.header, planes.size(), level, tile, plane), ": ", what));
    };
    const PlaneKind kind = planes[plane].kind;
    NAE_ASSIGN_OR_RETURN(std::vector<uint8_t> payload, payload_of(plane));
    NAE_ASSIGN_OR_RETURN(const std::optional<uint32_t> other, referenced_plane(payload));
    if (other) {
        if (*other >= plane || planes[*other].kind != kind) return corrupt(cat("refers to plane ", *other));
        NAE_ASSIGN_OR_RETURN(payload, payload_of(*other));
        NAE_ASSIGN_OR_RETURN(const std::optional<uint32_t> next, referenced_plane(payload));
        if (next) return corrupt("refers to a tile that refers to another");
    }
    NAE_ASSIGN_OR_RETURN(auto samples, decode_lossless_tile(payload, shape, kind));
    if (kind == PlaneKind::codes) {
        const size_t specials = layout_.bands.bands[planes[plane].bands.front()].specials.size();
        const uint8_t highest = *std::max_element(samples.begin(), samples.end());
        if (highest > specials) return corrupt(cat("code ", int{highest}, " of ", specials));
    }
    return samples;
}

void LosslessReader::prefetch(int level, size_t plane, const Rect& tiles) const {
    if (!source_.remote()) return;
    std::vector<size_t> numbers;
    for (int64_t y = tiles.y; y < tiles.bottom(); ++y) {
        for (int64_t x = tiles.x; x < tiles.right(); ++x) {
            const auto tile = static_cast<uint64_t>(y * layout_.header.tiles_across(level) + x);
            numbers.push_back(static_cast<size_t>(
                tile_number(layout_.header, layout_.bands.planes.size(), level, tile, plane)));
        }
    }
    prefetch_tiles(source_, layout_.tile_data_offset, layout_.tiles, numbers);
}

Status LosslessReader::read(int level, size_t plane, const Rect& window, uint8_t* data,
                            ptrdiff_t pixel_stride, ptrdiff_t row_stride, ThreadPool& pool) const {
    const Header& header = layout_.header;
    const Rect raster{0, 0, header.level_width(level), header.level_height(level)};
    const int64_t side = header.tile_size_px, across = header.tiles_across(level);
    const int64_t x0 = window.x / side, y0 = window.y / side;
    const int64_t columns = div_up(window.right(), side) - x0, rows = div_up(window.bottom(), side) - y0;
    const size_t size = BandTable::plane_sample_bytes(layout_.bands.planes[plane], header.data_type);
    prefetch(level, plane, Rect{x0, y0, columns, rows});
    return pool.parallel_for(columns * rows, [&](int64_t i) -> Status {
        const int64_t tx = x0 + i % columns, ty = y0 + i / columns;
        const Rect rect = intersect(Rect{tx * side, ty * side, side, side}, raster);
        const LosslessShape shape{static_cast<size_t>(rect.h), static_cast<size_t>(rect.w), size};
        auto samples = tile(level, plane, static_cast<uint64_t>(ty * across + tx), shape);
        if (!samples.ok()) {
            NAE_RETURN_IF_ERROR(on_damage_(samples.status()));
            const bool codes = layout_.bands.planes[plane].kind == PlaneKind::codes;
            samples = std::vector<uint8_t>(shape.bytes(), codes ? 1 : 0);
        }
        const Rect part = intersect(rect, window);
        for (int64_t y = part.y; y < part.bottom(); ++y) {
            const uint8_t* from =
                samples.value().data() + static_cast<size_t>((y - rect.y) * rect.w + part.x - rect.x) * size;
            uint8_t* to = data + (y - window.y) * row_stride + (part.x - window.x) * pixel_stride;
            for (int64_t x = 0; x < part.w; ++x, from += size, to += pixel_stride)
                std::memcpy(to, from, size);
        }
        return Status();
    });
}

}  // namespace nae
