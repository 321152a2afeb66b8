#include "training/quantise_conv.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace nae::training {

IntegerConv quantise_conv(const torch::Tensor& w, const torch::Tensor& b, const ConvUnits& units,
                          const std::string& what) {
    const int64_t out = w.size(0), in = w.size(1), k = w.size(2);
    const torch::Tensor ordered =
        w.permute({0, 2, 3, 1}).contiguous().to(torch::kDouble);  // [out][ky][kx][in]
    const double* pw = ordered.data_ptr<double>();
    const torch::Tensor bias = b.contiguous().to(torch::kDouble);
    const int64_t taps = k * k * in;
    IntegerConv r;
    r.weights.resize(size_t(out * taps));
    for (int64_t o = 0; o < out; ++o) {
        std::vector<double> row(static_cast<size_t>(taps));
        double sum = 0, peak = 0;
        for (int64_t t = 0; t < taps; ++t) {
            const double v = pw[o * taps + t] * units.in[size_t(t % in)];
            row[size_t(t)] = v;
            sum += std::abs(v);
            peak = std::max(peak, std::abs(v));
        }
        const double real_bias = bias.data_ptr<double>()[o], out_unit = units.out[size_t(o)];
        const double most_bias = units.most_bias.empty()
                                     ? std::abs(real_bias)
                                     : std::max(std::abs(real_bias), units.most_bias[size_t(o)]);
        // Largest scale k with k·(Σ|w|·limit + |b|) below 2^31; rounding adds at most half a step a tap. One bit less
        // where the engine may use Winograd's algorithm, so that the activations of real pictures let it.
        const double bound = k == 3 ? 1073741823.0 : 2147483647.0;
        const double room = bound - double(taps) * 0.5 * units.input_limit - 2;
        double scale = std::min(room / std::max(sum * units.input_limit + most_bias, 1e-30),
                                32767.0 / std::max(peak, 1e-30));
        // mult = 2^32 / (scale · out_unit) must fit 1 .. 2^31 - 1.
        scale = std::clamp(scale, 2.01 / out_unit, 4294967295.0 / out_unit);
        if (scale * peak > 32767.5)
            throw std::runtime_error(what + ": weights too large for the output's unit");
        for (int64_t t = 0; t < taps; ++t)
            r.weights[size_t(o * taps + t)] =
                int16_t(std::clamp(std::lround(row[size_t(t)] * scale), -32767L, 32767L));
        const double scaled_bias = std::round(real_bias * scale);
        if (std::abs(scaled_bias) > 2147483647.0) throw std::runtime_error(what + ": bias too large");
        r.bias.push_back(int32_t(scaled_bias));
        r.mult.push_back(
            int32_t(std::clamp(std::round(4294967296.0 / (scale * out_unit)), 1.0, 2147483647.0)));
        r.scale.push_back(scale);
    }
    return r;
}

}  // namespace nae::training
