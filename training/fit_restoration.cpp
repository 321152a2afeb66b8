#include "training/fit_restoration.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/encoder.h"
#include "codec/engine_kernels.h"
#include "codec/float_shadow.h"
#include "codec/symbol_search.h"
#include "codec/thread_pool.h"
#include "codec/tile_codec.h"
#include "format/byte_sink.h"
#include "training/crop_decoder.h"
#include "training/in_process_analysis.h"

namespace nae::training {
namespace {

constexpr int kUnknowns = 2 * kRestorationPairs;  // of a class: linear weights, then clipped ones
constexpr int kMargin = kRestorationReach;
constexpr std::array<int, 6> kClips = {2, 4, 6, 8, 12, 16};  // grey levels
constexpr double kMostWeight = kMaxRestorationWeight / kUnknowns;
constexpr int kClipSample = 8;  // the clip is chosen on one block in so many

// What the decoder has made of a crop, with a margin in which its outermost pixels repeat.
struct Decoded {
    std::vector<int16_t> values;
    double weight = 1;
};

// Normal equations of one class.
struct Equations {
    std::array<std::array<double, kUnknowns>, kUnknowns> products{};
    std::array<double, kUnknowns> right{};
    double energy = 0;
};
using Weights = std::array<double, kUnknowns>;

// By Cholesky's decomposition, with a ridge that classes without pixels need.
Weights solve(const Equations& e) {
    std::array<std::array<double, kUnknowns>, kUnknowns> l{};
    double trace = 1e-9;
    for (int i = 0; i < kUnknowns; ++i) trace += e.products[size_t(i)][size_t(i)];
    const double ridge = 1e-6 * trace / kUnknowns;
    Weights w{};
    for (size_t i = 0; i < kUnknowns; ++i) {
        for (size_t j = 0; j <= i; ++j) {
            double sum = e.products[i][j] + (i == j ? 1e-3 * e.products[i][i] + ridge : 0.0);
            for (size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? std::sqrt(std::max(sum, ridge)) : sum / l[j][j];
        }
        double sum = e.right[i];
        for (size_t k = 0; k < i; ++k) sum -= l[i][k] * w[k];
        w[i] = sum / l[i][i];
    }
    for (size_t i = kUnknowns; i-- > 0;) {
        for (size_t k = i + 1; k < kUnknowns; ++k) w[i] -= l[k][i] * w[k];
        w[i] /= l[i][i];
    }
    return w;
}

// Squared error that these weights take away.
double gain(const Equations& e, const Weights& w) {
    double sum = 0;
    for (size_t i = 0; i < kUnknowns; ++i) {
        double product = 0;
        for (size_t j = 0; j < kUnknowns; ++j) product += e.products[i][j] * w[j];
        sum += w[i] * (2 * e.right[i] - product);
    }
    return sum;
}

class Fitter {
  public:
    Fitter(const Model& model, const std::vector<std::vector<uint8_t>>& crops, int size)
        : model_(model),
          crops_(crops),
          size_(size),
          row_(ptrdiff_t(size + 2 * kMargin) * 3),
          frac_bits_(model.output_frac_bits) {}

    Result<RestorationSet> fit(const ReadyModelPtr& ready, double quality, int activities) {
        NAE_RETURN_IF_ERROR(decode(ready, quality));
        RestorationSet set;
        choose_thresholds(activities, set);
        double best = -1;
        int best_clip = 0;
        for (const int clip : kClips) {
            const double taken = fit_weights(clip, kClipSample, set);
            if (taken > best) best = taken, best_clip = clip;
        }
        const double taken = fit_weights(best_clip, 1, set);
        std::printf("restoration at quality %5.1f: clip %2d, %.3f dB on the pictures it is fitted to\n",
                    quality, best_clip, -10 * std::log10(1 - taken));
        std::fflush(stdout);
        return set;
    }

  private:
    // What the decoder makes of all crops at a quality.
    Status decode(const ReadyModelPtr& ready, double quality) {
        const int centi = int(std::lround(quality * 100));
        EncoderOptions options;
        SymbolKeeper keeper;
        options.model = ready;
        options.quality = quality;
        options.threads = 1;
        options.observer = &keeper;
        const auto analysis = with_symbol_search(std::make_unique<InProcessAnalysis>(model_, centi),
                                                 float_shadow(model_.synthesis),
                                                 1.0F / float(1 << frac_bits_), model_.lap.empty(), 1);
        options.analysis = analysis.get();
        NAE_ASSIGN_OR_RETURN(const std::unique_ptr<TileCodec> codec,
                             TileCodec::create(ready, centi, Limits(), EngineLevel::automatic));
        decoded_.assign(crops_.size(), Decoded());
        double mean = 0;
        std::vector<double> errors;
        for (size_t i = 0; i < crops_.size(); ++i) {
            MemoryImageSource image(crops_[i].data(), uint32_t(size_), uint32_t(size_), 3);
            MemorySink unused;
            NAE_RETURN_IF_ERROR(encode(options, image, Metadata(), unused));
            NAE_RETURN_IF_ERROR(synthesise(*codec, keeper.last, decoded_[i]));
            errors.push_back(error_of(i));
            mean += errors.back() / double(crops_.size());
        }
        // A crop of hardly any error must not weigh more than all others.
        for (size_t i = 0; i < crops_.size(); ++i) decoded_[i].weight = 1 / (errors[i] + mean / 4);
        return Status();
    }

    // The model's filter is not there yet.
    Status synthesise(const TileCodec& codec, const TileSymbols& tile, Decoded& out) const {
        Tensor16 pixels;
        NAE_RETURN_IF_ERROR(decode_crop(codec, tile, size_, pixels));
        const int side = size_ + 2 * kMargin;
        out.values.resize(size_t(row_) * size_t(side) + kTensorSlack);
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x)
                for (int c = 0; c < 3; ++c)
                    out.values[size_t(y * row_ + 3 * x + c)] = pixels.at(
                        std::clamp(y - kMargin, 0, size_ - 1), std::clamp(x - kMargin, 0, size_ - 1), c);
        return Status();
    }

    const int16_t* at(const Decoded& d, int y, int x) const {
        return d.values.data() + (y + kMargin) * row_ + ptrdiff_t(3) * (x + kMargin);
    }
    // The original, in the decoder's units.
    int original(size_t crop, int y, int x, int c) const {
        return (crops_[crop][(size_t(y) * size_t(size_) + size_t(x)) * 3 + size_t(c)] - 128) *
               (1 << frac_bits_);
    }

    double error_of(size_t crop) const {
        double sum = 0;
        for (int y = 0; y < size_; ++y)
            for (int x = 0; x < size_; ++x)
                for (int c = 0; c < 3; ++c)
                    sum += std::pow(original(crop, y, x, c) - at(decoded_[crop], y, x)[c], 2);
        return sum / (3.0 * size_ * size_);
    }

    template <class Body>
    void for_each_block(int step, Body body) const {
        int64_t count = 0;
        for (size_t i = 0; i < crops_.size(); ++i)
            for (int y = 0; y < size_; y += kRestorationBlock)
                for (int x = 0; x < size_; x += kRestorationBlock)
                    if (count++ % step == 0) body(i, y, x);
    }

    void choose_thresholds(int activities, RestorationSet& set) const {
        std::vector<uint32_t> all;
        for_each_block(1, [&](size_t i, int y, int x) {
            const BlockActivity a = block_activity(at(decoded_[i], y, x), row_, frac_bits_);
            all.push_back(uint32_t(a[0] + a[1]));
        });
        std::sort(all.begin(), all.end());
        set.thresholds.clear();
        for (int k = 1; k < activities; ++k)
            set.thresholds.push_back(all[all.size() * size_t(k) / size_t(activities)]);
    }

    // Share of the weighted squared error that the filter takes away.
    double fit_weights(int clip_levels, int step, RestorationSet& set) const {
        const int clip = clip_levels << frac_bits_;
        set.clip = int16_t(clip);
        const size_t classes = (set.thresholds.size() + 1) * kRestorationDirections;
        std::vector<Equations> equations(classes);
        std::array<ptrdiff_t, kRestorationPairs> offsets;
        for (size_t k = 0; k < offsets.size(); ++k)
            offsets[k] = kRestorationOffsets[k].dy * row_ + ptrdiff_t(3) * kRestorationOffsets[k].dx;
        for_each_block(step, [&](size_t i, int y0, int x0) {
            const Decoded& d = decoded_[i];
            Equations& e =
                equations[size_t(restoration_class(set, block_activity(at(d, y0, x0), row_, frac_bits_)))];
            std::array<std::array<float, kUnknowns>, kUnknowns> products{};
            for (int y = y0; y < y0 + kRestorationBlock; ++y) {
                for (int x = x0; x < x0 + kRestorationBlock; ++x) {
                    for (int c = 0; c < 3; ++c) {
                        const int16_t* v = at(d, y, x) + c;
                        std::array<float, kUnknowns> f;
                        for (size_t k = 0; k < offsets.size(); ++k) {
                            const int before = v[offsets[k]] - *v, after = v[-offsets[k]] - *v;
                            f[k] = float(before + after);
                            f[k + kRestorationPairs] =
                                float(std::clamp(before, -clip, clip) + std::clamp(after, -clip, clip));
                        }
                        const float off = float(original(i, y, x, c) - *v);
                        for (size_t a = 0; a < kUnknowns; ++a) {
                            for (size_t b = 0; b < kUnknowns; ++b) products[a][b] += f[a] * f[b];
                            e.right[a] += d.weight * double(f[a] * off);
                        }
                        e.energy += d.weight * double(off * off);
                    }
                }
            }
            for (size_t a = 0; a < kUnknowns; ++a)
                for (size_t b = 0; b < kUnknowns; ++b) e.products[a][b] += d.weight * double(products[a][b]);
        });
        set.taps.assign(classes, RestorationTaps());
        double taken = 0, energy = 0;
        for (size_t c = 0; c < classes; ++c) {
            Weights w = solve(equations[c]);
            for (double& v : w)
                v = std::clamp(std::round(v * (1 << kRestorationShift)), -kMostWeight, kMostWeight);
            for (size_t k = 0; k < kRestorationPairs; ++k)
                set.taps[c][k] = {int16_t(w[k]), int16_t(w[k + kRestorationPairs])};
            for (double& v : w) v /= 1 << kRestorationShift;
            taken += gain(equations[c], w);
            energy += equations[c].energy;
        }
        return taken / energy;
    }

    const Model& model_;
    const std::vector<std::vector<uint8_t>>& crops_;
    const int size_;
    const ptrdiff_t row_;
    const int frac_bits_;
    std::vector<Decoded> decoded_;
};

}  // namespace

std::string fit_restoration(Model& model, const std::vector<std::vector<uint8_t>>& crops, int size,
                            const RestorationOptions& options) {
    model.restoration = RestorationFilter();
    Model without = model;
    without.post_filter = PostFilter();  // which comes after the filter
    const auto ready = prepare_model(std::move(without), "model");
    if (!ready.ok()) return ready.status().message();
    RestorationFilter filter;
    filter.activities = options.activities;
    // A quality for each thread, the finest, which takes longest, first.
    filter.sets.resize(size_t(options.sets));
    const Status fitted = ThreadPool().parallel_for(options.sets, [&](int64_t i) {
        const int k = options.sets - 1 - int(i);
        const double quality = options.sets == 1 ? 50 : 1 + 99.0 * k / (options.sets - 1);
        NAE_ASSIGN_OR_RETURN(filter.sets[size_t(k)],
                             Fitter(model, crops, size).fit(ready.value(), quality, options.activities));
        return Status();
    });
    if (!fitted.ok()) return fitted.message();
    model.restoration = std::move(filter);
    return {};
}

}  // namespace nae::training
