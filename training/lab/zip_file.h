// The members of a zip archive (PKWARE's APPNOTE): stored or deflated, below 4 GiB, neither encrypted nor split. That is
// what NumPy and PyTorch write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae::training {

class ZipFile {
  public:
    struct Entry {
        uint16_t method = 0;
        uint32_t crc = 0;
        uint64_t packed = 0, size = 0, header = 0;  // bytes; offset of the local header
    };

    // Reads the directory. Errors, which name the file: io, not_nae (no zip archive), truncated, corrupt, unsupported.
    static Result<ZipFile> open(const std::string& path);

    const std::map<std::string, Entry>& entries() const { return entries_; }
    // A member's bytes, its CRC compared. Errors: io, truncated, corrupt, unsupported, limit_exceeded (over 1 GiB).
    Result<std::vector<uint8_t>> read(const Entry& entry) const;

  private:
    std::string path_;
    uint64_t file_size_ = 0;
    std::map<std::string, Entry> entries_;
};

}  // namespace nae::training
