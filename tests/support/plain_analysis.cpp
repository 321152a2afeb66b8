// An analysis module without LibTorch: the float graphs of a model in plain loops. Stands in for nae_torch.so
// (environment variable NAE_TORCH_MODULE) where tests write files; slow on a trained model, instant on the
// one of block_model.h.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/float_graph.h"
#include "format/little_endian.h"

namespace {

struct Tensor {
    int h = 0, w = 0, c = 0;
    std::vector<float> values;

    Tensor() = default;
    Tensor(int height, int width, int channels)
        : h(height),
          w(width),
          c(channels),
          values(static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels)) {}
    float* at(int y, int x) { return values.data() + (static_cast<ptrdiff_t>(y) * w + x) * c; }
    const float* at(int y, int x) const { return values.data() + (static_cast<ptrdiff_t>(y) * w + x) * c; }
};

Tensor convolve(const nae::FloatNode& node, const Tensor& in) {
    const int k = node.kernel, s = node.stride, co = node.channels, ci = in.c;
    // [o][ky][kx][i] to [ky][kx][i][o]: the innermost loop then runs over neighbours in memory.
    std::vector<float> weights(node.weights.size());
    for (int o = 0; o < co; ++o)
        for (int t = 0; t < k * k * ci; ++t)
            weights[static_cast<size_t>(t) * static_cast<size_t>(co) + static_cast<size_t>(o)] =
                node.weights[static_cast<size_t>(o) * static_cast<size_t>(k * k * ci) +
                             static_cast<size_t>(t)];
    Tensor out((in.h + s - 1) / s, (in.w + s - 1) / s, co);
    for (int y = 0; y < out.h; ++y)
        for (int x = 0; x < out.w; ++x) {
            float* to = out.at(y, x);
            std::copy(node.bias.begin(), node.bias.end(), to);
            for (int ky = 0; ky < k; ++ky)
                for (int kx = 0; kx < k; ++kx) {
                    const int iy = s * y + ky - k / 2, ix = s * x + kx - k / 2;
                    if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w) continue;
                    const float* from = in.at(iy, ix);
                    const float* w = weights.data() + static_cast<ptrdiff_t>((ky * k + kx) * ci) * co;
                    for (int i = 0; i < ci; ++i, w += co)
                        for (int o = 0; o < co; ++o) to[o] += from[i] * w[o];
                }
        }
    return out;
}

Tensor convolve_transposed(const nae::FloatNode& node, const Tensor& in) {
    const int k = node.kernel, s = node.stride;
    Tensor out(in.h * s, in.w * s, node.channels);
    for (int y = 0; y < out.h; ++y)
        for (int x = 0; x < out.w; ++x) std::copy(node.bias.begin(), node.bias.end(), out.at(y, x));
    for (int y = 0; y < in.h; ++y)
        for (int x = 0; x < in.w; ++x)
            for (int o = 0; o < node.channels; ++o)
                for (int t = 0; t < k * k; ++t) {
                    const int oy = s * y + t / k - k / 2, ox = s * x + t % k - k / 2;
                    if (oy < 0 || oy >= out.h || ox < 0 || ox >= out.w) continue;
                    const float* w = node.weights.data() + static_cast<ptrdiff_t>(o * k * k + t) * in.c;
                    for (int i = 0; i < in.c; ++i) out.at(oy, ox)[o] += w[i] * in.at(y, x)[i];
                }
    return out;
}

Tensor normalise(const nae::FloatNode& node, const Tensor& in) {
    Tensor out = in;
    for (int y = 0; y < in.h; ++y)
        for (int x = 0; x < in.w; ++x)
            for (int o = 0; o < in.c; ++o) {
                float norm = node.mult[static_cast<size_t>(o)];
                for (int i = 0; i < in.c; ++i)
                    norm += node.weights[static_cast<size_t>(o * in.c + i)] * in.at(y, x)[i] * in.at(y, x)[i];
                out.at(y, x)[o] *= node.op == nae::Op::gdn ? 1 / std::sqrt(norm) : std::sqrt(norm);
            }
    return out;
}

Tensor space_to_depth(const Tensor& in, int block) {
    Tensor out((in.h + block - 1) / block, (in.w + block - 1) / block, in.c * block * block);
    for (int y = 0; y < in.h; ++y)
        for (int x = 0; x < in.w; ++x)
            std::copy_n(in.at(y, x), in.c,
                        out.at(y / block, x / block) + ((y % block) * block + x % block) * in.c);
    return out;
}

Tensor depth_to_space(const Tensor& in, int block) {
    Tensor out(in.h * block, in.w * block, in.c / (block * block));
    for (int y = 0; y < out.h; ++y)
        for (int x = 0; x < out.w; ++x)
            std::copy_n(in.at(y / block, x / block) + ((y % block) * block + x % block) * out.c, out.c,
                        out.at(y, x));
    return out;
}

Tensor concatenate(const std::vector<const Tensor*>& parts) {
    int channels = 0;
    for (const Tensor* part : parts) channels += part->c;
    Tensor out(parts[0]->h, parts[0]->w, channels);
    for (int y = 0; y < out.h; ++y)
        for (int x = 0; x < out.w; ++x) {
            float* to = out.at(y, x);
            for (const Tensor* part : parts) to = std::copy_n(part->at(y, x), part->c, to);
        }
    return out;
}

Tensor slice(const Tensor& in, int begin, int channels) {
    Tensor out(in.h, in.w, channels);
    for (int y = 0; y < out.h; ++y)
        for (int x = 0; x < out.w; ++x) std::copy_n(in.at(y, x) + begin, channels, out.at(y, x));
    return out;
}

Tensor run_graph(const nae::FloatGraph& graph, Tensor input) {
    std::vector<Tensor> done;
    done.push_back(std::move(input));
    for (size_t n = 1; n < graph.nodes.size(); ++n) {
        const nae::FloatNode& node = graph.nodes[n];
        const Tensor& in = done[node.inputs[0]];
        Tensor out;
        switch (node.op) {
            case nae::Op::conv:
                out = convolve(node, in);
                break;
            case nae::Op::space_to_depth:
                out = space_to_depth(in, node.block);
                break;
            case nae::Op::depth_to_space:
                out = depth_to_space(in, node.block);
                break;
            case nae::Op::slice:
                out = slice(in, node.begin, node.channels);
                break;
            case nae::Op::concat: {
                std::vector<const Tensor*> parts;
                for (const uint16_t i : node.inputs) parts.push_back(&done[i]);
                out = concatenate(parts);
                break;
            }
            case nae::Op::add: {
                const Tensor& other = done[node.inputs[1]];
                out = in;
                for (size_t i = 0; i < out.values.size(); ++i) out.values[i] += other.values[i];
                break;
            }
            case nae::Op::relu:
            case nae::Op::leaky_relu: {
                const float slope = node.op == nae::Op::relu ? 0.0f : node.slope;
                out = in;
                for (float& v : out.values) v = v < 0 ? v * slope : v;
                break;
            }
            case nae::Op::abs:
                out = in;
                for (float& v : out.values) v = std::fabs(v);
                break;
            case nae::Op::gain:
                out = in;
                for (size_t i = 0; i < out.values.size(); ++i)
                    out.values[i] *= node.mult[i % static_cast<size_t>(in.c)];
                break;
            case nae::Op::conv_transpose:
                out = convolve_transposed(node, in);
                break;
            case nae::Op::sigmoid:
                out = in;
                for (float& v : out.values) v = 1 / (1 + std::exp(-v));
                break;
            case nae::Op::gdn:
            case nae::Op::inverse_gdn:
                out = normalise(node, in);
                break;
            case nae::Op::clip:  // never in a file
            case nae::Op::gate:
            case nae::Op::input:
                break;
        }
        done.push_back(std::move(out));
    }
    return std::move(done.back());
}

void say(char* error, size_t size, const std::string& text) {
    if (size > 0) std::snprintf(error, size, "%s", text.c_str());
}

// One of the two length-prefixed graphs of chunk aNLZ.
bool take_graph(const uint8_t*& data, size_t& size, nae::FloatGraph& graph, std::string& error) {
    if (size < 4) return error = "aNLZ ends early", false;
    const size_t length = nae::load_le<uint32_t>(data);
    if (length > size - 4) return error = "aNLZ ends early", false;
    auto parsed = nae::parse_float_graph(data + 4, length, "aNLZ");
    if (!parsed.ok()) return error = parsed.status().message(), false;
    graph = std::move(parsed).value();
    data += 4 + length;
    size -= 4 + length;
    return true;
}

}  // namespace

struct nae_analysis {
    nae::FloatGraph graphs[2];
};

namespace {

nae_analysis* create(const uint8_t* payload, size_t size, int /*threads*/, char* error, size_t error_size) {
    try {
        nae_analysis* handle = new nae_analysis;
        std::string problem;
        for (nae::FloatGraph& graph : handle->graphs)
            if (!take_graph(payload, size, graph, problem)) {
                delete handle;
                say(error, error_size, problem);
                return nullptr;
            }
        return handle;
    } catch (const std::exception& e) {
        say(error, error_size, e.what());
        return nullptr;
    }
}

int run(nae_analysis* handle, int graph, const float* in, int h, int w, int c, float* out, int out_h,
        int out_w, int out_c, char* error, size_t error_size) {
    try {
        Tensor input(h, w, c);
        std::copy_n(in, input.values.size(), input.values.begin());
        const Tensor result = run_graph(handle->graphs[graph], std::move(input));
        if (result.h != out_h || result.w != out_w || result.c != out_c) {
            say(error, error_size, "the graph's output has another size");
            return 1;
        }
        std::copy(result.values.begin(), result.values.end(), out);
        return 0;
    } catch (const std::exception& e) {
        say(error, error_size, e.what());
        return 1;
    }
}

void destroy(nae_analysis* handle) { delete handle; }

}  // namespace

extern "C" __attribute__((visibility("default"))) const nae_analysis_api* nae_analysis_get_api(void) {
    static const nae_analysis_api api = {NAE_ANALYSIS_ABI_VERSION, sizeof(nae_analysis_api), create, run,
                                         destroy};
    return &api;
}
