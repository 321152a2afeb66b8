#include "training/lapped_blocks.h"

namespace nae::training {
namespace {

using torch::Tensor;

// [N, cell rows, cell columns, rows, columns, colours]: two cells of 8 pixels make a block.
struct Direction {
    int64_t cells, pixels;  // dimensions
};
constexpr Direction kAcross{2, 4}, kDown{1, 3};

// The cells before and after each border between blocks.
Tensor before(const Tensor& x, Direction d) { return x.slice(d.cells, 1, x.size(d.cells) - 1, 2); }
Tensor after(const Tensor& x, Direction d) { return x.slice(d.cells, 2, x.size(d.cells) - 1, 2); }
Tensor differences(const Tensor& x, Direction d) { return before(x, d).flip(d.pixels) - after(x, d); }
// Half of what the differences change by goes to either side.
Tensor with_differences(const Tensor& x, const Tensor& change, Direction d) {
    Tensor out = x.clone();
    before(out, d).add_(change.flip(d.pixels), 0.5);
    after(out, d).sub_(change, 0.5);
    return out;
}
// Each column of pixels across a border times the matrix.
Tensor times(const Tensor& matrix, const Tensor& x, Direction d) {
    const Tensor last = x.transpose(d.pixels, 5);
    return torch::matmul(last, matrix.t()).transpose(d.pixels, 5);
}

class Lap : public torch::autograd::Function<Lap> {
  public:
    static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& matrix,
                          bool across) {
        const Direction d = across ? kAcross : kDown;
        const Tensor difference = differences(x, d);
        ctx->save_for_backward({difference, matrix});
        ctx->saved_data["across"] = across;
        return with_differences(x, times(matrix, difference, d), d);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = ctx->get_saved_variables();
        const Direction d = ctx->saved_data["across"].toBool() ? kAcross : kDown;
        const Tensor& upstream = gradients[0];
        const Tensor of_change = differences(upstream, d);
        const auto flat = [&](const Tensor& t) { return t.transpose(d.pixels, 5).reshape({-1, 8}); };
        const Tensor of_matrix = 0.5 * torch::mm(flat(of_change).t(), flat(saved[0]));
        return {with_differences(upstream, times(saved[1].t(), of_change, d), d), of_matrix, Tensor()};
    }
};

}  // namespace

Tensor lap_blocks(const Tensor& blocks, const Tensor& matrix) {
    const int64_t n = blocks.size(0), h = blocks.size(2), w = blocks.size(3);
    TORCH_CHECK(h % 2 == 0 && w % 2 == 0, "whole blocks");
    Tensor x = blocks.permute({0, 2, 3, 1}).reshape({n, h, w, 8, 8, 3});
    if (h > 2) x = Lap::apply(x, matrix, false);
    if (w > 2) x = Lap::apply(x, matrix, true);
    return x.reshape({n, h, w, 192}).permute({0, 3, 1, 2});
}

}  // namespace nae::training
