#include "training/fit_tables.h"

#include <cmath>

#include "codec/engine.h"
#include "codec/entropy/table_builder.h"
#include "codec/latent_quantiser.h"
#include "codec/torch/torch_analysis.h"

namespace nae::training {
namespace {

using Histogram = std::vector<std::vector<double>>;  // [table index][|symbol|]

void count(Histogram& h, uint8_t index, int symbol) {
    std::vector<double>& bins = h[index];
    const size_t magnitude = size_t(std::abs(symbol));
    if (magnitude >= bins.size()) bins.resize(magnitude + 1, 0.0);
    bins[magnitude] += 1;
}

void replace(TableSet& set, const Histogram& counts, double prior, std::vector<double> (*shape)(double)) {
    for (int i = 1; i < set.count(); ++i) {
        std::vector<double> p = shape(table_scale(set.bias, i));
        double sum = 0;
        for (double v : p) sum += v;
        for (double& v : p) v *= prior / sum;
        const std::vector<double>& seen = counts[size_t(i)];
        if (seen.size() > p.size()) p.resize(seen.size(), 0.0);
        for (size_t k = 0; k < seen.size(); ++k) p[k] += seen[k];
        set.tables[size_t(i)] = make_frequency_table(p);
    }
}

// Symbols of one crop at one quality.
Status count_crop(const Model& m, const PackedGraph& hyper_synthesis, const SymbolCodec& codec,
                  const std::vector<float>& y, const std::vector<float>& z, int side, int quality_centi,
                  Histogram& latent, Histogram& hyper) {
    const int cz = m.hyper_channels, c = m.latent_channels, hyper_side = side / kHyperStride;
    const Node& in = m.hyper_synthesis.nodes.front();
    const LatentScale hyper_scale =
        make_latent_scale(m.gains.hyper, m.hyper_tables, quality_centi, in.lo, in.hi);
    const Node& synthesis_in = m.synthesis.nodes.front();
    const LatentScale scale =
        make_latent_scale(m.gains.latent, m.latent_tables, quality_centi, synthesis_in.lo, synthesis_in.hi);
    const std::vector<float> weights = quantiser_weights(m.latent_tables, quality_centi, 1.0);

    std::vector<uint8_t> hyper_index;
    for (int k = 0; k < cz; ++k)
        hyper_index.push_back(uint8_t(m.hyper_tables.index_of(int64_t{m.gains.hyper_log2_scale[size_t(k)]} +
                                                              hyper_scale.steps.log2_gain[size_t(k)])));
    Tensor16 z_hat(hyper_side, hyper_side, cz), h;
    for (int p = 0; p < hyper_side * hyper_side; ++p) {
        int16_t* const out = z_hat.data.data() + ptrdiff_t(p) * cz;
        for (int k = 0; k < cz; ++k) {
            const double step = hyper_scale.steps.step[size_t(k)] / 65536.0;
            const double v = std::round(double(z[size_t(p * cz + k)]) / step);
            const int symbol = hyper_index[size_t(k)] == 0 ? 0 : int(std::clamp(v, -32767.0, 32767.0));
            if (hyper_index[size_t(k)] > 0) count(hyper, hyper_index[size_t(k)], symbol);
            out[k] = dequantise(symbol, hyper_scale.steps.step[size_t(k)], 0, in.lo, in.hi);
        }
    }
    NAE_RETURN_IF_ERROR(Engine::run(hyper_synthesis, Extents{hyper_side, hyper_side}, z_hat,
                                    Rect{0, 0, hyper_side, hyper_side}, Rect{0, 0, side, side}, h));
    std::vector<uint8_t> index(static_cast<size_t>(c));
    std::vector<int16_t> symbols(static_cast<size_t>(c));
    for (int p = 0; p < side * side; ++p) {
        const int16_t* const mean = h.data.data() + ptrdiff_t(p) * 2 * c;
        scale_indices(scale, mean + c, index.data());
        choose_symbols(scale, codec, weights.data(), y.data() + ptrdiff_t(p) * c, mean, index.data(),
                       symbols.data());
        for (int k = 0; k < c; ++k)
            if (index[size_t(k)] > 0) count(latent, index[size_t(k)], symbols[size_t(k)]);
    }
    return Status();
}

}  // namespace

std::string fit_tables(Model& model, const torch::Tensor& blocks, double prior) {
    const torch::NoGradGuard no_grad;
    const auto analysis = TorchAnalysis::create(model.analysis, model.hyper_analysis, 0);
    Limits limits;
    limits.max_macs_per_pixel *= kLatentStride * kLatentStride;  // its output pixels are latent positions
    const auto hyper_synthesis = PackedGraph::create(model.hyper_synthesis, limits);
    if (!hyper_synthesis.ok()) return hyper_synthesis.status().message();
    const auto codec = SymbolCodec::create(model.latent_tables);
    if (!codec.ok()) return codec.status().message();
    Histogram latent(size_t(model.latent_tables.count())), hyper(size_t(model.hyper_tables.count()));

    const torch::Tensor pixels =
        depth_to_space(blocks, 8).permute({0, 2, 3, 1}).contiguous();  // [N, S, S, 3]
    const int size = int(pixels.size(1)), side = size / kLatentStride, hyper_side = side / kHyperStride;
    std::vector<float> y(size_t(side * side * model.latent_channels));
    std::vector<float> z(size_t(hyper_side * hyper_side * model.hyper_channels));
    for (int64_t i = 0; i < pixels.size(0); ++i) {
        const float* const in = pixels.data_ptr<float>() + i * size * size * 3;
        std::string wrong = analysis->run(0, in, size, size, 3, y.data(), side, side, model.latent_channels);
        if (wrong.empty())
            wrong = analysis->run(1, y.data(), side, side, model.latent_channels, z.data(), hyper_side,
                                  hyper_side, model.hyper_channels);
        if (!wrong.empty()) return wrong;
        const int anchors = model.gains.latent.anchors;
        for (int k = 0; k < anchors; ++k) {
            const Status s = count_crop(model, hyper_synthesis.value(), codec.value(), y, z, side,
                                        100 + 9900 * k / (anchors - 1), latent, hyper);
            if (!s.ok()) return s.message();
        }
    }
    replace(model.latent_tables, latent, prior, gaussian_magnitudes);
    replace(model.hyper_tables, hyper, prior, logistic_magnitudes);
    return {};
}

}  // namespace nae::training
