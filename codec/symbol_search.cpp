#include "codec/symbol_search.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "codec/engine_kernels.h"
#include "codec/gradient_graph.h"
#include "codec/region.h"

namespace nae {
namespace {

// What is seen of the curvature in pixels, in the end: measured along random changes it is that of the synthesis alone, and what
// follows takes some of them away. Fitted to J (latent_quantiser.h) of training pictures.
constexpr float kSeen = 0.5F;
// Symbols: further away the error's approximation means nothing.
constexpr float kFurthest = 3;
constexpr float kLeastCurvature = 1e-6F;
constexpr int64_t kCurvatureSide = 24;  // latent positions
// Change of all symbols at which the curvature is measured: small against a step, large against rounding errors.
constexpr float kProbe = 0.1F;
constexpr float kBlack = -128, kWhite = 127;       // of the decoder's output
constexpr float kAnything = 1 << 15;               // grey levels: no bound
constexpr int kCell = 16;                          // pixels per latent position and axis
constexpr size_t kCellValues = kCell * kCell * 3;  // of all its pixels
constexpr int64_t kPositionsAtOnce = 64;           // that a thread takes

// A number in [0, 1) that looks as if drawn by chance (the finaliser of SplitMix64, Steele et al. 2014).
float chance(uint64_t stream, uint64_t place) {
    uint64_t z = (stream << 40) + place + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<float>((z ^ (z >> 31)) >> 40) / 16777216.0F;
}
constexpr uint64_t kSigns = 1000;  // a stream that no round has

}  // namespace

// A window of the task, laid out for the network.
class SymbolSearch::Run {
  public:
    // window: latent positions of the task.
    Run(const FloatEngine& gradient, const Refinement& task, const Rect& window, ThreadPool& pool)
        : gradient_(gradient),
          t_(task),
          window_(window),
          pool_(pool),
          positions_(static_cast<size_t>(window.w * window.h)),
          channels_(static_cast<size_t>(task.channels)),
          row_(channels_ + 2 * kCellValues) {}

    // Targets, and what counts, in the order of the network's input.
    Status lay_out() {
        input_.resize(positions_ * row_);
        const size_t width = static_cast<size_t>(t_.w) * kCell;
        return for_positions([&](size_t p) {
            const size_t place = in_task(p), top = place / static_cast<size_t>(t_.w) * kCell,
                         left = place % static_cast<size_t>(t_.w) * kCell;
            float* target = input_.data() + p * row_ + channels_;
            float* counts = target + kCellValues;
            for (size_t i = 0; i < kCellValues; ++i) {
                const size_t pixel = i / 3, at = (top + pixel / kCell) * width + left + pixel % kCell;
                target[i] = -t_.target[3 * at + i % 3] / t_.pixel_unit;
                counts[i] = t_.counts[at];
            }
        });
    }

    // Diagonal of the error's Hessian J'J, the mean of each channel: v · J'J v for random signs v. J v comes from a small
    // step along v, and its J' from a target that it is off by. Half of it, in bits;
    // nothing where no position is free.
    Result<std::vector<float>> half_curvature(const int16_t* symbols) {
        NAE_ASSIGN_OR_RETURN(const FloatTensor at, evaluate(symbols, 0));
        NAE_ASSIGN_OR_RETURN(const FloatTensor moved, evaluate(symbols, kProbe));
        const size_t row = channels_ + kCellValues;
        NAE_RETURN_IF_ERROR(for_positions([&](size_t p) {
            float* target = input_.data() + p * row_ + channels_;
            const float* off = at.data.data() + p * row + channels_;
            const float* further = moved.data.data() + p * row + channels_;
            for (size_t i = 0; i < kCellValues; ++i) target[i] += (further[i] - off[i]) / kProbe - off[i];
        }));
        NAE_ASSIGN_OR_RETURN(const FloatTensor product, evaluate(symbols, 0));
        std::vector<double> sums(channels_, 0.0);
        double count = 0;
        for (size_t p = 0; p < positions_; ++p) {
            if (t_.free[in_task(p)] == 0) continue;
            ++count;
            for (size_t c = 0; c < channels_; ++c)
                sums[c] += static_cast<double>(product.data[p * row + c] * sign(p * channels_ + c));
        }
        if (count == 0) return std::vector<float>();
        std::vector<float> half(channels_);
        for (size_t c = 0; c < channels_; ++c)
            half[c] = std::max(0.0F, static_cast<float>(sums[c] / count) * t_.step[c] * error_weight());
        return half;
    }

    // The window must be all of the task.
    Status search(const std::vector<float>& half_curvature, const int16_t* symbols, float* target,
                  float* weight) {
        if (t_.go_on && !t_.go_on()) return Status(ErrorCode::cancelled, "the search was cancelled");
        NAE_ASSIGN_OR_RETURN(const FloatTensor at, evaluate(symbols, 0));
        return aim(at, half_curvature, symbols, target, weight);
    }

  private:
    // Errors and gradients come in units of the synthesis' output.
    float error_weight() const { return t_.bits_per_error * t_.pixel_unit * t_.pixel_unit; }

    // Number of a position of the window in the task.
    size_t in_task(size_t p) const {
        const auto w = static_cast<size_t>(window_.w);
        return (static_cast<size_t>(window_.y) + p / w) * static_cast<size_t>(t_.w) +
               static_cast<size_t>(window_.x) + p % w;
    }

    // What errors weigh at a position of the task.
    float emphasis(size_t place) const { return t_.emphasis == nullptr ? 1.0F : t_.emphasis[place]; }

    static float sign(size_t place) { return chance(kSigns, place) < 0.5F ? 1.0F : -1.0F; }

    template <class F>
    Status for_positions(F body) {
        return pool_.parallel_for(div_up(static_cast<int64_t>(positions_), kPositionsAtOnce),
                                  [&](int64_t part) {
                                      const auto first = static_cast<size_t>(part * kPositionsAtOnce);
                                      const size_t end = std::min(first + kPositionsAtOnce, positions_);
                                      for (size_t p = first; p < end; ++p) body(p);
                                      return Status();
                                  });
    }

    // Gradient and errors where every symbol has been changed by `probe` times its sign. symbols: of the whole task.
    Result<FloatTensor> evaluate(const int16_t* symbols, float probe) {
        NAE_RETURN_IF_ERROR(for_positions([&](size_t p) {
            float* latent = input_.data() + p * row_;
            const float* mean = t_.mean + in_task(p) * channels_;
            const int16_t* s = symbols + in_task(p) * channels_;
            for (size_t c = 0; c < channels_; ++c) {
                const float change = probe != 0 ? probe * sign(p * channels_ + c) : 0.0F;
                latent[c] = mean[c] + (static_cast<float>(s[c]) + change) * t_.step[c];
            }
        }));
        return gradient_.run(input_.data(), static_cast<int>(window_.h), static_cast<int>(window_.w), pool_);
    }

    Status aim(const FloatTensor& at, const std::vector<float>& half_curvature, const int16_t* symbols,
               float* target, float* weight) {
        return for_positions([&](size_t p) {
            if (t_.free[p] == 0) return;
            const float* gradient = at.data.data() + p * (channels_ + kCellValues);
            for (size_t c = 0; c < channels_; ++c) {
                const size_t i = p * channels_ + c;
                if (t_.index[i] == 0) continue;
                const float half = kSeen * emphasis(p) * std::max(half_curvature[c], kLeastCurvature);
                const float slope = 2 * gradient[c] * t_.step[c] * error_weight();
                // Symbols stay where the gradient is no number: a model may be anybody's.
                const float way =
                    std::isfinite(slope) ? std::clamp(-slope / (2 * half), -kFurthest, kFurthest) : 0.0F;
                target[i] = static_cast<float>(symbols[i]) + way;
                weight[i] = half;
            }
        });
    }

    const FloatEngine& gradient_;
    const Refinement& t_;
    const Rect window_;
    ThreadPool& pool_;
    const size_t positions_, channels_, row_;  // row_: values of a position of the network's input
    AlignedFloats input_;
};

Result<SymbolSearch> SymbolSearch::create(const FloatGraph& synthesis, float pixel_unit, bool held) {
    Limits limits;  // the encoder's own networks cost what they cost
    limits.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(const FloatGraph graph,
                         gradient_graph(synthesis, kCell, (held ? kBlack : -kAnything) / pixel_unit,
                                        (held ? kWhite : kAnything) / pixel_unit, limits));
    SymbolSearch out;
    out.pixel_unit_ = pixel_unit;
    out.channels_ = synthesis.nodes.front().channels;
    if (graph.nodes.front().channels != out.channels_ + 2 * static_cast<int>(kCellValues))
        return Status(ErrorCode::unsupported, "the synthesis does not give three channels");
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    NAE_ASSIGN_OR_RETURN(out.gradient_, FloatEngine::create(graph, precision, limits));
    return out;
}

Result<std::vector<float>> SymbolSearch::half_curvature(const Refinement& task, const int16_t* symbols,
                                                        ThreadPool& pool) const {
    // A mean over the middle is as good as one over everything.
    const int64_t h = std::min<int64_t>(task.h, kCurvatureSide),
                  w = std::min<int64_t>(task.w, kCurvatureSide);
    Run run(gradient_, task, Rect{(task.w - w) / 2, (task.h - h) / 2, w, h}, pool);
    NAE_RETURN_IF_ERROR(run.lay_out());
    return run.half_curvature(symbols);
}

Status SymbolSearch::run(const Refinement& task, const int16_t* symbols, float* target, float* weight,
                         ThreadPool& pool) {
    if (task.h < 1 || task.w < 1 || task.channels != channels_ || task.pixel_unit != pixel_unit_)
        return Status(ErrorCode::invalid_argument, "a refinement of nothing");
    if (half_curvature_.empty()) {
        NAE_ASSIGN_OR_RETURN(half_curvature_, half_curvature(task, symbols, pool));
        if (half_curvature_.empty())  // a strip between edges: nothing to move
            return Status(ErrorCode::unsupported, "no position is free");
    }
    Run run(gradient_, task, Rect{0, 0, task.w, task.h}, pool);
    NAE_RETURN_IF_ERROR(run.lay_out());
    return run.search(half_curvature_, symbols, target, weight);
}

namespace {

class SearchingBackend : public AnalysisBackend {
  public:
    SearchingBackend(std::unique_ptr<AnalysisBackend> inner, const FloatGraph& synthesis, float pixel_unit,
                     bool held, int threads)
        : inner_(std::move(inner)),
          synthesis_(synthesis),
          pixel_unit_(pixel_unit),
          held_(held),
          pool_(threads) {}

    int halo_px() const override { return inner_->halo_px(); }
    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        return inner_->run(graph, in, h, w, c, out, out_h, out_w, out_c);
    }
    Status run_part(const float* in, int h, int w, int c, const AnalysisPart& part, float* out,
                    ptrdiff_t out_row) override {
        return inner_->run_part(in, h, w, c, part, out, out_row);
    }
    std::unique_ptr<AnalysisStream> stream(int64_t h, int64_t w) override { return inner_->stream(h, w); }
    Status refine(const Refinement& task, const int16_t* symbols, float* target, float* weight) override {
        if (search_ == nullptr) {
            NAE_ASSIGN_OR_RETURN(SymbolSearch made, SymbolSearch::create(synthesis_, pixel_unit_, held_));
            search_ = std::make_unique<SymbolSearch>(std::move(made));
        }
        return search_->run(task, symbols, target, weight, pool_);
    }

  private:
    const std::unique_ptr<AnalysisBackend> inner_;
    const FloatGraph synthesis_;
    const float pixel_unit_;
    const bool held_;
    ThreadPool pool_;
    std::unique_ptr<SymbolSearch> search_;
};

}  // namespace

std::unique_ptr<AnalysisBackend> with_symbol_search(std::unique_ptr<AnalysisBackend> inner,
                                                    const FloatGraph& synthesis, float pixel_unit, bool held,
                                                    int threads) {
    return std::make_unique<SearchingBackend>(std::move(inner), synthesis, pixel_unit, held, threads);
}

}  // namespace nae
