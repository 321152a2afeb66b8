// Arithmetic on sizes that come from files: overflow is an answer, not an accident.
#ifndef NAE_FORMAT_CHECKED_MATH_H_
#define NAE_FORMAT_CHECKED_MATH_H_

#include <cstdint>
#include <type_traits>

namespace nae {

// *out = a + b (a * b); false, and *out unspecified, when the result does not fit T.
template <class T>
[[nodiscard]] inline bool checked_add(T a, T b, T* out) {
    static_assert(std::is_integral_v<T>);
    return !__builtin_add_overflow(a, b, out);
}

template <class T>
[[nodiscard]] inline bool checked_mul(T a, T b, T* out) {
    static_assert(std::is_integral_v<T>);
    return !__builtin_mul_overflow(a, b, out);
}

template <class T>
[[nodiscard]] inline bool checked_mul(T a, T b, T c, T* out) {
    T ab{};
    return checked_mul(a, b, &ab) && checked_mul(ab, c, out);
}

// True when `value` can be represented in type To.
template <class To, class From>
[[nodiscard]] constexpr bool fits(From value) {
    static_assert(std::is_integral_v<To> && std::is_integral_v<From>);
    return static_cast<From>(static_cast<To>(value)) == value &&
           ((static_cast<To>(value) < To{}) == (value < From{}));
}

// ceil(a / b) for unsigned a and b > 0, without overflow.
template <class T>
[[nodiscard]] constexpr T ceil_div(T a, T b) {
    return static_cast<T>(a / b + (a % b != 0 ? 1 : 0));
}

}  // namespace nae

#endif  // NAE_FORMAT_CHECKED_MATH_H_
