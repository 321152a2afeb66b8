#include "training/post_filter_batch.h"

#include <random>
#include <utility>

namespace nae::training {
namespace {

struct Place {
    int y = 0, x = 0;
    int dihedral = 0;  // bits: 1 mirrored, 2 upside down, 4 then x and y swapped
};

PostFilterBatch empty_batch(int n, int size) {
    const auto pixels = [&] { return torch::empty({n, size, size, 3}).permute({0, 3, 1, 2}); };
    return {pixels(), pixels(), torch::empty({n})};
}

void write_part(const CodedCropView& crop, const CodedCropsHead& head, const Place& part, int size,
                int64_t at, PostFilterBatch& batch) {
    const float unit = 1.F / float(1 << head.frac_bits);
    const auto side = size_t(head.size), count = size_t(size);
    float* decoded = batch.decoded.data_ptr<float>() + size_t(at) * count * count * 3;
    float* original = batch.original.data_ptr<float>() + size_t(at) * count * count * 3;
    for (size_t y = 0; y < count; ++y)
        for (size_t x = 0; x < count; ++x) {
            size_t sx = (part.dihedral & 1) ? count - 1 - x : x, sy = (part.dihedral & 2) ? count - 1 - y : y;
            if (part.dihedral & 4) std::swap(sx, sy);
            const size_t from = ((size_t(part.y) + sy) * side + size_t(part.x) + sx) * 3;
            for (size_t c = 0; c < 3; ++c) {
                *decoded++ = float(crop.decoded[from + c]) * unit;
                *original++ = float(crop.original[from + c]) - 128.F;
            }
        }
    batch.quality[at] = float(crop.quality_centi) / 100.F;
}

}  // namespace

PostFilterBatch draw_post_filter_batch(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                       int n, int size, uint64_t seed) {
    std::mt19937_64 rng(seed * 0x9E3779B97F4A7C15U + 1);  // seeds that follow one another, far apart
    std::uniform_int_distribution<size_t> which(0, crops.size() - 1);
    std::uniform_int_distribution<int> place(0, (int(head.size) - size) / 2), turn(0, 7);
    PostFilterBatch batch = empty_batch(n, size);
    for (int i = 0; i < n; ++i) {
        const CodedCropView& crop = crops[which(rng)];
        Place part;
        part.y = 2 * place(rng);
        part.x = 2 * place(rng);
        part.dihedral = turn(rng);
        write_part(crop, head, part, size, i, batch);
    }
    return batch;
}

PostFilterBatch whole_crop(const CodedCropView& crop, const CodedCropsHead& head) {
    PostFilterBatch batch = empty_batch(1, int(head.size));
    write_part(crop, head, Place(), int(head.size), 0, batch);
    return batch;
}

}  // namespace nae::training
