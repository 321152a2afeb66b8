// Reading through GDAL's virtual file systems: /vsimem, /vsizip, /vsicurl and plain files alike.
#pragma once

#include <cpl_vsi.h>

#include <memory>
#include <mutex>
#include <string>

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

  private:
    VsiByteSource(VSILFILE* file, uint64_t size, std::string name)
        : file_(file), size_(size), name_(std::move(name)) {}

    VSILFILE* file_;
    uint64_t size_;
    std::string name_;
    mutable std::mutex mutex_;  // a VSILFILE has one position for everybody
};

}  // namespace nae::gdal
