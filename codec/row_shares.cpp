#include "codec/row_shares.h"

#include <algorithm>

#include "codec/region.h"

namespace nae {
namespace {

int64_t positions(const TileRows& tile) { return int64_t{tile.rows} * tile.width; }

int64_t positions(const std::vector<TileRows>& tiles) {
    int64_t sum = 0;
    for (const TileRows& tile : tiles) sum += positions(tile);
    return sum;
}

}  // namespace

std::vector<RowShare> cut_rows(const std::vector<TileRows>& tiles, int64_t shares, int unit) {
    const int64_t all = positions(tiles);
    std::vector<RowShare> cut(1);
    int64_t before = 0;  // positions of earlier tiles
    int64_t number = 1;  // of the next cut; in quotients, products of the sum could overflow
    const auto place = [&](int64_t k) { return all / shares * k + all % shares * k / shares; };
    for (size_t i = 0; i < tiles.size(); ++i) {
        const TileRows& tile = tiles[i];
        if (positions(tile) == 0) continue;
        int top = 0;
        for (; number < shares && place(number) < before + positions(tile); ++number) {
            const int64_t row = (place(number) - before + tile.width / 2) / tile.width;
            const int at = static_cast<int>(std::min<int64_t>((row + unit / 2) / unit * unit, tile.rows));
            if (at > top) cut.back().push_back({i, top, at});
            top = std::max(top, at);
            if (!cut.back().empty()) cut.emplace_back();
        }
        if (top < tile.rows) cut.back().push_back({i, top, tile.rows});
        before += positions(tile);
    }
    if (cut.back().empty()) cut.pop_back();
    return cut;
}

int64_t shares_for(const std::vector<TileRows>& tiles, int threads, const ShareSize& most) {
    int64_t of_all = most.positions;
    for (const TileRows& tile : tiles) of_all = std::max(of_all, int64_t{most.rows} * tile.width);
    of_all *= threads;
    // Half a share more is not worth another round of all threads.
    const int64_t rounds = (positions(tiles) + of_all / 2) / of_all;
    return std::max<int64_t>(rounds, 1) * threads;
}

}  // namespace nae
