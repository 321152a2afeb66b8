// The `photo` model: a variable-rate mean-and-scale hyperprior codec with a light decoder.
//
// Latent model after Minnen et al. 2018 ("Joint autoregressive and hierarchical priors", without the context model);
// variable rate by learned per-channel gains after Cui et al. 2021 ("Asymmetric gained deep image compression").
// The four transforms are float graphs (codec/float_graph.h): the same graph object is trained here, exported, and
// run by the encoder.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "codec/latent_quantiser.h"
#include "codec/restoration_filter.h"
#include "codec/torch/graph_runner.h"
#include "codec/torch/libtorch.h"
#include "training/flat_adam.h"
#include "training/pca_start.h"
#include "training/restoration_batch.h"

namespace nae::training {

struct PhotoConfig {
    int latent_channels = 512;
    int hyper_channels = 128;
    int anchors = 12;  // gain anchors over QUALITY 1..100
    double lambda_low =
        kDistortionWeightLow;  // at QUALITY 1:   loss = lambda · MSE (8-bit units) + bits per pixel
    double lambda_high = kDistortionWeightHigh;       // at QUALITY 100
    int encoder_width8 = 128, encoder_blocks8 = 3;    // at 1/8 resolution
    int encoder_width16 = 192, encoder_blocks16 = 2;  // at 1/16
    int decoder_width16 = 96, decoder_blocks16 = 3;
    int decoder_width8 = 64, decoder_blocks8 = 1;
    bool context = true;         // every other position of the latent is predicted again from its neighbours
    int context_channels = 192;  // of the latent, that it looks at: the first ones
    int context_width = 128;
    bool lapped = true;  // blocks of 16 x 16 pixels overlap (lapped_blocks.h)
    int known_channels() const { return std::min(context_channels, latent_channels); }
    // Of the entropy tables, whose scales are what the context network's input and output are measured by
    // (codec/latent_context.h): predicted scales below are certain zero (quantisation steps).
    double smallest_scale = 0.12;
};

// What the context network has to do with: a raster of symbols with scales (log2, in quantisation steps), as the decoder sees
// them (codec/latent_context.h). Tensors [N, C, h, w].
struct ContextView {
    torch::Tensor second;  // [1, 1, h, w]: 1 at the positions that are coded second, else 0
    torch::Tensor scale;   // that of the table each value has; 0: certain zero
    torch::Tensor known;   // the first positions' symbols in multiples of that
};
ContextView context_view(const torch::Tensor& log2_scale, const torch::Tensor& symbols,
                         double smallest_scale);

// One real latent unit is this many 8-bit grey levels of an orthonormal transform coefficient.
constexpr double kLatentUnit = 64.0;

enum class Part { analysis, hyper_analysis, hyper_synthesis, synthesis, context };
constexpr size_t kParts = 5;

class PhotoModel {
  public:
    // Registers every parameter with `optimiser` (not yet sealed); `start` gives the initial linear transform.
    PhotoModel(const PhotoConfig& config, const PcaStart& start, FlatAdam& optimiser);

    // The same model for another thread: it sees the same values, updates of the optimiser included, but gathers
    // gradients of its own (leaves(), in the order of the optimiser's parameters) and draws its noise from `seed`.
    PhotoModel replica(uint64_t seed) const;
    const std::vector<torch::Tensor>& leaves() const { return leaves_; }

    struct Output {
        torch::Tensor bits_y, bits_z;  // [N] bits per picture
        torch::Tensor
            mse;  // [N] mean squared error in 8-bit units; undefined in training where neither transform learns
    };
    // blocks: [N, 192, H/8, W/8] as Batch::blocks, H and W multiples of 64; quality: [N] in [0, 1] (QUALITY 1..100).
    // Symbols are chosen as the encoder does; training adds what gives them a gradient (see the function).
    Output forward(const torch::Tensor& blocks, const torch::Tensor& quality, bool training) const;

    // From now on what the filter makes of the reconstruction is judged, not the reconstruction itself. whole_batches: by
    // RestorationTensors, without which it is on the CPU only.
    void use_restoration(std::shared_ptr<const RestorationFilter> filter, int output_frac_bits,
                         bool whole_batches);

    // Multiplications of a forward pass per pixel of the pictures: of all networks, those that learn counted three times, as their
    // backward pass takes twice as many. The restoration filter and the rates are left out.
    double macs_per_pixel_of_a_step() const;

    double lambda(double quality) const;
    const PhotoConfig& config() const { return config_; }

    // For the exporter: graphs (structure) and the optimiser's parameter index of each node's weight and bias.
    const FloatGraph& net(Part p) const { return nets_[size_t(p)]; }
    struct NodeParameters {
        int weight = -1, bias = -1;
        // Of some nodes of the encoder's networks, [out, anchors]: what the quality does (codec/quality_affine.h).
        int scale = -1, shift = -1;
    };
    const std::vector<NodeParameters>& node_parameters(Part p) const { return node_parameters_[size_t(p)]; }
    // Channels of the hyper-synthesis' output behind means and log2 scales, which the context network reads.
    int context_features() const;
    // The analysis node that holds the linear transform.
    int linear_analysis_node() const { return 3; }
    int gain_parameter() const { return gain_; }                // [C, K] log2 gain of the latent
    int hyper_gain_parameter() const { return hyper_gain_; }    // [Cz, K]
    int hyper_scale_parameter() const { return hyper_scale_; }  // [Cz] log2 scale of the hyper-latent
    // [8, 8] of lap_blocks(): before the analysis, after the synthesis; -1 where blocks do not overlap.
    int analysis_lap_parameter() const { return analysis_lap_; }
    int synthesis_lap_parameter() const { return synthesis_lap_; }

  private:
    torch::Tensor run(Part p, const torch::Tensor& x, const torch::Tensor& quality, int first_node) const;
    // The synthesis' output in the order of Batch::blocks. constant_weights: gradients go to the latent alone.
    torch::Tensor synthesise(const torch::Tensor& latent, bool constant_weights) const;
    // [N] mean squared error in 8-bit units.
    torch::Tensor distortion(const torch::Tensor& blocks, const torch::Tensor& latent,
                             const torch::Tensor& quality, bool training) const;
    // What the latent is coded with.
    struct Prediction {
        torch::Tensor mean, log2_scale;  // [N, C, h, w], real latent units
    };
    // The prediction of all positions when the symbols of the first squares are known.
    Prediction with_context(const Prediction& before, const torch::Tensor& features,
                            const torch::Tensor& symbols, const torch::Tensor& gain) const;
    // Symbols for v as the encoder chooses them under this scale, with the gradient of v.
    torch::Tensor symbols_of(const torch::Tensor& v, const torch::Tensor& scale,
                             const torch::Tensor& quality) const;
    bool learns(Part p) const;
    torch::Tensor quantiser_weight(const torch::Tensor& quality, const torch::Tensor& scale) const;
    torch::Tensor gains(int parameter, const torch::Tensor& quality) const;  // [N, C, 1, 1] log2
    torch::Tensor noise_like(const torch::Tensor& t) const;                  // uniform in [-½, ½)
    const torch::Tensor& leaf(int parameter) const { return leaves_[size_t(parameter)]; }
    void take_leaves();  // into tensors_

    PhotoConfig config_;
    torch::ScalarType working_type_;
    std::vector<torch::Tensor> leaves_;
    c10::optional<at::Generator> noise_;   // none: LibTorch's own
    std::array<FloatGraph, kParts> nets_;  // without a context the last one is empty
    std::array<std::vector<NodeParameters>, kParts> node_parameters_;
    std::array<std::vector<NodeTensors>, kParts> tensors_;
    int gain_ = -1, hyper_gain_ = -1, hyper_scale_ = -1;
    int analysis_lap_ = -1, synthesis_lap_ = -1;
    std::shared_ptr<const RestorationFilter> restoration_;  // null: none
    int output_frac_bits_ = 0;
    std::shared_ptr<const RestorationTensors> restoration_tensors_;  // null: picture by picture
};

}  // namespace nae::training
