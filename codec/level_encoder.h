// One level of a picture in one pass over its rows: some of its planes, and the rows of the next level.
#ifndef NAE_CODEC_LEVEL_ENCODER_H_
#define NAE_CODEC_LEVEL_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/plane_encoder.h"
#include "format/preview.h"

namespace nae {

class LevelEncoder {
  public:
    // planes: indices into job.plan.table.planes; shape: rows with every band these planes and their validity
    // need. levels: how many levels, this one first, are made of these rows. preview, which may be null, is fed by
    // the plane of index 0. Nothing is owned.
    LevelEncoder(EncodeJob& job, int level, int levels, const std::vector<size_t>& planes,
                 const RowShape& shape, PreviewBuilder* preview);

    // Rows that the caller may append before the next call of encode_ready(): as many as complete a strip.
    int64_t rows_wanted() const;
    // Room for the next rows, at most rows_wanted().
    uint8_t* append(int64_t count) { return rows_.append(count); }
    // Codes what has become possible, and passes rows on to the next level.
    Status encode_ready();
    bool complete() const { return rows_.complete(); }

  private:
    Rect strip() const;  // the next rows of tiles, in latent positions
    Status encode_strip(const Rect& strip);
    Status encode_lossless(const Rect& strip);
    Status encode_lossless_tile_of(int64_t tile);
    std::vector<uint8_t> samples_of(const Plane& plane, const Rect& rect) const;
    Status feed_next_level();
    void feed_preview();

    EncodeJob& job_;
    const int level_;
    const TileLayout tiles_;
    RowWindow rows_;
    std::vector<PlaneEncoder> coded_;
    std::vector<size_t> lossless_;
    PreviewBuilder* preview_;
    std::unique_ptr<LevelEncoder> next_;
    int64_t halo_ = 0;       // pixels
    int64_t done_ = 0;       // latent rows
    int64_t previewed_ = 0;  // rows
    int64_t passed_on_ = 0;  // rows of the next level
};

}  // namespace nae

#endif  // NAE_CODEC_LEVEL_ENCODER_H_
