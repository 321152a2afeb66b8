// Random crops for training and fixed ones for validation, taken straight from a packed file.
#pragma once

#include <random>

#include "codec/torch/libtorch.h"
#include "training/packed_pictures.h"

namespace nae::training {

struct Batch {
    // [N, 192, S/8, S/8] channels-last float32: pixels as (p - 128) / 128 in space-to-depth order of block 8,
    // channel = (dy·8 + dx)·3 + colour. Training needs no other order: the loss does not care.
    torch::Tensor blocks;
};

// Where a crop is taken from and how it is turned.
struct CropPlan {
    const PackedEntry* entry = nullptr;
    int x = 0, y = 0;  // top left corner
    int dihedral = 0;  // bits: 1 mirrored, 2 upside down, 4 then x and y swapped
    bool gray = false;
};

class CropSampler {
  public:
    // size: crop side in pixels, a multiple of 64. gray_share: share of crops turned gray (R = G = B).
    CropSampler(const PackedPictures& pictures, int size, double gray_share, uint64_t seed);

    Batch training_batch(int n);
    // Where the next crops of training_batch() are, or smaller ones.
    std::vector<CropPlan> draw(int n, int size);
    std::vector<CropPlan> draw(int n) { return draw(n, size_); }
    // The crop of a plan of that size, as 8-bit RGB pixels, row by row.
    std::vector<uint8_t> pixels(const CropPlan& plan, int size) const;
    // The centre crops of up to `n` held-out pictures (level 0 and 1 only), always the same.
    Batch validation_batch(int n, int size) const;
    // Random training crops of another size, from a fixed seed.
    Batch calibration_batch(int n, int size) const;
    // Those of calibration_batch() as 8-bit RGB pixels, row by row.
    std::vector<std::vector<uint8_t>> calibration_pixels(int n, int size) const;
    // The same held-out crops as validation_batch, as 8-bit RGB pixels.
    std::vector<std::vector<uint8_t>> validation_pixels(int n, int size) const;
    // How many crops that gives.
    size_t held_out_count(int n, int size) const { return held_out(n, size).size(); }
    bool empty() const { return train_.empty(); }
    void reseed(uint64_t seed) { rng_.seed(seed); }

  private:
    std::vector<const PackedEntry*> held_out(int n, int size) const;
    void write_crop(const PackedEntry& e, int x0, int y0, int size, int dihedral, bool gray,
                    float* out) const;

    const PackedPictures& pictures_;
    int size_;
    double gray_share_;
    std::mt19937_64 rng_;
    std::vector<const PackedEntry*> train_, validation_;
    std::discrete_distribution<size_t> pick_;
};

}  // namespace nae::training
