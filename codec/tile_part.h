// A part of a tile: what is needed of it, or there.
#ifndef NAE_CODEC_TILE_PART_H_
#define NAE_CODEC_TILE_PART_H_

namespace nae {

// The first `rows` rows of the columns [left, right), in latent positions (of a research model's tile, in pixels). Symbols are
// decoded from the first row on; what they stand for is made of the rows [top, rows) alone.
struct TilePart {
    int rows = 0, left = 0, right = 0;
    int top = 0;

    int width() const { return right - left; }
    int height() const { return rows - top; }  // of what is made
    bool contains(const TilePart& other) const {
        return rows >= other.rows && left <= other.left && right >= other.right && top <= other.top;
    }
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_PART_H_
