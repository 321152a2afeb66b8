// nae_torch.so: the C ABI of codec/analysis_backend.h over LibTorch. Nothing throws across it.
#include <cstdio>
#include <exception>

#include "codec/analysis_backend.h"
#include "codec/torch/torch_analysis.h"
#include "format/little_endian.h"

namespace {

void say(char* error, size_t size, const char* text) {
    if (error && size > 0) std::snprintf(error, size, "%s", text);
}

// Reads one length-prefixed float graph and moves on.
nae::Result<nae::FloatGraph> next_graph(const uint8_t*& p, size_t& left, const char* what) {
    if (left < 4) return nae::Status(nae::ErrorCode::truncated, std::string(what) + ": missing");
    const uint32_t n = nae::load_le<uint32_t>(p);
    p += 4;
    left -= 4;
    if (n > left)
        return nae::Status(nae::ErrorCode::truncated, std::string(what) + ": longer than its chunk");
    // Costs have been judged by who has the model; here they would be per position of the graph's input.
    nae::Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    nae::Result<nae::FloatGraph> g = nae::parse_float_graph(p, n, what, no_cost_limit);
    p += n;
    left -= n;
    return g;
}

nae_analysis* create(const uint8_t* payload, size_t size, int threads, char* error, size_t error_size) {
    try {
        auto analysis = next_graph(payload, size, "analysis");
        if (!analysis.ok()) return say(error, error_size, analysis.status().message().c_str()), nullptr;
        auto hyper = next_graph(payload, size, "second graph");
        if (!hyper.ok()) return say(error, error_size, hyper.status().message().c_str()), nullptr;
        auto made =
            nae::TorchAnalysis::create(std::move(analysis.value()), std::move(hyper.value()), threads);
        return reinterpret_cast<nae_analysis*>(
            made.release());  // opaque handle; only destroy() and run() see it
    } catch (const std::exception& e) {
        say(error, error_size, e.what());
    }
    return nullptr;
}

int run(nae_analysis* handle, int graph, const float* in, int h, int w, int c, float* out, int out_h,
        int out_w, int out_c, char* error, size_t error_size) {
    try {
        const std::string wrong =
            reinterpret_cast<nae::TorchAnalysis*>(handle)->run(graph, in, h, w, c, out, out_h, out_w, out_c);
        if (wrong.empty()) return 0;
        say(error, error_size, wrong.c_str());
    } catch (const std::exception& e) {
        say(error, error_size, e.what());
    }
    return 1;
}

void destroy(nae_analysis* handle) { delete reinterpret_cast<nae::TorchAnalysis*>(handle); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const nae_analysis_api* nae_analysis_get_api(void) {
    static const nae_analysis_api api = {NAE_ANALYSIS_ABI_VERSION, sizeof(nae_analysis_api), create, run,
                                         destroy};
    return &api;
}
