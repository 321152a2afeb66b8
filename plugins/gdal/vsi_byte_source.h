// Reading through GDAL's virtual file systems: /vsimem, /vsizip, /vsicurl and plain files alike. Over a network the
// tiles of a window are asked for together: neighbours in one request, the rest in parallel.
#pragma once

#include <cpl_vsi.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "format/byte_source.h"

namespace nae::gdal {

class VsiByteSource : public ByteSource {
  public:
    // Takes over an open file. `name` is what messages call it. Error: io, when its length cannot be found.
    static Result<std::shared_ptr<VsiByteSource>> adopt(VSILFILE* file, std::string name);
    ~VsiByteSource() override;
    VsiByteSource(const VsiByteSource&) = delete;
    VsiByteSource& operator=(const VsiByteSource&) = delete;

    uint64_t size() const override { return size_; }
    Status read(uint64_t offset, void* dst, size_t n) const override;
    std::string name() const override { return name_; }
    bool remote() const override { return remote_; }
    void prefetch(const std::vector<ByteRange>& ranges) const override;

  private:
    VsiByteSource(VSILFILE* file, uint64_t size, std::string name)
        : file_(file), size_(size), name_(std::move(name)), remote_(!VSIIsLocal(name_.c_str())) {}
    // Fills dst from what prefetch() brought. mutex_ must be held.
    bool take_prefetched(uint64_t offset, void* dst, size_t n) const;

    VSILFILE* file_;
    uint64_t size_;
    std::string name_;
    bool remote_;
    mutable std::mutex mutex_;  // a VSILFILE has one position for everybody
    // Stretches fetched beforehand, by offset; guarded by mutex_. The next prefetch() replaces it.
    mutable std::map<uint64_t, std::vector<uint8_t>> prefetched_;
};

}  // namespace nae::gdal
