// Opens the module that holds the analysis transform, and wraps its C ABI.
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/float_graph.h"
#include "codec/guard.h"
#include "codec/model.h"
#include "codec/module_analysis.h"
#include "codec/native_analysis.h"
#include "codec/research_model.h"
#include "codec/symbol_search.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr char kModuleName[] = "nae_torch.so";
constexpr size_t kErrorBytes = 512;

std::string own_directory() {
    static const char kHere = 0;  // any object of this file
    Dl_info info;
    if (dladdr(&kHere, &info) == 0 || info.dli_fname == nullptr) return {};
    const std::unique_ptr<char, void (*)(void*)> resolved(realpath(info.dli_fname, nullptr), ::free);
    const std::string path = resolved ? resolved.get() : info.dli_fname;
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

// The module that the environment names; null if none.
const char* named_module() {
    const char* named = getenv("NAE_TORCH_MODULE");
    return named != nullptr && *named != '\0' ? named : nullptr;
}

// Candidates in the order of analysis_backend.h.
std::vector<std::string> candidates() {
    if (named_module() != nullptr) return {named_module()};
    std::vector<std::string> paths;
    const std::string own = own_directory();
    if (!own.empty()) {
        // Beside; lib/nae from bin/ or from a plugin folder in lib/; and lib/ from the folders of a build
        // tree.
        for (const char* place : {"/", "/nae/", "/../nae/", "/../lib/nae/", "/../lib/", "/../../lib/"}) {
            paths.push_back(own + place + kModuleName);
        }
    }
#ifdef NAE_INSTALL_LIBDIR
    paths.push_back(std::string(NAE_INSTALL_LIBDIR) + "/nae/" + kModuleName);
#endif
    return paths;
}

Result<const nae_analysis_api*> open_module() {
    // Opened once: two copies of a network library in a process do not get along, nor does unloading one.
    static std::mutex mutex;
    static const nae_analysis_api* opened = nullptr;
    const std::lock_guard<std::mutex> lock(mutex);
    if (opened != nullptr) return opened;

    std::string places, failure;
    for (const std::string& path : candidates()) {
        places += (places.empty() ? "" : ", ") + path;
        if (access(path.c_str(), F_OK) != 0) continue;
        // Local: the module's symbols (and its libraries') must not mix with those of the host program.
        void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) {
            const char* reason = dlerror();
            failure += std::string("; ") + (reason != nullptr ? reason : "unknown reason");
            continue;
        }
        using GetApi = const nae_analysis_api* (*)();
        void* symbol = dlsym(handle, NAE_ANALYSIS_ENTRY_POINT);
        if (symbol == nullptr) {
            return Status(ErrorCode::encoder_unavailable, path + ": is not an analysis module");
        }
        GetApi get_api = nullptr;
        static_assert(sizeof(get_api) == sizeof(symbol), "dlsym returns functions as data pointers");
        std::copy_n(reinterpret_cast<const char*>(&symbol), sizeof(symbol),
                    reinterpret_cast<char*>(&get_api));
        const nae_analysis_api* api = get_api();
        if (api == nullptr || api->abi_version != NAE_ANALYSIS_ABI_VERSION ||
            api->struct_size < sizeof(nae_analysis_api)) {
            return Status(ErrorCode::encoder_unavailable,
                          cat(path, ": interface version ", api != nullptr ? api->abi_version : 0,
                              ", expected ", NAE_ANALYSIS_ABI_VERSION));
        }
        opened = api;
        return opened;
    }
    return Status(ErrorCode::encoder_unavailable,
                  cat("the module ", kModuleName, " could not be opened; looked for ", places, failure,
                      "; NAE_TORCH_MODULE names another file"));
}

class ModuleBackend : public AnalysisBackend {
  public:
    ModuleBackend(const nae_analysis_api* api, nae_analysis* handle, int halo_px)
        : api_(api), handle_(handle), halo_px_(halo_px) {}
    ~ModuleBackend() override { api_->destroy(handle_); }
    ModuleBackend(const ModuleBackend&) = delete;
    ModuleBackend& operator=(const ModuleBackend&) = delete;

    int halo_px() const override { return halo_px_; }

    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        char error[kErrorBytes] = "";
        if (api_->run(handle_, static_cast<int>(graph), in, h, w, c, out, out_h, out_w, out_c, error,
                      sizeof(error)) != 0) {
            error[kErrorBytes - 1] = '\0';
            return Status(ErrorCode::internal, error);
        }
        return Status();
    }

  private:
    const nae_analysis_api* api_;
    nae_analysis* handle_;
    int halo_px_;
};

// Graphs as chunk aNLZ (model.h) holds its two.
Result<std::vector<uint8_t>> graphs_payload(const std::vector<const FloatGraph*>& graphs) {
    std::vector<uint8_t> payload;
    for (const FloatGraph* graph : graphs) {
        NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, serialise_float_graph(*graph));
        append_le(payload, static_cast<uint32_t>(bytes.size()));
        append_bytes(payload, bytes.data(), bytes.size());
    }
    return payload;
}

Result<std::unique_ptr<AnalysisBackend>> make_backend(const std::string& name,
                                                      const std::vector<const FloatGraph*>& graphs,
                                                      int halo_px, int threads) {
    NAE_ASSIGN_OR_RETURN(const nae_analysis_api* api, open_module());
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> payload, graphs_payload(graphs));
    char error[kErrorBytes] = "";
    nae_analysis* handle = api->create(payload.data(), payload.size(), threads, error, sizeof(error));
    if (handle == nullptr) {
        error[kErrorBytes - 1] = '\0';
        return Status(ErrorCode::encoder_unavailable, cat("networks of model '", name, "': ", error));
    }
    return std::unique_ptr<AnalysisBackend>(new ModuleBackend(api, handle, halo_px));
}

}  // namespace

Status AnalysisBackend::run_part(const float* in, int h, int w, int c, const AnalysisPart& part, float* out,
                                 ptrdiff_t out_row) {
    if (!part.valid()) return Status(ErrorCode::internal, "no such part of the analysis");
    const size_t row = static_cast<size_t>(part.w) * static_cast<size_t>(part.c);
    std::vector<float> all(static_cast<size_t>(part.h) * row);
    NAE_RETURN_IF_ERROR(run(AnalysisGraph::analysis, in, h, w, c, all.data(), part.h, part.w, part.c));
    for (int y = part.top; y < part.bottom; ++y)
        std::copy_n(all.data() + static_cast<size_t>(y) * row + ptrdiff_t{part.left} * part.c,
                    ptrdiff_t{part.right - part.left} * part.c, out + (y - part.top) * out_row);
    return Status();
}

std::unique_ptr<AnalysisStream> AnalysisBackend::stream(int64_t, int64_t) { return nullptr; }

Status AnalysisBackend::refine(const Refinement&, const int16_t*, float*, float*) {
    return Status(ErrorCode::unsupported, "there is no synthesis to take gradients through");
}

Result<std::unique_ptr<AnalysisBackend>> load_research_backend(const ResearchModel& model, int threads) {
    return guarded([&]() -> Result<std::unique_ptr<AnalysisBackend>> {
        // A model without analysis has a graph that does nothing in its place.
        const FloatGraph nothing = FloatGraphBuilder(1).take();
        auto made = make_backend(
            model.name, {model.analysis.empty() ? &nothing : &model.analysis, &model.synthesis}, 0, threads);
        return std::move(made).in("'" + model.name +
                                  "' is a research model, which LibTorch runs on reading, too");
    });
}

Result<std::unique_ptr<AnalysisBackend>> load_analysis_backend(const Model& model, int quality_centi,
                                                               int threads, const FloatGraph* synthesis,
                                                               AnalysisEnginesCache* cache) {
    return guarded([&]() -> Result<std::unique_ptr<AnalysisBackend>> {
        if (!model.has_analysis()) {
            return Status(ErrorCode::encoder_unavailable,
                          "model '" + model.name + "' has no analysis part: it can decode but not encode");
        }
        NAE_ASSIGN_OR_RETURN(std::unique_ptr<AnalysisBackend> made,
                             named_module() != nullptr
                                 ? load_module_analysis(model, quality_centi, threads)
                                 : make_native_analysis(model, quality_centi, threads, cache).in("encoding"));
        if (synthesis == nullptr) return made;
        const float pixel_unit = 1.0F / static_cast<float>(1 << model.output_frac_bits);
        return with_symbol_search(std::move(made), *synthesis, pixel_unit, model.lap.empty(), threads);
    });
}

Result<std::unique_ptr<AnalysisBackend>> load_module_analysis(const Model& model, int quality_centi,
                                                              int threads) {
    return guarded([&]() -> Result<std::unique_ptr<AnalysisBackend>> {
        NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(model.analysis));
        const FloatGraph analysis = model.analysis_at(quality_centi),
                         hyper_analysis = model.hyper_analysis_at(quality_centi);
        return make_backend(model.name, {&analysis, &hyper_analysis},
                            static_cast<int>(std::min<int64_t>(info.halo, 1 << 16)), threads)
            .in("encoding");
    });
}

}  // namespace nae
