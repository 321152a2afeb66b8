// Windows of the planes that are stored exactly: alpha, special codes, the mask.
#ifndef NAE_CODEC_LOSSLESS_READER_H_
#define NAE_CODEC_LOSSLESS_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "codec/lossless_tile.h"
#include "codec/region.h"
#include "codec/thread_pool.h"
#include "format/byte_source.h"
#include "format/file_layout.h"

namespace nae {

// Thread-safe: holds references only, all of which must outlive it.
class LosslessReader {
  public:
    // on_damage: called with what is wrong with a damaged tile; its answer decides whether the read fails.
    LosslessReader(const ByteSource& source, const FileLayout& layout,
                   std::function<Status(const Status&)> on_damage)
        : source_(source), layout_(layout), on_damage_(std::move(on_damage)) {}

    // Copies a window (pixels, inside the level) of a plane to `data`, strides in bytes. A damaged tile that
    // is tolerated counts as missing: transparent, not valid, the band's first special value.
    Status read(int level, size_t plane, const Rect& window, uint8_t* data, ptrdiff_t pixel_stride,
                ptrdiff_t row_stride, ThreadPool& pool) const;

  private:
    // Announces the tiles of a rectangle, counted in tiles.
    void prefetch(int level, size_t plane, const Rect& tiles) const;
    Result<std::vector<uint8_t>> tile(int level, size_t plane, uint64_t tile,
                                      const LosslessShape& shape) const;

    const ByteSource& source_;
    const FileLayout& layout_;
    std::function<Status(const Status&)> on_damage_;
};

}  // namespace nae

#endif  // NAE_CODEC_LOSSLESS_READER_H_
