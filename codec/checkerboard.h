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

// body(position in the raster, position among these squares), row by row.
template <class F>
void for_squares(Squares which, int rows, int w, F body) {
    size_t among = 0;
    for (int y = 0; y < rows; ++y)
        for (int x = leftmost(which, y); x < w; x += 2)
            body(static_cast<size_t>(y) * static_cast<size_t>(w) + static_cast<size_t>(x), among++);
}

// Values of these squares alone, channels at each. `some` has square_count() positions.
template <class T>
void take_squares(Squares which, const T* all, int rows, int w, size_t channels, T* some) {
    for_squares(which, rows, w, [&](size_t from, size_t to) {
        std::copy_n(all + from * channels, channels, some + to * channels);
    });
}

// And back.
template <class T>
void put_squares(Squares which, const T* some, int rows, int w, size_t channels, T* all) {
    for_squares(which, rows, w, [&](size_t to, size_t from) {
        std::copy_n(some + from * channels, channels, all + to * channels);
    });
}

// The positions of a tile that make up a stream of symbols: some squares, or all of them where there is no context.
using Stream = std::optional<Squares>;

inline size_t stream_positions(const Stream& stream, int h, int w) {
    return stream ? square_count(*stream, h, w) : static_cast<size_t>(h) * static_cast<size_t>(w);
}

// body(position in the tile, position in the stream), in the stream's order.
template <class F>
void for_stream(const Stream& stream, int h, int w, F body) {
    if (stream) return for_squares(*stream, h, w, body);
    const size_t count = stream_positions(stream, h, w);
    for (size_t i = 0; i < count; ++i) body(i, i);
}

// Values of a stream alone, channels at each position. `some` has stream_positions() of them.
template <class T>
void take_stream(const Stream& stream, const T* all, int h, int w, size_t channels, T* some) {
    for_stream(stream, h, w, [&](size_t from, size_t to) {
        std::copy_n(all + from * channels, channels, some + to * channels);
    });
}

}  // namespace nae

#endif  // NAE_CODEC_CHECKERBOARD_H_
