#include "training/exporter.h"

#include <cmath>
#include <stdexcept>

#include "codec/entropy/table_builder.h"
#include "codec/latent_context.h"
#include "training/lapped_blocks.h"
#include "training/quantise_graph.h"

namespace nae::training {
namespace {

using torch::Tensor;

std::vector<NodeTensors> float_tensors(const PhotoModel& model, const FlatAdam& optimiser, Part part,
                                       bool averaged) {
    const auto& ids = model.node_parameters(part);
    std::vector<NodeTensors> out(ids.size());
    for (size_t i = 0; i < ids.size(); ++i)
        if (ids[i].weight >= 0)
            out[i] = {optimiser.value(ids[i].weight, averaged).cpu(),
                      optimiser.value(ids[i].bias, averaged).cpu(),
                      {},
                      {}};
    return out;
}

// What the quality does to a node's output: [channels, anchors], or undefined.
struct NodeAffine {
    Tensor scale, shift;
};
std::vector<NodeAffine> node_affines_of(const PhotoModel& model, const FlatAdam& optimiser, Part part,
                                        bool averaged) {
    const auto& ids = model.node_parameters(part);
    std::vector<NodeAffine> out(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
        if (ids[i].scale >= 0) out[i].scale = optimiser.value(ids[i].scale, averaged).cpu();
        if (ids[i].shift >= 0) out[i].shift = optimiser.value(ids[i].shift, averaged).cpu();
    }
    return out;
}

std::vector<NodeTensors> at_anchor(std::vector<NodeTensors> tensors, const std::vector<NodeAffine>& all,
                                   int anchor) {
    for (size_t i = 0; i < tensors.size(); ++i) {
        if (all[i].scale.defined()) tensors[i].scale = all[i].scale.select(1, anchor).view({1, -1, 1, 1});
        if (all[i].shift.defined()) tensors[i].shift = all[i].shift.select(1, anchor).view({1, -1, 1, 1});
    }
    return tensors;
}

QualityAffines affines_of(const std::vector<NodeAffine>& all) {
    QualityAffines out;
    for (size_t i = 0; i < all.size(); ++i) {
        if (!all[i].shift.defined()) continue;
        QualityAffine a;
        a.node = int(i);
        const Tensor scale = all[i].scale.contiguous(), shift = all[i].shift.contiguous();
        a.scale.assign(scale.data_ptr<float>(), scale.data_ptr<float>() + scale.numel());
        a.shift.assign(shift.data_ptr<float>(), shift.data_ptr<float>() + shift.numel());
        out.push_back(std::move(a));
    }
    return out;
}

std::vector<double> to_vector(const Tensor& t) {
    const Tensor d = t.contiguous().to(torch::kDouble);
    return {d.data_ptr<double>(), d.data_ptr<double>() + d.numel()};
}

// The graph with its tensors as plain numbers, rows and columns rescaled to the file's units.
FloatGraph filled(const FloatGraph& structure, const std::vector<NodeTensors>& tensors) {
    FloatGraph g = structure;
    for (size_t i = 0; i < g.nodes.size(); ++i) {
        if (g.nodes[i].op != Op::conv) continue;
        const Tensor w = tensors[i].weight.permute({0, 2, 3, 1}).contiguous().to(torch::kFloat);
        const Tensor b = tensors[i].bias.contiguous().to(torch::kFloat);
        g.nodes[i].weights.assign(w.data_ptr<float>(), w.data_ptr<float>() + w.numel());
        g.nodes[i].bias.assign(b.data_ptr<float>(), b.data_ptr<float>() + b.numel());
    }
    return g;
}

// Multiplies the convolutions that reach the output through adds alone by `factor` (per output channel).
void scale_outputs(const FloatGraph& g, std::vector<NodeTensors>& t, std::vector<NodeAffine>& affines,
                   size_t node, const Tensor& factor) {
    const FloatNode& n = g.nodes[node];
    if (n.op == Op::add) {
        for (uint16_t in : n.inputs) scale_outputs(g, t, affines, in, factor);
    } else if (n.op == Op::conv) {
        t[node].weight = t[node].weight * factor.view({-1, 1, 1, 1});
        t[node].bias = t[node].bias * factor;
        Tensor& shift = affines[node].shift;
        if (shift.defined()) shift = shift * factor.unsqueeze(1);
    } else {
        throw std::runtime_error("analysis must end in convolutions");
    }
}

// A synthesis whose branch ends in a ReLU that gives nothing but zeros (training/earlier_shape.h) is its linear path and a
// constant. Makes that of it; false when the branch is alive.
bool drop_dead_branch(FloatGraph& g, std::vector<NodeTensors>& t, const Tensor& latents) {
    const FloatNode &last = g.nodes.back(), &sum = g.nodes[last.inputs[0]];
    const size_t line = sum.inputs[0], offset = sum.inputs[1], ends = g.nodes[offset].inputs[0],
                 linear = g.nodes[line].inputs[0];
    if (g.nodes[ends].op != Op::relu) return false;
    const Tensor given = run_float_graph(g, t, latents, 0, int(g.nodes.size() - 1 - ends));
    if (given.count_nonzero().item<int64_t>() != 0) return false;
    FloatGraphBuilder b(g.nodes[0].channels);
    FloatConvParams p;
    p.out_channels = g.nodes[linear].channels;
    p.kernel = g.nodes[linear].kernel;
    p.stride = g.nodes[linear].stride;
    p.type = g.nodes[linear].type;
    const int conv = b.conv(0, std::move(p));
    std::vector<NodeTensors> kept(size_t(conv) + 1);
    kept[size_t(conv)] = t[linear];
    kept[size_t(conv)].bias =
        t[linear].bias + t[offset].bias.repeat({int64_t(g.nodes[line].block) * g.nodes[line].block});
    b.depth_to_space(b.depth_to_space(conv, g.nodes[line].block), last.block);
    g = b.take();
    kept.resize(g.nodes.size());
    t = std::move(kept);
    return true;
}

// Of the latent, where the values seen leave room: rounding to units then adds half a percent to the quantisation's error.
constexpr double kUnitsInFinestStep = 16;

// Smallest unit (largest U, 1/256 octave) for which `reach` and the coarsest step stay within the integer ranges.
int32_t log2_inverse_unit(double reach, double coarsest_step) {
    const double unit =
        std::max(reach / kActivationLimit, coarsest_step / 3000.0);  // steps end at 4096 units
    return int32_t(std::floor(-std::log2(unit) * 256));
}

std::vector<int32_t> rounded(const std::vector<double>& v, double factor) {
    std::vector<int32_t> out;
    for (double x : v) out.push_back(int32_t(std::lround(x * factor)));
    return out;
}

}  // namespace

Model export_model(const PhotoModel& model, const FlatAdam& optimiser, CropSampler& sampler,
                   const ExportOptions& options) {
    const torch::NoGradGuard no_grad;
    const PhotoConfig& config = model.config();
    const int64_t n = config.latent_channels, nz = config.hyper_channels;
    std::vector<NodeTensors> parts[kParts];
    std::vector<NodeAffine> affines[kParts];
    for (size_t p = 0; p < kParts; ++p) {
        parts[p] = float_tensors(model, optimiser, Part(p), options.averaged);
        affines[p] = node_affines_of(model, optimiser, Part(p), options.averaged);
    }
    auto node_affines = [&](Part p) -> std::vector<NodeAffine>& { return affines[size_t(p)]; };
    auto run = [&](Part p, const Tensor& x, int anchor, int first = 0) {
        return run_float_graph(model.net(p), at_anchor(parts[size_t(p)], node_affines(p), anchor), x, first);
    };
    auto net = [&](Part p) -> const FloatGraph& { return model.net(p); };
    auto tensors = [&](Part p) -> std::vector<NodeTensors>& { return parts[size_t(p)]; };

    const Tensor log2_gain = optimiser.value(model.gain_parameter(), options.averaged).cpu();
    const Tensor log2_hyper_gain = optimiser.value(model.hyper_gain_parameter(), options.averaged).cpu();
    const std::vector<double> hyper_scale =
        to_vector(optimiser.value(model.hyper_scale_parameter(), options.averaged).cpu());

    // What the integer networks will see, at several qualities.
    Tensor blocks = sampler.calibration_batch(options.calibration_crops, 256).blocks;
    Tensor analysis_lap, synthesis_lap;
    if (config.lapped) {
        analysis_lap = optimiser.value(model.analysis_lap_parameter(), options.averaged).cpu();
        synthesis_lap = optimiser.value(model.synthesis_lap_parameter(), options.averaged).cpu();
        blocks = lap_blocks(blocks, analysis_lap).contiguous(torch::MemoryFormat::ChannelsLast);
    }
    std::vector<Tensor> all_y, all_z, all_known;
    for (int k = 0; k < config.anchors; k += 3) {
        const Tensor y = run(Part::analysis, blocks, k, 1);
        const Tensor z = run(Part::hyper_analysis, y, k);
        const Tensor gz = torch::exp2(log2_hyper_gain.select(1, k)).view({1, nz, 1, 1});
        const Tensor z_hat = torch::round(z * gz) / gz;
        const Tensor predicted = run(Part::hyper_synthesis, z_hat, k);
        const Tensor mean = predicted.narrow(1, 0, n);
        const Tensor gain = log2_gain.select(1, k).view({1, n, 1, 1}), g = torch::exp2(gain);
        const Tensor symbols = torch::round((y - mean) * g);
        all_z.push_back(z_hat);
        all_y.push_back(symbols / g + mean);
        if (!config.context) continue;
        const Tensor known = context_view(predicted.narrow(1, n, n) + gain, symbols, config.smallest_scale)
                                 .known.narrow(1, 0, config.known_channels());
        all_known.push_back(torch::cat({known, predicted.narrow(1, 2 * n, model.context_features())}, 1));
    }
    const Tensor y_hat = torch::cat(all_y).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor z_hat = torch::cat(all_z).contiguous(torch::MemoryFormat::ChannelsLast);

    // Latent range: what was seen with room to spare, and what the linear path can reach with any picture.
    const Tensor linear = tensors(Part::analysis)[size_t(model.linear_analysis_node())].weight;
    // Overlap takes pixels beyond black and white where they differ from their mirror images: by as much as this, say. What
    // goes further is held at the limit.
    const double beyond = config.lapped ? 1.5 : 1.0;
    const std::vector<double> reach_linear = to_vector(linear.abs().sum({1, 2, 3}) * (1.1 * beyond));
    const std::vector<double> reach_seen = to_vector(y_hat.abs().amax({0, 2, 3}) * 2.0);
    const std::vector<double> reach_z = to_vector(z_hat.abs().amax({0, 2, 3}) * 2.0);
    const std::vector<double> finest = to_vector(torch::exp2(-log2_gain).amin({1}));
    const std::vector<double> coarsest = to_vector(torch::exp2(-log2_gain).amax({1}));
    const std::vector<double> coarsest_z = to_vector(torch::exp2(-log2_hyper_gain).amax({1}));

    Model out;
    out.name = options.name;
    out.text = options.text;
    out.latent_channels = int(n);
    out.hyper_channels = int(nz);
    out.output_frac_bits = options.output_frac_bits;
    out.mean_dead_zone = options.mean_dead_zone;
    GainTable& gl = out.gains.latent;
    GainTable& gh = out.gains.hyper;
    gl.channels = int(n);
    gh.channels = int(nz);
    gl.anchors = gh.anchors = config.anchors;
    gl.log2_gain = rounded(to_vector(log2_gain), 256);
    gh.log2_gain = rounded(to_vector(log2_hyper_gain), 256);
    std::vector<double> unit, unit_z;
    for (size_t c = 0; c < size_t(n); ++c) {
        // The finest step must be several units, or rounding to units adds to the error; what no picture of the
        // calibration comes near may then be held at the limit.
        const double reach = std::min(reach_linear[c], finest[c] / kUnitsInFinestStep * kActivationLimit);
        gl.log2_inverse_unit.push_back(log2_inverse_unit(std::max(reach, reach_seen[c]), coarsest[c]));
        unit.push_back(std::exp2(-gl.log2_inverse_unit[c] / 256.0));
    }
    // Standard deviation of a logistic distribution: π/√3 times its scale.
    const double log2_sigma = std::log2(3.14159265358979 / std::sqrt(3.0));
    for (size_t c = 0; c < size_t(nz); ++c) {
        gh.log2_inverse_unit.push_back(log2_inverse_unit(reach_z[c], coarsest_z[c]));
        unit_z.push_back(std::exp2(-gh.log2_inverse_unit[c] / 256.0));
        out.gains.hyper_log2_scale.push_back(int32_t(std::lround((hyper_scale[c] + log2_sigma) * 256)));
    }

    QuantiseOptions q;
    q.input_unit = unit_z;
    q.output_unit = unit;
    q.output_unit.insert(q.output_unit.end(), size_t(n), 1.0 / 256);
    QuantisedGraph hyper =
        quantise_graph(net(Part::hyper_synthesis), tensors(Part::hyper_synthesis), z_hat, q);
    if (config.context) {
        q.input_unit.assign(size_t(config.known_channels()), 1.0 / kContextInputPerScale);
        q.input_unit.insert(q.input_unit.end(), hyper.output_unit.begin() + 2 * n, hyper.output_unit.end());
        q.output_unit = {1.0 / kContextOutputPerScale};  // the log2 scales' unit as well
        QuantisedGraph context =
            quantise_graph(net(Part::context), tensors(Part::context),
                           torch::cat(all_known).contiguous(torch::MemoryFormat::ChannelsLast), q);
        for (const std::string& w : context.warnings) std::printf("context: %s\n", w.c_str());
        out.context = std::move(context.graph);
    }
    q.input_unit = unit;
    q.output_unit = {std::exp2(-options.output_frac_bits) / 128.0};
    FloatGraph synthesis_net = net(Part::synthesis);
    if (drop_dead_branch(synthesis_net, tensors(Part::synthesis), y_hat))
        std::printf("synthesis: the branch gives nothing and is left out\n");
    QuantisedGraph synthesis = quantise_graph(synthesis_net, tensors(Part::synthesis), y_hat, q);
    for (const std::string& w : hyper.warnings) std::printf("hyper-synthesis: %s\n", w.c_str());
    for (const std::string& w : synthesis.warnings) std::printf("synthesis: %s\n", w.c_str());
    out.hyper_synthesis = std::move(hyper.graph);
    out.synthesis = std::move(synthesis.graph);

    if (config.lapped) {
        for (const double w : to_vector(synthesis_lap))
            out.lap.weights.push_back(
                int16_t(std::lround(std::clamp(w, -1.0, 32767.0 / 32768) * (1 << (kLapShift - 1)))));
        for (const double w : to_vector(analysis_lap)) out.analysis_lap.push_back(float(w));
    }

    const int bias = bias_for_smallest_scale(config.smallest_scale);
    const int count = 2 + int(std::ceil(4 * std::log2(options.largest_scale / config.smallest_scale)));
    out.latent_tables = make_gaussian_tables(bias, count);
    out.hyper_tables = make_logistic_tables(bias, count);

    // The encoder's networks speak in integer units, too.
    const auto f32 = torch::kFloat;
    const Tensor u = torch::tensor(unit).to(f32), uz = torch::tensor(unit_z).to(f32);
    auto to_units = [&](Part p, const Tensor& factor) {
        scale_outputs(net(p), tensors(p), node_affines(p), net(p).nodes.size() - 1, factor);
    };
    to_units(Part::analysis, 1.0 / u);
    to_units(Part::hyper_analysis, 1.0 / uz);
    NodeTensors& first = tensors(Part::hyper_analysis)[1];
    if (!first.weight.defined()) throw std::runtime_error("hyper-analysis must begin with a convolution");
    first.weight = first.weight * u.view({1, -1, 1, 1});
    out.analysis = filled(net(Part::analysis), tensors(Part::analysis));
    out.hyper_analysis = filled(net(Part::hyper_analysis), tensors(Part::hyper_analysis));
    out.analysis_affines = affines_of(node_affines(Part::analysis));
    out.hyper_analysis_affines = affines_of(node_affines(Part::hyper_analysis));
    if (const Status s = validate(out); !s.ok()) throw std::runtime_error(s.message());
    return out;
}

}  // namespace nae::training
