// Tensors of the integer networks: 16-bit integers, height x width x channels, channel fastest (NHWC with N =
// 1).
#ifndef NAE_CODEC_TENSOR_H_
#define NAE_CODEC_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace nae {

// Memory on a cache line. Blocks of 64 KiB to 32 MiB are cut from slabs (slab_heap.h), which stay for the next tensor:
// reading picture after picture, a fifth of the time went into pages given back and asked for again. Throws std::bad_alloc.
// All three are thread-safe.
void* allocate_values(size_t bytes);
void free_values(void* values);
// To be called when a picture is done: of the memory without tensors no more than 32 MiB stay for the next one.
void trim_values();

// Vectors start on cache lines, and resize() leaves new values unset: every operator writes its whole output,
// so clearing first would only cost bandwidth.
template <class T>
class AlignedAllocator {
  public:
    using value_type = T;

    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) {}
    template <class U>
    struct rebind {
        using other = AlignedAllocator<U>;
    };

    T* allocate(size_t n) {
        if (n > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
        return static_cast<T*>(allocate_values(n * sizeof(T)));
    }
    void deallocate(T* p, size_t) { free_values(p); }

    // resize(n) default-initialises (that is, leaves unset) what is trivial.
    template <class U>
    void construct(U* p) {
        ::new (static_cast<void*>(p)) U;
    }
    template <class U, class... Args>
    void construct(U* p, Args&&... args) {
        ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
    }
    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
    friend bool operator!=(const AlignedAllocator&, const AlignedAllocator&) { return false; }
};

using AlignedVector8 = std::vector<uint8_t, AlignedAllocator<uint8_t>>;
using AlignedVector16 = std::vector<int16_t, AlignedAllocator<int16_t>>;
using AlignedVector32 = std::vector<int32_t, AlignedAllocator<int32_t>>;
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

// Read-only view of h x w x c values. Pixels of a row are adjacent; rows start `row_stride` values apart.
// The memory is the caller's and must outlive the view.
struct TensorView16 {
    const int16_t* data = nullptr;
    int h = 0;
    int w = 0;
    int c = 0;
    ptrdiff_t row_stride = 0;  // in values, at least w * c

    TensorView16() = default;
    TensorView16(const int16_t* d, int height, int width, int channels)
        : data(d), h(height), w(width), c(channels), row_stride(static_cast<ptrdiff_t>(width) * channels) {}
    TensorView16(const int16_t* d, int height, int width, int channels, ptrdiff_t stride)
        : data(d), h(height), w(width), c(channels), row_stride(stride) {}

    const int16_t* pixel(int y, int x) const { return data + y * row_stride + static_cast<ptrdiff_t>(x) * c; }
};

// Owning tensor, dense rows.
struct Tensor16 {
    int h = 0;
    int w = 0;
    int c = 0;
    AlignedVector16 data;

    Tensor16() = default;
    Tensor16(int height, int width, int channels) { resize(height, width, channels); }

    // Contents are unset afterwards. Throws std::bad_alloc like any vector: check limits first.
    void resize(int height, int width, int channels) {
        h = height;
        w = width;
        c = channels;
        data.resize(static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels));
    }
    int16_t* pixel(int y, int x) { return data.data() + (static_cast<ptrdiff_t>(y) * w + x) * c; }
    const int16_t* pixel(int y, int x) const { return data.data() + (static_cast<ptrdiff_t>(y) * w + x) * c; }
    int16_t& at(int y, int x, int channel) { return pixel(y, x)[channel]; }
    int16_t at(int y, int x, int channel) const { return pixel(y, x)[channel]; }
    TensorView16 view() const { return TensorView16(data.data(), h, w, c); }
    operator TensorView16() const { return view(); }
};

}  // namespace nae

#endif  // NAE_CODEC_TENSOR_H_
