// Latent positions of a tile as the squares of a checkerboard: those of which row and column add up to an even number are
// coded first, the others when these are known.
#ifndef NAE_CODEC_CHECKERBOARD_H_
#define NAE_CODEC_CHECKERBOARD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nae {

enum class Squares : uint8_t { first = 0, second = 1 };

// Column of the leftmost of these squares in a row.
constexpr int leftmost(Squares which, int64_t y) {
    return static_cast<int>((y + static_cast<int64_t>(which)) & 1);
}

constexpr bool is_square(Squares which, int64_t y, int64_t x) {
    return ((y + x) & 1) == static_cast<int64_t>(which);
}

// How many a raster of this size has.
constexpr size_t square_count(Squares which, int rows, int w) {
    const auto even_rows = static_cast<size_t>((rows + 1) / 2), odd_rows = static_cast<size_t>(rows / 2);
    const auto in_even = static_cast<size_t>((w - leftmost(which, 0) + 1) / 2),
               in_odd = static_cast<size_t>((w - leftmost(which, 1) + 1) / 2);
    return even_rows * in_even + odd_rows * in_odd;
}

// The positions of a tile that make up a stream of symbols: of the columns [left, right) some squares, or all of them where
// there is no context. left is even, so that squares are the same counted from there.
struct Stream {
    std::optional<Squares> squares;
    int left = 0, right = 0;
};

inline size_t stream_positions(const Stream& stream, int h) {
    const int w = stream.right - stream.left;
    return stream.squares ? square_count(*stream.squares, h, w)
                          : static_cast<size_t>(h) * static_cast<size_t>(w);
}

// body(position in a raster w columns wide, position in the stream), in the stream's order: row by row.
template <class F>
void for_stream(const Stream& stream, int h, int w, F body) {
    const int step = stream.squares ? 2 : 1;
    size_t at = 0;
    for (int y = 0; y < h; ++y) {
        const size_t row = static_cast<size_t>(y) * static_cast<size_t>(w);
        int x = stream.left + (stream.squares ? leftmost(*stream.squares, y) : 0);
        for (; x < stream.right; x += step) body(row + static_cast<size_t>(x), at++);
    }
}

// Values of a stream alone, channels at each position. `some` has stream_positions() of them.
template <class T>
void take_stream(const Stream& stream, const T* all, int h, int w, size_t channels, T* some) {
    for_stream(stream, h, w, [&](size_t from, size_t to) {
        std::copy_n(all + from * channels, channels, some + to * channels);
    });
}

// And back.
template <class T>
void put_stream(const Stream& stream, const T* some, int h, int w, size_t channels, T* all) {
    for_stream(stream, h, w, [&](size_t to, size_t from) {
        std::copy_n(some + from * channels, channels, all + to * channels);
    });
}

}  // namespace nae

#endif  // NAE_CODEC_CHECKERBOARD_H_
