#include "codec/image_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nae {

BandPlan make_band_plan(int bands, DataType type, const std::vector<int>& rgb, int alpha, bool mask) {
    BandPlan plan;
    plan.alpha = alpha;
    plan.table.bands.resize(static_cast<size_t>(std::max(bands, 0)));
    for (BandInfo& info : plan.table.bands) {
        if (type == DataType::byte) continue;
        info.lo = 1;
        info.hi = 0;
    }
    const auto number = [](int band) { return static_cast<uint16_t>(band); };
    if (rgb.size() == 3)
        plan.table.planes.push_back({PlaneKind::rgb, {number(rgb[0]), number(rgb[1]), number(rgb[2])}});
    for (int band = 0; band < bands; ++band) {
        if (rgb.size() == 3 && std::find(rgb.begin(), rgb.end(), band) != rgb.end()) continue;
        plan.table.planes.push_back({band == alpha ? PlaneKind::lossless : PlaneKind::gray, {number(band)}});
    }
    if (mask) plan.table.planes.push_back({PlaneKind::mask, {}});
    return plan;
}

void add_special(BandPlan& plan, DataType type, int band, double value) {
    if (type == DataType::float32) {
        if (std::isfinite(value)) value = static_cast<double>(static_cast<float>(value));
    } else if (!(value >= lowest_value(type) && value <= highest_value(type)) || std::floor(value) != value) {
        return;
    }
    auto& specials = plan.table.bands[static_cast<size_t>(band)].specials;
    for (const double other : specials) {
        if (other == value || (std::isnan(other) && std::isnan(value))) return;
    }
    if (specials.size() == kMaxSpecials) return;
    bool coded = false, has_codes = false;
    for (const Plane& plane : plan.table.planes) {
        for (const uint16_t b : plane.bands) {
            coded = coded || (b == band && plane.coded_by_model());
            has_codes = has_codes || (b == band && plane.kind == PlaneKind::codes);
        }
    }
    if (!coded) return;
    specials.push_back(value);
    if (!has_codes) plan.table.planes.push_back({PlaneKind::codes, {static_cast<uint16_t>(band)}});
}

BandPlan ImageSource::plan() const {
    const int n = bands();
    const std::vector<int> rgb = n == 3 || n == 4 ? std::vector<int>{0, 1, 2} : std::vector<int>{};
    return make_band_plan(n, data_type(), rgb, n == 2 ? 1 : n == 4 ? 3 : -1, false);
}

Status ImageSource::read_mask(uint32_t, uint32_t count, uint8_t* out) {
    std::memset(out, 255, size_t{count} * width());
    return Status();
}

MemoryImageSource::MemoryImageSource(const void* pixels, uint32_t width, uint32_t height, int bands,
                                     ptrdiff_t row_stride, DataType type)
    : pixels_(static_cast<const uint8_t*>(pixels)),
      width_(width),
      height_(height),
      bands_(bands),
      row_stride_(row_stride != 0
                      ? row_stride
                      : static_cast<ptrdiff_t>(width) * bands * static_cast<ptrdiff_t>(sample_bytes(type))),
      type_(type) {}

Status MemoryImageSource::read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) {
    if (y > height_ || count > height_ - y)
        return Status(ErrorCode::invalid_argument, "rows outside the picture");
    const size_t size = sample_bytes(type_), pixel = size * static_cast<size_t>(bands_);
    for (uint32_t i = 0; i < count; ++i) {
        const uint8_t* row = pixels_ + (static_cast<ptrdiff_t>(y) + i) * row_stride_;
        for (const int band : bands) {
            const uint8_t* in = row + static_cast<size_t>(band) * size;
            for (uint32_t x = 0; x < width_; ++x, in += pixel, out += size) std::memcpy(out, in, size);
        }
    }
    return Status();
}

}  // namespace nae
