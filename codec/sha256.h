// SHA-256 (FIPS 180-4), for model IDs.
#ifndef NAE_CODEC_SHA256_H_
#define NAE_CODEC_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace nae {

class Sha256 {
  public:
    Sha256();
    void update(const void* data, size_t size);
    // Ends the message; the object may not be used afterwards.
    std::array<uint8_t, 32> finish();

  private:
    void block(const uint8_t* p);
    uint32_t state_[8];
    uint64_t length_ = 0;  // bytes so far
    uint8_t buffer_[64];
};

std::array<uint8_t, 32> sha256(const void* data, size_t size);

}  // namespace nae

#endif  // NAE_CODEC_SHA256_H_
