// A packed file of training pictures: everything decoded once, so that a machine without GDAL can train and
// no time is spent on decoding while it does.
//
// Layout, little-endian: 8 bytes "NAEPACK1", u32 entry count, u32 zero; per entry u32 width, u32 height,
// u32 flags, u32 level, u64 byte offset of its pixels; then the pixels, RGB interleaved, 8 bits a sample.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nae::training {

constexpr uint32_t kFlagValidation = 1;  // held out: never trained on
constexpr uint32_t kFlagLossless = 2;    // source without compression traces
constexpr uint32_t kFlagGray = 4;        // R = G = B everywhere

struct PackedEntry {
    uint32_t width = 0, height = 0;  // pixels
    uint32_t flags = 0;
    uint32_t level = 0;  // 0: as stored; 1: downscaled by about 1.4; 2: by 2
    uint64_t offset = 0;
};

// Read-only memory map of a packed file; pixels stay in the page cache. Not copyable; thread-safe to read.
class PackedPictures {
  public:
    PackedPictures() = default;
    ~PackedPictures();
    PackedPictures(const PackedPictures&) = delete;
    PackedPictures& operator=(const PackedPictures&) = delete;

    // Returns an empty string on success, otherwise what is wrong with the file.
    std::string open(const std::string& path);
    const std::vector<PackedEntry>& entries() const { return entries_; }
    const uint8_t* pixels(const PackedEntry& e) const { return map_ + e.offset; }
    struct Bytes {
        const uint8_t* data;
        size_t size;
    };
    // The whole file, in which PackedEntry::offset counts.
    Bytes bytes() const { return {map_, size_}; }

  private:
    const uint8_t* map_ = nullptr;
    size_t size_ = 0;
    std::vector<PackedEntry> entries_;
};

// Decodes the pictures below `folders` with GDAL (8-bit, 1, 3 or 4 bands; others are skipped with a warning) and
// writes them with two reduced copies each. About one picture in `validation_every` is held out, chosen by a
// hash of its name so that it stays held out when pictures are added. Returns an error text or an empty string.
std::string pack_pictures(const std::vector<std::string>& folders, const std::string& out_path,
                          int validation_every);

}  // namespace nae::training
