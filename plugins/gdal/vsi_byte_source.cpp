#include "plugins/gdal/vsi_byte_source.h"

#include <utility>

namespace nae::gdal {

Result<std::shared_ptr<VsiByteSource>> VsiByteSource::adopt(VSILFILE* file, std::string name) {
    if (VSIFSeekL(file, 0, SEEK_END) != 0) {
        CPL_IGNORE_RET_VAL(VSIFCloseL(file));
        return Status(ErrorCode::io, name + ": cannot find the file's length");
    }
    const uint64_t size = VSIFTellL(file);
    return std::shared_ptr<VsiByteSource>(new VsiByteSource(file, size, std::move(name)));
}

VsiByteSource::~VsiByteSource() { CPL_IGNORE_RET_VAL(VSIFCloseL(file_)); }

Status VsiByteSource::read(uint64_t offset, void* dst, size_t n) const {
    NAE_RETURN_IF_ERROR(check_range(offset, n));
    if (n == 0) return {};
    const std::lock_guard<std::mutex> lock(mutex_);
    if (VSIFSeekL(file_, offset, SEEK_SET) != 0 || VSIFReadL(dst, 1, n, file_) != n)
        return Status(ErrorCode::io,
                      "cannot read " + std::to_string(n) + " bytes at offset " + std::to_string(offset));
    return {};
}

}  // namespace nae::gdal
