// Samples in memory with a mask, and with a plan for the bands that the caller chooses.
#pragma once

#include <cstring>
#include <utility>
#include <vector>

#include "codec/image_source.h"

namespace nae::test {

class PlannedImage : public MemoryImageSource {
  public:
    // pixels: interleaved samples of `type`, not owned. mask: a byte for each pixel, or empty when the plan has none.
    PlannedImage(const void* pixels, uint32_t width, uint32_t height, int bands, DataType type, BandPlan plan,
                 std::vector<uint8_t> mask = {})
        : MemoryImageSource(pixels, width, height, bands, 0, type),
          plan_(std::move(plan)),
          mask_(std::move(mask)) {}
    BandPlan plan() const override { return plan_; }
    Status read_mask(uint32_t y, uint32_t count, uint8_t* out) override {
        std::memcpy(out, mask_.data() + size_t{y} * width(), size_t{count} * width());
        return Status();
    }

  private:
    BandPlan plan_;
    std::vector<uint8_t> mask_;
};

}  // namespace nae::test
