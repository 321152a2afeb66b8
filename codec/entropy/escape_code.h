// How a symbol outside its table's range is written: the table's escape symbol, then raw bits in the same
// stream. With v = |symbol| - M - 1 and q = (v >> k) + 1 of n bits (1 <= n <= 16), an Exp-Golomb code of
// order k:
//   n - 1 one bits and a zero bit, one by one;  the low n - 1 bits of q;  the low k bits of v;
//   1 bit sign (1: < 0).
// Fields of zero bits are left out. Magnitudes are limited to kMaxSymbolMagnitude.
#ifndef NAE_CODEC_ENTROPY_ESCAPE_CODE_H_
#define NAE_CODEC_ENTROPY_ESCAPE_CODE_H_

namespace nae {

constexpr int kMaxSymbolMagnitude = 32767;
constexpr int kMaxEscapeBits = 16;  // largest n

inline int bit_length(unsigned value) {
    int length = 0;
    for (; value != 0; value >>= 1) ++length;
    return length;
}

// Order k: a quarter to an eighth of the table's range, about the width of what lies beyond it.
inline int escape_order(int max_symbol) {
    const int length = bit_length(static_cast<unsigned>(max_symbol) + 1);
    return length > 3 ? length - 3 : 0;
}

// Raw bits that follow the escape symbol.
inline int escape_bits(int max_symbol, int magnitude) {
    const int k = escape_order(max_symbol);
    const int n = bit_length((static_cast<unsigned>(magnitude - max_symbol - 1) >> k) + 1);
    return n + (n - 1) + k + 1;
}

}  // namespace nae

#endif  // NAE_CODEC_ENTROPY_ESCAPE_CODE_H_
