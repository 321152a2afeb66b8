#include "training/crop_sampler.h"

#include <ATen/Parallel.h>

#include <cmath>

namespace nae::training {

CropSampler::CropSampler(const PackedPictures& pictures, int size, double gray_share, uint64_t seed)
    : pictures_(pictures), size_(size), gray_share_(gray_share), rng_(seed) {
    std::vector<double> weight;
    for (const PackedEntry& e : pictures.entries()) {
        if (e.flags & kFlagValidation) {
            if (e.level < 2) validation_.push_back(&e);
            continue;
        }
        if (int(e.width) < size || int(e.height) < size) continue;
        // By area, so that every pixel is as likely as another; unreduced JPEG sources count less because of
        // their compression traces, reduced copies count more because they are sharp and clean.
        const double trust = e.level > 0 ? 2.0 : (e.flags & kFlagLossless) ? 1.0 : 0.5;
        train_.push_back(&e);
        weight.push_back(trust * e.width * e.height);
    }
    pick_ = std::discrete_distribution<size_t>(weight.begin(), weight.end());
}

namespace {

// BT.601 luma.
int gray_of(const uint8_t* p) { return (p[0] * 77 + p[1] * 150 + p[2] * 29 + 128) >> 8; }

}  // namespace

void CropSampler::write_crop(const PackedEntry& e, int x0, int y0, int size, int dihedral, bool gray,
                             float* out) const {
    const uint8_t* px = pictures_.pixels(e);
    const int cells = size / 8;
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            int sx = (dihedral & 1) ? size - 1 - x : x;
            int sy = (dihedral & 2) ? size - 1 - y : y;
            if (dihedral & 4) std::swap(sx, sy);
            const uint8_t* p = px + (size_t(y0 + sy) * e.width + size_t(x0 + sx)) * 3;
            float* o =
                out +
                ((size_t(y / 8) * size_t(cells) + size_t(x / 8)) * 64 + size_t((y % 8) * 8 + x % 8)) * 3;
            if (gray) {
                o[0] = o[1] = o[2] = (float(gray_of(p)) - 128.f) / 128.f;
            } else {
                for (int c = 0; c < 3; ++c) o[c] = (float(p[c]) - 128.f) / 128.f;
            }
        }
    }
}

std::vector<CropPlan> CropSampler::draw(int n, int size) {
    std::vector<CropPlan> plan;
    for (int i = 0; i < n; ++i) {
        const PackedEntry* e = train_[pick_(rng_)];
        std::uniform_int_distribution<int> dx(0, int(e->width) - size), dy(0, int(e->height) - size),
            d8(0, 7);
        std::bernoulli_distribution g(gray_share_);
        plan.push_back({e, dx(rng_), dy(rng_), d8(rng_), g(rng_)});
    }
    return plan;
}

Batch CropSampler::training_batch(int n) {
    const int cells = size_ / 8;
    torch::Tensor t = torch::empty({n, cells, cells, 192});
    const std::vector<CropPlan> plan = draw(n);
    float* out = t.data_ptr<float>();
    const size_t stride = size_t(size_) * size_t(size_) * 3;
    at::parallel_for(0, n, 1, [&](int64_t b, int64_t end) {
        for (; b < end; ++b) {
            const CropPlan& p = plan[size_t(b)];
            write_crop(*p.entry, p.x, p.y, size_, p.dihedral, p.gray, out + size_t(b) * stride);
        }
    });
    return {t.permute({0, 3, 1, 2})};
}

std::vector<const PackedEntry*> CropSampler::held_out(int n, int size) const {
    std::vector<const PackedEntry*> use;
    for (const PackedEntry* e : validation_)
        if (int(e->width) >= size && int(e->height) >= size && int(use.size()) < n) use.push_back(e);
    return use;
}

Batch CropSampler::validation_batch(int n, int size) const {
    const std::vector<const PackedEntry*> use = held_out(n, size);
    const int cells = size / 8;
    torch::Tensor t = torch::empty({int64_t(use.size()), cells, cells, 192});
    for (size_t i = 0; i < use.size(); ++i)
        write_crop(*use[i], (int(use[i]->width) - size) / 2, (int(use[i]->height) - size) / 2, size, 0, false,
                   t.data_ptr<float>() + i * size_t(size) * size_t(size) * 3);
    return {t.permute({0, 3, 1, 2})};
}

std::vector<std::vector<uint8_t>> CropSampler::validation_pixels(int n, int size) const {
    std::vector<std::vector<uint8_t>> out;
    for (const PackedEntry* e : held_out(n, size)) {
        std::vector<uint8_t> crop;
        const size_t x0 = (e->width - uint32_t(size)) / 2, y0 = (e->height - uint32_t(size)) / 2;
        for (size_t y = 0; y < size_t(size); ++y) {
            const uint8_t* row = pictures_.pixels(*e) + ((y0 + y) * e->width + x0) * 3;
            crop.insert(crop.end(), row, row + size_t(size) * 3);
        }
        out.push_back(std::move(crop));
    }
    return out;
}

std::vector<uint8_t> CropSampler::pixels(const CropPlan& plan, int size) const {
    std::vector<uint8_t> out;
    out.reserve(size_t(size) * size_t(size) * 3);
    for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
            int sx = (plan.dihedral & 1) ? size - 1 - x : x;
            int sy = (plan.dihedral & 2) ? size - 1 - y : y;
            if (plan.dihedral & 4) std::swap(sx, sy);
            const uint8_t* p = pictures_.pixels(*plan.entry) +
                               (size_t(plan.y + sy) * plan.entry->width + size_t(plan.x + sx)) * 3;
            for (int c = 0; c < 3; ++c) out.push_back(plan.gray ? uint8_t(gray_of(p)) : p[c]);
        }
    return out;
}

Batch CropSampler::calibration_batch(int n, int size) const {
    CropSampler other(pictures_, size, gray_share_, 12345);
    return other.training_batch(n);
}

std::vector<std::vector<uint8_t>> CropSampler::calibration_pixels(int n, int size) const {
    const torch::Tensor blocks = calibration_batch(n, size).blocks.permute({0, 2, 3, 1}).contiguous();
    const int cells = size / 8;
    std::vector<std::vector<uint8_t>> out;
    for (int i = 0; i < n; ++i) {
        const float* in = blocks.data_ptr<float>() + size_t(i) * size_t(size) * size_t(size) * 3;
        std::vector<uint8_t> crop(size_t(size) * size_t(size) * 3);
        for (int cell = 0; cell < cells * cells; ++cell)
            for (int sample = 0; sample < 192; ++sample) {
                const int y = cell / cells * 8 + sample / 24, x = cell % cells * 8 + sample / 3 % 8;
                crop[(size_t(y) * size_t(size) + size_t(x)) * 3 + size_t(sample % 3)] =
                    uint8_t(std::lround(*in++ * 128.f + 128.f));
            }
        out.push_back(std::move(crop));
    }
    return out;
}

}  // namespace nae::training
