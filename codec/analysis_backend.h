// The analysis transform behind a small interface: everything that needs a float network library sits behind
// it.
//
// Two layers:
//  - nae_analysis_api: the C ABI of the loadable module nae_torch.so (the only place that links LibTorch);
//  - AnalysisBackend: what the encoder calls. load_analysis_backend() wraps a module; tests inject their own.
#ifndef NAE_CODEC_ANALYSIS_BACKEND_H_
#define NAE_CODEC_ANALYSIS_BACKEND_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bumped whenever the struct below or the meaning of a call changes; the loader refuses any other value.
#define NAE_ANALYSIS_ABI_VERSION 3u

// Graph numbers for nae_analysis_api::run.
#define NAE_GRAPH_ANALYSIS 0
#define NAE_GRAPH_HYPER_ANALYSIS 1
#define NAE_GRAPH_SYNTHESIS 1  // of a research model, whose payload holds analysis and synthesis

typedef struct nae_analysis nae_analysis;  // one loaded pair of analysis graphs; the module owns its contents

// All functions return 0 (or non-NULL) on success; on failure they write a zero-terminated message of at most
// error_size bytes, terminator included. No exception may leave them.
typedef struct nae_analysis_api {
    uint32_t abi_version;  // NAE_ANALYSIS_ABI_VERSION
    uint32_t struct_size;  // sizeof(nae_analysis_api): later versions append members

    // Builds both graphs from the payload of a model file's aNLZ chunk, which need not outlive the call.
    // threads: number of computing threads, 0 = all cores.
    nae_analysis* (*create)(const uint8_t* anlz_payload, size_t size, int threads, char* error,
                            size_t error_size);

    // Runs one graph on a dense float32 NHWC tensor (N = 1), zero padding outside it, and writes a dense NHWC
    // output of exactly out_h x out_w x out_c (a different size is an error).
    //  - NAE_GRAPH_ANALYSIS: in = (pixel - 128) / 128, RGB, height and width multiples of 16 pixels; out =
    //  latent y
    //    in integer units of the synthesis input (not rounded), height/16 x width/16 x C.
    //  - NAE_GRAPH_HYPER_ANALYSIS: in = y of one tile, height and width multiples of 4 latents; out =
    //  hyper-latent z
    //    in integer units of the hyper_synthesis input, height/4 x width/4 x Cz.
    // Calls on one handle are made by one thread at a time.
    int (*run)(nae_analysis* handle, int graph, const float* in, int h, int w, int c, float* out, int out_h,
               int out_w, int out_c, char* error, size_t error_size);

    void (*destroy)(nae_analysis* handle);
} nae_analysis_api;

// The one symbol a module exports (default visibility). Returns static storage.
#define NAE_ANALYSIS_ENTRY_POINT "nae_analysis_get_api"
const nae_analysis_api* nae_analysis_get_api(void);

#ifdef __cplusplus
}  // extern "C"

#include <functional>
#include <memory>

#include "format/status.h"

namespace nae {

class AnalysisEnginesCache;
struct FloatGraph;
struct Model;
struct ResearchModel;

enum class AnalysisGraph {
    analysis = NAE_GRAPH_ANALYSIS,
    hyper_analysis = NAE_GRAPH_HYPER_ANALYSIS,
    synthesis = NAE_GRAPH_SYNTHESIS,
};

// A part of a picture whose symbols are to be chosen anew. Tensors are dense, NHWC; h x w latent positions.
struct Refinement {
    int h = 0, w = 0, channels = 0;
    const float* mean = nullptr;      // h x w x channels, integer units of the synthesis' input
    const float* step = nullptr;      // [channels], the same units
    const uint8_t* index = nullptr;   // h x w x channels: table of each symbol; 0: the symbol is 0
    const uint8_t* free = nullptr;    // h x w: whether the symbols of a position may move
    const float* target = nullptr;    // 16 h x 16 w x 3 pixels, minus 128
    const uint8_t* counts = nullptr;  // 16 h x 16 w: whether a pixel's errors do
    // h x w: what squared errors of a position's pixels weigh; null: 1. Their slope is in `target` already, their curvature is not.
    const float* emphasis = nullptr;
    float pixel_unit = 1;      // of the synthesis' output
    float bits_per_error = 0;  // weight of squared errors against bits
    // Asked before it is taken; false ends the work as cancelled. May be empty.
    std::function<bool()> go_on;
};

// Rows [top, bottom) and columns [left, right) of an output of h x w x c values.
struct AnalysisPart {
    int h = 0, w = 0, c = 0;
    int top = 0, bottom = 0, left = 0, right = 0;

    bool valid() const {
        return top >= 0 && top < bottom && bottom <= h && left >= 0 && left < right && right <= w;
    }
};

// The analysis of a raster from top to bottom, some rows at a time, none of which is computed twice. Not thread-safe.
class AnalysisStream {
  public:
    virtual ~AnalysisStream() = default;

    // Of the input, in pixels: the first row that is still to be read; the one after the last that latent rows before `bottom` depend
    // on; and how many are best taken at once.
    virtual int64_t input_first() const = 0;
    virtual int64_t input_end(int64_t bottom) const = 0;
    virtual int64_t rows_at_once() const = 0;
    // Latent rows before this one are done.
    virtual int64_t done() const = 0;
    // Computes what can be computed of an input that has come as far as row `in_end`: of the latents rows [part.top, part.bottom), the
    // first of which is done(), as many as are done() then, as AnalysisBackend::run_part() gives them. in: dense rows of pixels from
    // row `in_row` on, at least from input_first().
    virtual Status advance(const float* in, int64_t in_row, int64_t in_end, const AnalysisPart& part,
                           float* out, ptrdiff_t out_row) = 0;
};

// Runs a model's float analysis graphs. Not thread-safe: the encoder calls it from one thread at a time.
class AnalysisBackend {
  public:
    virtual ~AnalysisBackend() = default;

    // How far, in pixels, an output of the analysis graph can depend on input beyond its own 16x16 cell.
    virtual int halo_px() const = 0;

    // Tensors, shapes and units as for nae_analysis_api::run.
    virtual Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h,
                       int out_w, int out_c) = 0;

    // As run() of the analysis, but only a part of its output is wanted: that, rows out_row values apart, is what is written.
    virtual Status run_part(const float* in, int h, int w, int c, const AnalysisPart& part, float* out,
                            ptrdiff_t out_row);

    // For an input of h x w pixels; it must not outlive this. Null: this one only takes all of a part's input at once.
    virtual std::unique_ptr<AnalysisStream> stream(int64_t h, int64_t w);

    // By one gradient through the synthesis: where the symbols of free positions should lie, in symbols, for
    // bits_per_error * squared errors to be least, and what a squared distance of one symbol from there costs in bits. All arrays
    // are h x w x channels; what belongs to other positions, or to index 0, is left alone. Errors: unsupported where there is
    // nothing to take gradients through; cancelled.
    virtual Status refine(const Refinement& task, const int16_t* symbols, float* target, float* weight);
};

// The model's analysis by this library's own engine (native_analysis.h); by the module nae_torch.so where environment
// variable NAE_TORCH_MODULE names one. The module is opened once per process and never unloaded. Where it is needed, for
// research models, it is looked for in this order: the file so named (then nowhere else), the folder of the library or
// plugin this code is in, folders near it (nae/, ../nae/, ../lib/nae/, ../lib/, ../../lib/), and nae/ in the installation's
// library folder.
// Errors: encoder_unavailable, saying where it looked, or that the model has no analysis part.
// quality_centi: 100 .. 10000, of the picture. threads: 0 = all cores. synthesis: float_shadow() of the model's, for
// refine() by symbol_search.h; may be null. cache: where the engine's arrangement of the model's weights is kept for the
// next call; may be null.
Result<std::unique_ptr<AnalysisBackend>> load_analysis_backend(const Model& model, int quality_centi,
                                                               int threads,
                                                               const FloatGraph* synthesis = nullptr,
                                                               AnalysisEnginesCache* cache = nullptr);
// The same for the analysis and the synthesis of a research model (research_model.h).
Result<std::unique_ptr<AnalysisBackend>> load_research_backend(const ResearchModel& model, int threads);

}  // namespace nae
#endif  // __cplusplus

#endif  // NAE_CODEC_ANALYSIS_BACKEND_H_
