// Memory for values that come and go in blocks of 64 KiB to 32 MiB: tensors, weights.
//
// It lies on huge pages where the system has some. A page fault of 4 KiB can cost microseconds, in virtual machines more than
// ten, and a decoder that starts cold touches megabytes: on huge pages they come in a few dozen faults instead of thousands.
// Blocks of up to 4 MiB are cut from slabs that they share; larger ones have a slab each, which is kept for the next one of
// about its size, so that small blocks do not settle in it.
#ifndef NAE_CODEC_SLAB_HEAP_H_
#define NAE_CODEC_SLAB_HEAP_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace nae {

// Thread-safe. Blocks must be given back before the heap ends.
class SlabHeap {
  public:
    static constexpr size_t kAlignment = 64;                // of blocks: a cache line
    static constexpr size_t kSmallest = size_t{64} << 10;   // smaller blocks take this much
    static constexpr size_t kSlabBytes = size_t{8} << 20;   // of a shared slab
    static constexpr size_t kMostShared = size_t{4} << 20;  // larger blocks have a slab of their own
    // Of slabs without blocks; above that they go back. An encoder that refines symbols has that many now and then.
    static constexpr size_t kMostUnused = size_t{192} << 20;

    SlabHeap();
    ~SlabHeap();
    SlabHeap(const SlabHeap&) = delete;
    SlabHeap& operator=(const SlabHeap&) = delete;

    // Contents are unset. Throws std::bad_alloc.
    void* take(size_t bytes);
    // A block that take() gave, and how many bytes were asked for.
    void give_back(void* block, size_t bytes) noexcept;

    // Lets slabs without blocks go back until they are no more than so many bytes.
    void trim(size_t unused_bytes) noexcept;

    // Bytes of all slabs, and of those without blocks.
    size_t slab_bytes() const;
    size_t unused_bytes() const;

  private:
    struct Slab;

    struct Block {
        char* at = nullptr;
        size_t touched = 0;  // so many bytes the system has given already
    };

    Block take_shared(size_t bytes);
    Block take_whole(size_t bytes);
    Block cut(Slab& slab, size_t bytes);  // null if there is no room
    Slab& new_slab(size_t bytes, bool shared);
    void release_unused(size_t most) noexcept;

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Slab>> slabs_;  // in the order of their making
    size_t unused_ = 0;
};

}  // namespace nae

#endif  // NAE_CODEC_SLAB_HEAP_H_
