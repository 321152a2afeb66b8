#include "training/photo_model.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "codec/entropy/table_builder.h"
#include "codec/latent_context.h"
#include "codec/latent_quantiser.h"
#include "training/lapped_blocks.h"
#include "training/rate.h"
#include "training/restoration.h"

namespace nae::training {
namespace {

using torch::Tensor;

// Builds a graph and, beside it, the initial values of its convolutions.
class NetBuilder {
  public:
    explicit NetBuilder(int channels) : graph_(channels), channels_{channels} {}

    enum class Start { he, zero };
    // He et al. 2015 initialisation for layers before a ReLU; zero for the last layer of a branch.
    int conv(int input, int out, int kernel, int stride, Start start, bool precise = false) {
        const int in = channels_[size_t(input)];
        Tensor w = torch::zeros({out, in, kernel, kernel});
        if (start == Start::he) w.normal_(0, std::sqrt(2.0 / (in * kernel * kernel)));
        const int id = conv_with(input, w, torch::zeros({out}), stride, precise);
        hidden_[size_t(id)] = true;
        return id;
    }
    int conv_with(int input, const Tensor& weight, const Tensor& bias, int stride, bool precise) {
        FloatConvParams p;
        p.out_channels = int(weight.size(0));
        p.kernel = int(weight.size(2));
        p.stride = stride;
        p.type = precise ? WeightType::f32 : WeightType::bf16;
        const int id = push(graph_.conv(input, std::move(p)), int(weight.size(0)));
        initial_[size_t(id)] = {weight, bias};
        names_[size_t(id)] = "conv" + std::to_string(others_++);
        return id;
    }
    int slice(int a, int begin, int channels) { return push(graph_.slice(a, begin, channels), channels); }
    int concat(int a, int b) {
        return push(graph_.concat({a, b}), channels_[size_t(a)] + channels_[size_t(b)]);
    }
    int relu(int a) { return push(graph_.relu(a), channels_[size_t(a)]); }
    int add(int a, int b) { return push(graph_.add(a, b), channels_[size_t(a)]); }
    int space_to_depth(int a, int b) {
        return push(graph_.space_to_depth(a, b), channels_[size_t(a)] * b * b);
    }
    int depth_to_space(int a, int b) {
        return push(graph_.depth_to_space(a, b), channels_[size_t(a)] / (b * b));
    }
    // The quality scales and shifts what this convolution gives.
    int with_affine(int node) {
        has_affine_[size_t(node)] = true;
        return node;
    }
    // x + conv(relu(conv(x))), the second convolution starting small so that the block starts near the identity. The block
    // keeps its name when others are put before it (earlier_shape.h).
    int residual(int a, const std::string& name) {
        const int c = channels_[size_t(a)];
        const int first = conv(a, c, 3, 1, Start::he), out = conv(relu(first), c, 3, 1, Start::he);
        names_[size_t(first)] = name + ".first";
        names_[size_t(out)] = name + ".second";
        others_ -= 2;
        initial_[size_t(out)].first.mul_(0.2);
        return add(a, out);
    }
    int residuals(int a, int count, const std::string& stage) {
        for (int i = 0; i < count; ++i) a = residual(a, stage + ".block" + std::to_string(i));
        return a;
    }

    FloatGraph take() { return graph_.take(); }
    const std::vector<std::pair<Tensor, Tensor>>& initial() const { return initial_; }
    // Of convolutions: the same in networks that differ in the number of residual blocks alone.
    const std::string& name(size_t node) const { return names_[node]; }
    // Convolutions of the branches, as opposed to the linear paths and the layers that speak in the latent's units.
    bool hidden(size_t node) const { return hidden_[node]; }
    bool has_affine(size_t node) const { return has_affine_[node]; }

  private:
    int push(int id, int channels) {
        channels_.resize(size_t(id) + 1);
        initial_.resize(size_t(id) + 1);
        hidden_.resize(size_t(id) + 1);
        has_affine_.resize(size_t(id) + 1);
        names_.resize(size_t(id) + 1);
        channels_[size_t(id)] = channels;
        return id;
    }
    FloatGraphBuilder graph_;
    std::vector<int> channels_;
    std::vector<std::pair<Tensor, Tensor>> initial_;
    std::vector<bool> hidden_, has_affine_;
    std::vector<std::string> names_;
    int others_ = 0;
};

using Start = NetBuilder::Start;

constexpr int kContextFeatures = 128;  // the hyper-synthesis' last hidden channels

NetBuilder build_analysis(const PhotoConfig& c, const Tensor& linear) {
    NetBuilder b(3);
    const int blocks8 = b.space_to_depth(0, 8);
    const int line = b.with_affine(
        b.conv_with(b.space_to_depth(blocks8, 2), linear, torch::zeros({c.latent_channels}), 1, true));
    int t = b.with_affine(b.conv(blocks8, c.encoder_width8, 1, 1, Start::he));
    t = b.residuals(t, c.encoder_blocks8, "at8");
    t = b.with_affine(b.conv(b.space_to_depth(b.relu(t), 2), c.encoder_width16, 1, 1, Start::he));
    t = b.residuals(t, c.encoder_blocks16, "at16");
    t = b.with_affine(b.conv(b.relu(t), c.latent_channels, 1, 1, Start::zero));
    b.add(line, t);
    return b;
}

NetBuilder build_synthesis(const PhotoConfig& c, const Tensor& linear, const Tensor& input_scale) {
    NetBuilder b(c.latent_channels);
    const int line =
        b.depth_to_space(b.conv_with(0, linear, torch::zeros({linear.size(0)}), 1, false), 2);  // 192 at 1/8
    // The branch sees every coefficient at about unit variance.
    Tensor w =
        torch::randn({c.decoder_width16, c.latent_channels, 1, 1}) / std::sqrt(double(c.latent_channels));
    int t = b.conv_with(0, w * input_scale.view({1, -1, 1, 1}), torch::zeros({c.decoder_width16}), 1, false);
    t = b.residuals(t, c.decoder_blocks16, "at16");
    t = b.depth_to_space(b.conv(b.relu(t), 4 * c.decoder_width8, 1, 1, Start::he), 2);
    t = b.residuals(t, c.decoder_blocks8, "at8");
    t = b.conv(b.relu(t), 192, 1, 1, Start::zero);
    b.depth_to_space(b.add(line, t), 8);
    return b;
}

NetBuilder build_hyper_analysis(const PhotoConfig& c, const Tensor& input_scale) {
    NetBuilder b(c.latent_channels);
    Tensor w = torch::randn({192, c.latent_channels, 1, 1}) * std::sqrt(2.0 / c.latent_channels);
    int t = b.relu(
        b.with_affine(b.conv_with(0, w * input_scale.view({1, -1, 1, 1}), torch::zeros({192}), 1, false)));
    t = b.relu(b.conv(t, 192, 3, 2, Start::he));
    b.conv(t, c.hyper_channels, 3, 2, Start::he);
    return b;
}

NetBuilder build_hyper_synthesis(const PhotoConfig& c, const Tensor& log2_scale) {
    NetBuilder b(c.hyper_channels);
    int t = b.relu(b.conv(0, 192, 3, 1, Start::he));
    t = b.relu(b.depth_to_space(b.conv(t, 512, 1, 1, Start::he), 2));  // 128 at 1/32
    t = b.relu(b.conv(t, 128, 3, 1, Start::he));
    t = b.relu(b.depth_to_space(b.conv(t, 512, 1, 1, Start::he), 2));  // 128 at 1/16
    const int n = c.latent_channels;
    const int predicted = b.conv_with(t, torch::zeros({2 * n, kContextFeatures, 1, 1}),
                                      torch::cat({torch::zeros({n}), log2_scale}), 1, false);
    if (c.context) b.concat(predicted, t);
    return b;
}

// Its four neighbours tell a position different things, so the symbols go through a convolution of 3 x 3 right away: with a
// bottleneck before it an eighth of the gain is lost.
NetBuilder build_context(const PhotoConfig& c) {
    NetBuilder b(c.known_channels() + kContextFeatures);
    const int known = b.conv(b.slice(0, 0, c.known_channels()), c.context_width, 3, 1, Start::he);
    const int said =
        b.conv(b.slice(0, c.known_channels(), kContextFeatures), c.context_width, 1, 1, Start::he);
    const int t = b.relu(b.conv(b.relu(b.add(known, said)), c.context_width, 1, 1, Start::he));
    b.conv(t, 2 * c.latent_channels, 1, 1, Start::zero);
    return b;
}

}  // namespace

ContextView context_view(const Tensor& log2_scale, const Tensor& symbols, double smallest_scale) {
    const int64_t h = symbols.size(2), w = symbols.size(3);
    const auto options = symbols.options().requires_grad(false);
    ContextView view;
    view.second = (torch::arange(h, options).view({h, 1}) + torch::arange(w, options)).remainder(2);
    view.second = view.second.view({1, 1, h, w});
    const double bias = bias_for_smallest_scale(smallest_scale);
    const Tensor index = ((log2_scale.detach() * 256 + bias) / 64).floor();
    const Tensor coded = (index >= 1).to(torch::kFloat);
    const Tensor scale = torch::exp2((index * 64 + (32 - bias)) / 256);
    view.scale = scale * coded;
    view.known = (symbols * coded / scale).clamp(-kContextRange, kContextRange) * (1 - view.second);
    return view;
}

PhotoModel::PhotoModel(const PhotoConfig& config, const PcaStart& start, FlatAdam& optimiser)
    : config_(config), working_type_(optimiser.working_type()) {
    const double to_latent = 128.0 / kLatentUnit;    // pixels are in units of 128
    const Tensor stddev = start.stddev * to_latent;  // of the latent
    const Tensor normalise = 1.0 / (stddev + 0.5);   // half a unit: about a coarse quantisation step
    const int64_t n = config.latent_channels;
    std::vector<NetBuilder> built = {
        build_analysis(config, (start.basis * to_latent).view({n, 768, 1, 1})),
        build_hyper_analysis(config, normalise), build_hyper_synthesis(config, torch::log2(stddev + 1e-3)),
        build_synthesis(config, (start.basis.t() / to_latent).contiguous().view({768, n, 1, 1}), normalise)};
    const char* names[kParts] = {"analysis", "hyper_analysis", "hyper_synthesis", "synthesis", "context"};
    const auto add_net = [&](size_t p) {
        nets_[p] = built[p].take();
        const auto& initial = built[p].initial();
        node_parameters_[p].resize(nets_[p].nodes.size());
        tensors_[p].resize(nets_[p].nodes.size());
        for (size_t i = 0; i < nets_[p].nodes.size(); ++i) {
            if (nets_[p].nodes[i].op != Op::conv) continue;
            const std::string name = std::string(names[p]) + "." + built[p].name(i);
            const bool low = nets_[p].nodes[i].type == WeightType::bf16;
            NodeParameters& ids = node_parameters_[p][i];
            ids.weight = optimiser.add(name + ".weight", initial[i].first, low, 1.0, built[p].hidden(i));
            ids.bias = optimiser.add(name + ".bias", initial[i].second, low);
        }
    };
    for (size_t p = 0; p < 4; ++p) add_net(p);
    // High-rate theory: D = Δ²/12 and R = -log2 Δ per coefficient give the step that minimises
    // λ·MSE + R over an orthonormal transform of 3 samples a pixel: Δ² = 18 / (λ ln 2), Δ in grey levels.
    Tensor gain = torch::empty({n, config.anchors});
    for (int k = 0; k < config.anchors; ++k) {
        const double step = std::sqrt(18.0 / (lambda(double(k) / (config.anchors - 1)) * std::log(2.0)));
        gain.select(1, k).fill_(std::log2(kLatentUnit / step));
    }
    gain_ = optimiser.add("gain", gain, false, 5.0);
    const Tensor slope = torch::linspace(-1.0, 1.0, config.anchors).unsqueeze(0);  // finer as quality rises
    hyper_gain_ = optimiser.add(
        "hyper_gain", slope.expand({config.hyper_channels, config.anchors}).contiguous(), false, 5.0);
    hyper_scale_ = optimiser.add("hyper_scale", torch::zeros({config.hyper_channels}), false, 5.0);
    optimiser.later_parameters();
    for (size_t p = 0; p < 4; ++p) {
        for (size_t i = 0; i < nets_[p].nodes.size(); ++i) {
            if (!built[p].has_affine(i)) continue;
            const std::string name = std::string(names[p]) + "." + built[p].name(i);
            const Tensor zero = torch::zeros({nets_[p].nodes[i].channels, config.anchors});
            node_parameters_[p][i].scale = optimiser.add(name + ".scale", zero, false, 2.0);
            node_parameters_[p][i].shift = optimiser.add(name + ".shift", zero, false, 2.0);
        }
    }
    if (config.context) {
        built.push_back(build_context(config));
        add_net(size_t(Part::context));
    }
    if (config.lapped) {
        analysis_lap_ = optimiser.add("analysis.lap", torch::zeros({8, 8}), false, 2.0);
        synthesis_lap_ = optimiser.add("synthesis.lap", torch::zeros({8, 8}), false, 2.0);
    }
    for (const Parameter& p : optimiser.parameters()) leaves_.push_back(p.leaf);
    take_leaves();
}

void PhotoModel::take_leaves() {
    for (size_t p = 0; p < kParts; ++p)
        for (size_t i = 0; i < tensors_[p].size(); ++i)
            if (const NodeParameters& ids = node_parameters_[p][i]; ids.weight >= 0)
                tensors_[p][i] = {leaf(ids.weight), leaf(ids.bias), {}, {}};
}

PhotoModel PhotoModel::replica(uint64_t seed) const {
    PhotoModel other = *this;
    for (Tensor& t : other.leaves_)
        t = t.detach().set_requires_grad(t.requires_grad());  // shares the storage
    other.take_leaves();
    other.noise_ = at::detail::createCPUGenerator(seed);
    return other;
}

Tensor PhotoModel::noise_like(const Tensor& t) const {
    return torch::empty_like(t).uniform_(-0.5, 0.5, noise_);
}

double PhotoModel::macs_per_pixel_of_a_step() const {
    const double input_resolution[kParts] = {1, 1.0 / 16, 1.0 / 64, 1.0 / 16, 1.0 / 16};
    double sum = 0;
    for (size_t p = 0; p < kParts; ++p) {
        std::vector<double> resolution;  // of each node, in the pictures'
        for (size_t i = 0; i < nets_[p].nodes.size(); ++i) {
            const FloatNode& node = nets_[p].nodes[i];
            double r = node.inputs.empty() ? input_resolution[p] : resolution[node.inputs[0]];
            if (node.op == Op::conv) r /= node.stride;
            if (node.op == Op::space_to_depth) r /= node.block;
            if (node.op == Op::depth_to_space) r *= node.block;
            resolution.push_back(r);
            if (node.op == Op::conv)
                sum +=
                    (learns(Part(p)) ? 3 : 1) * r * r * double(leaf(node_parameters_[p][i].weight).numel());
        }
    }
    return sum;
}

double PhotoModel::lambda(double quality) const {
    return config_.lambda_low * std::pow(config_.lambda_high / config_.lambda_low, quality);
}

// quantiser_weights() in codec/latent_quantiser.h.
Tensor PhotoModel::quantiser_weight(const Tensor& quality, const Tensor& scale) const {
    const Tensor base =
        kHighRateWeight * kWeightFactor * (1 + kWeightQuality * quality.pow(3)).view({-1, 1, 1, 1});
    return base * (1 + (scale.detach() / kWeightKnee).square());
}

Tensor PhotoModel::run(Part p, const Tensor& x, const Tensor& quality, int first_node) const {
    std::vector<NodeTensors> tensors = tensors_[size_t(p)];
    for (size_t i = 0; i < tensors.size(); ++i) {
        const NodeParameters& ids = node_parameters_[size_t(p)][i];
        if (ids.scale >= 0) tensors[i].scale = gains(ids.scale, quality);
        if (ids.shift >= 0) tensors[i].shift = gains(ids.shift, quality);
    }
    return run_float_graph(nets_[size_t(p)], tensors, x, first_node);
}

Tensor PhotoModel::gains(int parameter, const Tensor& quality) const {
    const Tensor table = leaf(parameter).t();  // [K, C]
    const Tensor position = quality * double(config_.anchors - 1);
    const Tensor low = position.floor().clamp(0, config_.anchors - 2);
    const Tensor frac = (position - low).unsqueeze(1);
    const Tensor index = low.to(torch::kLong);
    return torch::lerp(table.index_select(0, index), table.index_select(0, index + 1), frac)
        .unsqueeze(2)
        .unsqueeze(3);
}

Tensor PhotoModel::synthesise(const Tensor& latent, bool constant_weights) const {
    std::vector<NodeTensors> tensors = tensors_[size_t(Part::synthesis)];
    for (NodeTensors& t : tensors) {
        if (!constant_weights || !t.weight.defined()) continue;
        t.weight = t.weight.detach();
        t.bias = t.bias.detach();
    }
    // All but the last operator, depth-to-space 8: the error is the same in either order.
    const Tensor made =
        run_float_graph(nets_[size_t(Part::synthesis)], tensors, latent, 0, 1).to(torch::kFloat);
    if (synthesis_lap_ < 0) return made;
    const Tensor lap = leaf(synthesis_lap_);
    return lap_blocks(made, constant_weights ? lap.detach() : lap);
}

// The synthesis learns by the gradient of what the restoration filter makes of its output. What comes before it learns by
// the filter's error as well, but as if the filter only added a constant: its own gradient, which takes next to nothing for
// symbols that the filter would smooth away, made latents smaller and smaller and the loss larger (docs/training.md).
void PhotoModel::use_restoration(std::shared_ptr<const RestorationFilter> filter, int output_frac_bits,
                                 bool whole_batches) {
    restoration_ = std::move(filter);
    output_frac_bits_ = output_frac_bits;
    if (whole_batches)
        restoration_tensors_ =
            std::make_shared<const RestorationTensors>(*restoration_, output_frac_bits, leaves_[0].device());
}

Tensor PhotoModel::distortion(const Tensor& blocks, const Tensor& latent, const Tensor& quality,
                              bool training) const {
    const auto mse = [&](const Tensor& made) {
        return (made - blocks).square().mean({1, 2, 3}) * (128.0 * 128.0);
    };
    if (restoration_ == nullptr) return mse(synthesise(latent, false));
    const Tensor unfiltered = synthesise(latent.detach(), false);
    const Tensor restored = restoration_tensors_ != nullptr
                                ? restoration_tensors_->restore(unfiltered, quality)
                                : restore(unfiltered, quality, *restoration_, output_frac_bits_);
    const Tensor error = mse(restored);
    if (!training || !latent.requires_grad()) return error;
    const Tensor made = synthesise(latent, true);
    const Tensor for_latent = mse(made + (restored - made).detach());
    return error + (for_latent - for_latent.detach());
}

bool PhotoModel::learns(Part p) const {
    for (const NodeParameters& ids : node_parameters_[size_t(p)])
        if (ids.weight >= 0 && leaf(ids.weight).requires_grad()) return true;
    return false;
}

// The symbols as the encoder will choose them, so that the synthesis learns to live with them.
Tensor PhotoModel::symbols_of(const Tensor& v, const Tensor& scale, const Tensor& quality) const {
    return v + (rate_aware_round(v, scale, quantiser_weight(quality, scale)) - v).detach();
}

int PhotoModel::context_features() const { return config_.context ? kContextFeatures : 0; }

// codec/latent_context.h in float: symbols come and means go in multiples of the scale that the table index stands for.
PhotoModel::Prediction PhotoModel::with_context(const Prediction& before, const Tensor& features,
                                                const Tensor& symbols, const Tensor& gain) const {
    const int64_t n = config_.latent_channels;
    const ContextView view = context_view(before.log2_scale + gain, symbols, config_.smallest_scale);
    const Tensor known = view.known.narrow(1, 0, config_.known_channels()).to(working_type_);
    const Tensor input = torch::cat({known, features}, 1).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor change = run(Part::context, input, {}, 0).to(torch::kFloat) * view.second;
    return {before.mean + change.narrow(1, 0, n) * view.scale / torch::exp2(gain),
            before.log2_scale + change.narrow(1, n, n)};
}

PhotoModel::Output PhotoModel::forward(const Tensor& blocks, const Tensor& quality, bool training) const {
    const Tensor gain = gains(gain_, quality), hyper_gain = gains(hyper_gain_, quality);  // log2
    // The pixels come in the order of the graph's first operator, space-to-depth 8.
    const Tensor pixels = analysis_lap_ < 0 ? blocks : lap_blocks(blocks, leaf(analysis_lap_));
    const Tensor y = run(Part::analysis, pixels, quality, 1).to(torch::kFloat);

    const Tensor z = run(Part::hyper_analysis, y, quality, 0).to(torch::kFloat);
    const Tensor z_gain = torch::exp2(hyper_gain);
    const Tensor z_scaled = z * z_gain;
    const Tensor z_round = round_straight_through(z_scaled);
    const Tensor z_rate = training ? z_scaled + noise_like(z_scaled) : z_round;
    const Tensor z_scale = torch::exp2(leaf(hyper_scale_).view({1, -1, 1, 1}) + hyper_gain).expand_as(z);

    const Tensor h = run(Part::hyper_synthesis, z_round / z_gain, quality, 0);
    const int64_t n = config_.latent_channels;
    Prediction p{h.narrow(1, 0, n).to(torch::kFloat), h.narrow(1, n, n).to(torch::kFloat)};
    const Tensor g = torch::exp2(gain);
    Tensor v = (y - p.mean) * g, scale = torch::exp2(p.log2_scale + gain);
    if (config_.context) {
        p = with_context(p, h.narrow(1, 2 * n, context_features()), symbols_of(v, scale, quality), gain);
        v = (y - p.mean) * g;
        scale = torch::exp2(p.log2_scale + gain);
    }
    const Tensor v_round = symbols_of(v, scale, quality);
    const Tensor symbols = v_round.detach();

    Output out;
    // Scales and means learn from what is coded. The latent learns from a smooth stand-in: symbols have no slope.
    out.bits_y = gaussian_bits(symbols, scale).sum({1, 2, 3});
    if (training) {
        const Tensor smooth = gaussian_bits(v + noise_like(v), scale.detach()).sum({1, 2, 3});
        out.bits_y = out.bits_y + (smooth - smooth.detach());
    }
    out.bits_z = logistic_bits(z_rate, z_scale).sum({1, 2, 3});
    if (!training || learns(Part::analysis) || learns(Part::synthesis))
        out.mse = distortion(blocks, (v_round / g + p.mean).to(working_type_), quality, training);
    return out;
}

}  // namespace nae::training
