// SHA-256 (FIPS 180-4), for model IDs.
#ifndef NAE_CODEC_SHA256_H_
#define NAE_CODEC_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace nae {

class Sha256 {
  public:
    // portable: without the processor's SHA instructions even where it has them (about 320 instead of 2000
    // MB/s).
    explicit Sha256(bool portable = false);
    void update(const void* data, size_t size);
    // Ends the message; the object may not be used afterwards.
    std::array<uint8_t, 32> finish();

  private:
    using Blocks = void (*)(uint32_t state[8], const uint8_t* p, size_t blocks);

    Blocks blocks_;  // compresses whole blocks of 64 bytes
    uint32_t state_[8];
    uint64_t length_ = 0;  // bytes so far
    uint8_t buffer_[64];
};

// Round constants (FIPS 180-4, section 4.2.2).
extern const uint32_t kSha256Round[64];

// The compression function in hardware, or null where there is none (sha256_x86.cpp).
void (*sha256_hardware_blocks())(uint32_t state[8], const uint8_t* p, size_t blocks);

std::array<uint8_t, 32> sha256(const void* data, size_t size);

}  // namespace nae

#endif  // NAE_CODEC_SHA256_H_
