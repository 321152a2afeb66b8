// Rows of several tiles, cut into shares of about equal work.
#ifndef NAE_CODEC_ROW_SHARES_H_
#define NAE_CODEC_ROW_SHARES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nae {

// How much there is of a tile, in latent positions.
struct TileRows {
    int rows = 0, width = 0;
};

// Rows [top, bottom) of a tile, which is given by its place in a list of tiles.
struct RowStrip {
    size_t tile = 0;
    int top = 0, bottom = 0;
};

// What one thread does of a step: a strip or several, of consecutive tiles.
using RowShare = std::vector<RowStrip>;

// Cuts the rows of some tiles into up to `shares` shares (at least 1), which hold every row once, in order. Cuts lie on multiples
// of `unit` rows (at least 1) of a tile or between tiles, the nearest such place to where shares of equal size would end: each cut
// inside a tile costs what both sides compute of each other's surroundings, so there are no more than the shares need.
std::vector<RowShare> cut_rows(const std::vector<TileRows>& tiles, int64_t shares, int unit);

// How large a share is to be at most, whichever is more: in positions (at least 1), for what it works on to stay in a core's cache;
// in rows of the widest tile (at least 1), against what a cut costs.
struct ShareSize {
    int64_t positions = 1;
    int rows = 1;
};

// A number of shares for `threads` threads (at least 1): a multiple of theirs, so that all have done at the same time, and so many
// that none is much larger than `most`.
int64_t shares_for(const std::vector<TileRows>& tiles, int threads, const ShareSize& most);

}  // namespace nae

#endif  // NAE_CODEC_ROW_SHARES_H_
