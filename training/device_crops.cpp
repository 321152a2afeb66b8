#include "training/device_crops.h"

namespace nae::training {

using torch::Tensor;

DeviceCrops::DeviceCrops(const PackedPictures& pictures, torch::Device device) : pictures_(pictures) {
    const auto bytes = pictures.bytes();
    // Where the device is the CPU this shares the packed file's memory, which is read only.
    pixels_ =
        torch::from_blob(const_cast<uint8_t*>(bytes.data), {int64_t(bytes.size)}, torch::kByte).to(device);
}

Tensor DeviceCrops::cut(const std::vector<CropPlan>& plans, int size) const {
    // Whatever the orientation, the pixel at (y, x) lies at start + y · down + x · right.
    const auto n = int64_t(plans.size());
    Tensor table = torch::empty({4, n}, torch::kLong);
    auto* const t = table.data_ptr<int64_t>();
    for (int64_t i = 0; i < n; ++i) {
        const CropPlan& p = plans[size_t(i)];
        const int64_t row = int64_t{3} * p.entry->width;
        const bool swapped = (p.dihedral & 4) != 0;
        int64_t right = swapped ? row : 3, down = swapped ? 3 : row;
        int64_t start = int64_t(p.entry->offset) + p.y * row + 3 * int64_t(p.x);
        if (p.dihedral & 1) start += right * (size - 1), right = -right;
        if (p.dihedral & 2) start += down * (size - 1), down = -down;
        t[i] = start;
        t[n + i] = down;
        t[2 * n + i] = right;
        t[3 * n + i] = p.gray;
    }
    table = table.to(pixels_.device());
    const auto column = [&](int64_t k) { return table[k].view({n, 1, 1, 1}); };
    const Tensor along = torch::arange(size, table.options());
    const Tensor at = column(0) + along.view({1, size, 1, 1}) * column(1) +
                      along.view({1, 1, size, 1}) * column(2) +
                      torch::arange(3, table.options()).view({1, 1, 1, 3});
    const Tensor rgb = pixels_.index_select(0, at.flatten()).view_as(at).to(torch::kFloat);
    const auto colour = [&](int64_t c) { return rgb.narrow(3, c, 1); };
    const Tensor luma =
        (colour(0) * 77 + colour(1) * 150 + colour(2) * 29 + 128).div_(256).floor_();  // BT.601
    return torch::where(column(3) > 0, luma, rgb);
}

Batch DeviceCrops::batch(const std::vector<CropPlan>& plans, int cut_size, int size) const {
    Tensor rgb = cut(plans, cut_size);
    if (cut_size != size) {
        const Tensor reduced = at::_upsample_bicubic2d_aa(rgb.permute({0, 3, 1, 2}), {size, size}, false);
        rgb = reduced.round().clamp(0, 255).permute({0, 2, 3, 1});
    }
    const auto n = int64_t(plans.size()), cells = int64_t(size / 8);
    const Tensor blocks = ((rgb - 128.0F) / 128.0F).reshape({n, cells, 8, cells, 8, 3}).transpose(2, 3);
    return {blocks.reshape({n, cells, cells, 192}).permute({0, 3, 1, 2})};
}

}  // namespace nae::training
