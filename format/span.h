// A view of consecutive elements owned by someone else; what C++20 calls std::span, as far as we need it.
#ifndef NAE_FORMAT_SPAN_H_
#define NAE_FORMAT_SPAN_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace nae {

template <class T>
class Span {
  public:
    constexpr Span() = default;
    constexpr Span(T* data, size_t size) : data_(data), size_(size) {}
    template <class A>
    // NOLINTNEXTLINE(google-explicit-constructor): a vector is accepted where a view is asked for
    Span(std::vector<std::remove_const_t<T>, A>& v) : data_(v.data()), size_(v.size()) {}
    template <class A, class U = T, class = std::enable_if_t<std::is_const_v<U>>>
    Span(const std::vector<std::remove_const_t<T>, A>& v)  // NOLINT(google-explicit-constructor)
        : data_(v.data()), size_(v.size()) {}
    // A view of mutable elements becomes one of constant elements.
    template <class U, class = std::enable_if_t<!std::is_same_v<U, T> && std::is_same_v<const U, T>>>
    constexpr Span(Span<U> s) : data_(s.data()), size_(s.size()) {}  // NOLINT(google-explicit-constructor)

    constexpr T* data() const { return data_; }
    constexpr size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* begin() const { return data_; }
    constexpr T* end() const { return data_ + size_; }
    constexpr T& operator[](size_t i) const { return data_[i]; }
    // The caller makes sure that begin + count <= size().
    constexpr Span subspan(size_t begin, size_t count) const { return Span(data_ + begin, count); }
    constexpr Span subspan(size_t begin) const { return Span(data_ + begin, size_ - begin); }

  private:
    T* data_ = nullptr;
    size_t size_ = 0;
};

using ByteSpan = Span<const uint8_t>;

}  // namespace nae

#endif  // NAE_FORMAT_SPAN_H_
