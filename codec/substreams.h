// A tile's columns are coded apart, in *substreams*, as HEVC's entry points cut a slice for parallel decoding (ITU-T H.265,
// 7.4.7.1): whoever needs some columns decodes those, several substreams are decoded side by side, and threads share them.
// All streams of a tile are cut in the same places.
#ifndef NAE_CODEC_SUBSTREAMS_H_
#define NAE_CODEC_SUBSTREAMS_H_

#include <algorithm>
#include <cstdint>

namespace nae {

constexpr int kMaxSubstreams = 32;  // of a stream

// The first column of substream k of `count`, in a tile w columns wide; of k = count it is w. Even but for that: the squares of
// a checkerboard are the same counted from there.
constexpr int substream_begin(int k, int count, int w) {
    return std::min(2 * (k * ((w + 1) / 2) / count), w);
}

// The substreams [first, end) that hold the columns [left, right), which are not none, of a tile w columns wide. Of the first
// columns those before them, too, which have none in a narrow tile: they must be empty.
struct SubstreamRange {
    int first = 0, end = 0;
};
inline SubstreamRange substreams_of(int left, int right, int count, int w) {
    SubstreamRange range{0, count};
    while (left > 0 && substream_begin(range.first + 1, count, w) <= left) ++range.first;
    while (substream_begin(range.end - 1, count, w) >= right) --range.end;
    return range;
}

// How many an encoder cuts a tile into of which the first stream has so many coded symbols. Each costs two or three bytes.
constexpr int substream_count(uint64_t coded) {
    return coded < 2048 ? 1 : coded < 16384 ? 2 : coded < 49152 ? 4 : 8;
}

}  // namespace nae

#endif  // NAE_CODEC_SUBSTREAMS_H_
