// The restoration filter in training against the one of the decoder, and its gradient against differences.
#include "training/restoration.h"

#include <cmath>
#include <random>

#include "codec/engine_kernels.h"
#include "codec/restorer.h"
#include "tests/torch/catch_after_torch.h"
#include "tests/unit/random_restoration.h"
#include "training/restoration_batch.h"

using namespace nae;
using namespace nae::training;

namespace {

constexpr int kFracBits = 5;
constexpr int kSide = 24;

// [1, 192, 3, 3], channels last: whole units of the decoder's output, most of them between black and white.
torch::Tensor random_blocks(std::mt19937& rng) {
    torch::Tensor t = torch::empty({1, 3, 3, 192});
    std::uniform_int_distribution<int> noise(-200, 200), base(-4200, 4200);
    int level = 0;
    for (int64_t i = 0; i < t.numel(); ++i) {
        if (i % 96 == 0) level = base(rng);
        t.data_ptr<float>()[i] = float(level + noise(rng)) / (128 << kFracBits);
    }
    return t.permute({0, 3, 1, 2});
}

// By the decoder.
torch::Tensor decoded(const torch::Tensor& blocks, const RestorationFilter& filter, double quality) {
    Tensor16 cells(3, 3, 192);
    const torch::Tensor in = blocks.permute({0, 2, 3, 1}).contiguous();
    for (size_t i = 0; i < cells.data.size(); ++i)
        cells.data[i] = int16_t(std::lround(in.data_ptr<float>()[i] * (128 << kFracBits)));
    const Restorer restorer(filter, int(std::lround(100 + quality * 9900)), kFracBits, scalar_kernels());
    torch::Tensor out = torch::empty({1, 3, 3, 192});
    const Rect all{0, 0, kSide, kSide};
    const Status status = restorer.run(
        CellRows(cells, Rect{0, 0, 3, 3}, 8), all, {kSide, kSide}, all, nullptr,
        [&](int64_t y, const int16_t* rgb) {
            for (int64_t x = 0; x < kSide; ++x)
                for (int64_t c = 0; c < 3; ++c)
                    out.data_ptr<float>()[((y / 8 * 3 + x / 8) * 64 + y % 8 * 8 + x % 8) * 3 + c] =
                        float(rgb[3 * x + c]) / (128 << kFracBits);
            return Status();
        });
    REQUIRE(status.ok());
    return out.permute({0, 3, 1, 2});
}

// Weights as fitted ones are: a share of each neighbour.
RestorationFilter moderate_filter(std::mt19937& rng) {
    RestorationFilter filter = test::random_restoration(rng, 3, 4);
    for (RestorationSet& set : filter.sets)
        for (RestorationTaps& taps : set.taps)
            for (RestorationTap& tap : taps) tap = {int16_t(tap.linear % 90), int16_t(tap.clipped % 90)};
    return filter;
}

}  // namespace

TEST_CASE("The filter that is trained with is the decoder's, but for rounding") {
    std::mt19937 rng(1);
    for (int i = 0; i < 20; ++i) {
        const RestorationFilter filter = moderate_filter(rng);
        const torch::Tensor blocks = random_blocks(rng);
        const double quality = i / 19.0;
        const torch::Tensor expected = decoded(blocks, filter, quality);
        const torch::Tensor made = restore(blocks, torch::full({1}, quality), filter, kFracBits);
        // Luma is rounded in the decoder: a block at the very edge between two classes may fall on the other side.
        const torch::Tensor off = (made - expected).abs() * (128 << kFracBits);
        CHECK(off.le(1.01).to(torch::kFloat).mean().item<float>() > 0.95F);
        CHECK((blocks - expected).abs().mean().item<float>() >
              10 * off.median().item<float>() / (128 << kFracBits));
    }
}

TEST_CASE("The filter of whole batches and its gradient are those of single pictures") {
    std::mt19937 rng(3);
    const RestorationFilter filter = moderate_filter(rng);
    std::vector<torch::Tensor> pictures;
    for (int i = 0; i < 3; ++i) pictures.push_back(random_blocks(rng));
    const torch::Tensor quality = torch::tensor({0.05, 0.5, 1.0});
    const torch::Tensor weights = torch::randn({3, 192, 3, 3});
    const auto run = [&](const auto& filtered) {
        torch::Tensor in =
            torch::cat(pictures).contiguous(torch::MemoryFormat::ChannelsLast).set_requires_grad(true);
        const torch::Tensor out = filtered(in);
        (out * weights).sum().backward();
        return std::make_pair(out.detach(), in.grad());
    };
    const auto one_by_one =
        run([&](const torch::Tensor& in) { return restore(in, quality, filter, kFracBits); });
    const RestorationTensors tensors(filter, kFracBits, torch::kCPU);
    const auto batch = run([&](const torch::Tensor& in) { return tensors.restore(in, quality); });
    CHECK((one_by_one.first - torch::cat(pictures)).abs().mean().item<float>() > 1e-4F);
    CHECK(torch::allclose(batch.first, one_by_one.first, 1e-4, 1e-6));
    CHECK(torch::allclose(batch.second, one_by_one.second, 1e-4, 1e-5));
}

TEST_CASE("The gradient of the filter is that of differences") {
    std::mt19937 rng(2);
    const RestorationFilter filter = moderate_filter(rng);
    const torch::Tensor quality = torch::full({1}, 0.3);
    torch::Tensor blocks =
        (random_blocks(rng) * 0.7).contiguous(torch::MemoryFormat::ChannelsLast).set_requires_grad(true);
    const torch::Tensor weights = torch::randn({1, 192, 3, 3});
    const auto value = [&](const torch::Tensor& b) {
        return (restore(b, quality, filter, kFracBits) * weights).sum();
    };
    value(blocks).backward();
    const torch::Tensor gradient = blocks.grad();
    int checked = 0, close = 0;
    for (int i = 0; i < 200; ++i) {
        const int64_t c = int64_t(rng() % 192), y = int64_t(rng() % 3), x = int64_t(rng() % 3);
        const torch::NoGradGuard no_grad;
        // Small enough for few differences to cross the clip on the way, large against float's roundings.
        const double step = 1.0 / (128 << kFracBits);
        const auto moved = [&](double by) {
            torch::Tensor b = blocks.detach().clone();
            b[0][c][y][x] += by;
            return value(b).item<double>();
        };
        const double slope = (moved(step) - moved(-step)) / (2 * step);
        const double g = double(gradient[0][c][y][x].item<float>());
        ++checked;
        if (std::fabs(slope - g) < 0.02 * std::fabs(slope) + 0.05) ++close;
    }
    CHECK(close > 0.9 * checked);
}
