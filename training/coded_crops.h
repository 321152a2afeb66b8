// Crops beside what the decoder makes of them at some quality: what a post-filter is trained on. Kept in a
// file, because coding thousands of them takes minutes and a run that goes on wants the same ones.
//
// Layout, little-endian: 8 bytes "NAECROP1", 8 bytes ID of the model, u32 side of a crop S, u32 fraction bits
// F, u32 number of training crops, u32 number of held-out crops, u64 seed; then the crops, training ones
// first, of S x S RGB pixels row by row: u32 quality in hundredths, i16 decoded[3 S^2], u8 original[3 S^2].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/byte_sink.h"
#include "format/status.h"

namespace nae::training {

// One crop; views memory of others.
struct CodedCropView {
    int quality_centi = 0;  // 100 .. 10000
    const int16_t* decoded =
        nullptr;  // units of the synthesis' output, within black .. white (codec/engine_kernels.h)
    const uint8_t* original = nullptr;  // samples
};

// One that owns its pixels.
struct CodedCrop {
    int quality_centi = 0;
    std::vector<int16_t> decoded;
    std::vector<uint8_t> original;
    CodedCropView view() const { return {quality_centi, decoded.data(), original.data()}; }
};

// What all crops of a file have in common.
struct CodedCropsHead {
    std::array<uint8_t, 8> model{};  // ModelId of the model that coded them
    uint32_t size = 0;               // side, pixels, even, 16 .. 4096
    uint32_t frac_bits = 0;          // F, 1 .. 7: decoded values are 2^-F grey levels around mid grey
    uint32_t training = 0, held_out = 0;
    uint64_t seed = 0;
    bool operator==(const CodedCropsHead& o) const;
    bool operator!=(const CodedCropsHead& o) const { return !(*this == o); }
};

// Writes a file, which appears when it is complete.
class CodedCropsWriter {
  public:
    // Errors: io.
    static Result<CodedCropsWriter> create(const std::string& path, const CodedCropsHead& head);
    // Exactly head.training and then head.held_out crops, whose arrays must have the size that the head says.
    // Errors: io, invalid_argument.
    Status add(const CodedCrop& crop);
    // Errors: io; invalid_argument where crops are missing.
    Status commit();

  private:
    std::unique_ptr<FileSink> sink_;
    CodedCropsHead head_;
    uint64_t added_ = 0;
};

// Read-only memory map of such a file; pixels stay in the page cache. Thread-safe to read.
class CodedCrops {
  public:
    // Errors, which name the file: io, not_nae (another kind of file), truncated, corrupt.
    static Result<CodedCrops> open(const std::string& path);
    ~CodedCrops();
    CodedCrops(CodedCrops&& o) noexcept;
    CodedCrops& operator=(CodedCrops&& o) = delete;

    const CodedCropsHead& head() const { return head_; }
    // Valid as long as this lives.
    const std::vector<CodedCropView>& training() const { return training_; }
    const std::vector<CodedCropView>& held_out() const { return held_out_; }

  private:
    CodedCrops() = default;
    const uint8_t* map_ = nullptr;
    size_t bytes_ = 0;
    CodedCropsHead head_;
    std::vector<CodedCropView> training_, held_out_;
};

}  // namespace nae::training
