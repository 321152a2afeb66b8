#include "training/packed_pictures.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace nae::training {

PackedPictures::~PackedPictures() {
    if (map_) munmap(const_cast<uint8_t*>(map_), size_);
}

std::string PackedPictures::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    if (fd < 0) return path + ": " + std::strerror(errno);
    struct stat st {};
    if (fstat(fd, &st) != 0 || st.st_size < 16) {
        ::close(fd);
        return path + ": not a packed picture file (too short)";
    }
    size_ = static_cast<size_t>(st.st_size);
    void* p = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (p == MAP_FAILED) return path + ": cannot map: " + std::strerror(errno);
    map_ = static_cast<const uint8_t*>(p);
    if (std::memcmp(map_, "NAEPACK1", 8) != 0) return path + ": not a packed picture file (wrong signature)";
    uint32_t count = 0;
    std::memcpy(&count, map_ + 8, 4);
    constexpr size_t kEntrySize = 24;
    if (count > (size_ - 16) / kEntrySize) return path + ": entry count exceeds the file";
    entries_.resize(count);
    for (uint32_t i = 0; i < count; ++i) {
        const uint8_t* q = map_ + 16 + i * kEntrySize;
        PackedEntry& e = entries_[i];
        std::memcpy(&e.width, q, 4);
        std::memcpy(&e.height, q + 4, 4);
        std::memcpy(&e.flags, q + 8, 4);
        std::memcpy(&e.level, q + 12, 4);
        std::memcpy(&e.offset, q + 16, 8);
        const uint64_t bytes =
            uint64_t{e.width} * e.height * 3;  // 32 × 32 × 2 bits cannot overflow 64 by ×3 here
        if (e.width > 65535 || e.height > 65535 || e.offset > size_ || bytes > size_ - e.offset)
            return path + ": picture " + std::to_string(i) + " lies outside the file";
    }
    return {};
}

}  // namespace nae::training
