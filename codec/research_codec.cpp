#include "codec/research_codec.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "codec/research_model.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr float kSymbolLimit = 32767;

int16_t to_symbol(float value) {
    if (std::isnan(value)) return 0;
    return static_cast<int16_t>(std::lround(std::clamp(value, -kSymbolLimit, kSymbolLimit)));
}

// 0 = black, 1 = white, to units of 2^-F around mid-gray.
int16_t to_sample(float value) {
    constexpr float kUnit = 1 << kResearchFracBits;
    if (std::isnan(value)) return 0;
    return static_cast<int16_t>(std::lround((std::clamp(value, 0.0f, 1.0f) * 255 - 128) * kUnit));
}

}  // namespace

struct ResearchCodec::Networks {
    std::unique_ptr<AnalysisBackend> own;
    AnalysisBackend* backend = nullptr;
    std::mutex running;

    Status run(AnalysisGraph graph, const std::vector<float>& in, const Extents& in_size, int in_channels,
               std::vector<float>& out, const Extents& out_size, int out_channels) {
        out.resize(static_cast<size_t>(out_size.h * out_size.w * out_channels));
        const std::lock_guard<std::mutex> lock(running);
        return backend
            ->run(graph, in.data(), static_cast<int>(in_size.h), static_cast<int>(in_size.w), in_channels,
                  out.data(), static_cast<int>(out_size.h), static_cast<int>(out_size.w), out_channels)
            .in(graph == AnalysisGraph::analysis ? "analysis" : "synthesis");
    }

    // Those of an installed model, loaded once.
    static Result<std::shared_ptr<Networks>> shared(const ReadyModel& model, int threads) {
        static std::mutex loading;
        // Never destroyed: plugins may ask while the process is ending.
        static auto& loaded = *new std::map<std::pair<ModelId, bool>, std::shared_ptr<Networks>>();
        const std::lock_guard<std::mutex> lock(loading);
        std::shared_ptr<Networks>& slot = loaded[{model.id, model.research->analysis.empty()}];
        if (slot == nullptr) {
            auto networks = std::make_shared<Networks>();
            NAE_ASSIGN_OR_RETURN(networks->own, load_research_backend(*model.research, threads));
            networks->backend = networks->own.get();
            slot = std::move(networks);
        }
        return slot;
    }
};

Result<std::unique_ptr<ResearchCodec>> ResearchCodec::create(ReadyModelPtr model, AnalysisBackend* backend,
                                                             int threads, const Limits& limits) {
    const ResearchModel& m = *model->research;
    NAE_ASSIGN_OR_RETURN(SymbolCodec symbols, SymbolCodec::create(m.tables));
    Limits generous = limits;
    generous.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(m.synthesis, generous));
    const double pixels = static_cast<double>(m.stride) * m.stride;
    if (info.macs_per_pixel / pixels > static_cast<double>(limits.max_macs_per_pixel))
        return Status(ErrorCode::limit_exceeded,
                      cat("model ", m.name, ": ", info.macs_per_pixel / pixels,
                          " operations per pixel, the limit is ", limits.max_macs_per_pixel));
    std::unique_ptr<ResearchCodec> codec(new ResearchCodec(model, std::move(symbols)));
    for (const FloatNodeInfo& node : info.nodes) {
        const double side = node.resolution.ratio();
        codec->values_per_position_ = std::max(codec->values_per_position_,
                                               static_cast<uint64_t>(std::ceil(side * side * node.channels)));
    }
    codec->limits_ = limits;
    if (backend == nullptr) {
        NAE_ASSIGN_OR_RETURN(codec->networks_, Networks::shared(*model, threads));
    } else {
        codec->networks_ = std::make_shared<Networks>();
        codec->networks_->backend = backend;
    }
    return codec;
}

Extents ResearchCodec::latent_extents(int h, int w) const {
    const int64_t stride = model_->research->stride;
    return {div_up(h, stride), div_up(w, stride)};
}

std::vector<uint8_t> ResearchCodec::table_indices(const Extents& latent) const {
    const int channels = model_->research->latent_channels;
    std::vector<uint8_t> indices;
    indices.reserve(static_cast<size_t>(latent.h * latent.w * channels));
    for (int64_t i = 0; i < latent.h * latent.w; ++i)
        for (int c = 0; c < channels; ++c) indices.push_back(static_cast<uint8_t>(c + 1));
    return indices;
}

Status ResearchCodec::check_size(const Extents& latent) const {
    const auto positions = static_cast<uint64_t>(latent.h) * static_cast<uint64_t>(latent.w);
    if (positions <= limits_.max_tensor_bytes / sizeof(float) / values_per_position_) return Status();
    return Status(ErrorCode::limit_exceeded,
                  cat("a tile of ", latent.w, "x", latent.h, " latent positions of model ", model_->name(),
                      " needs tensors over the limit of ", limits_.max_tensor_bytes, " bytes"));
}

Status ResearchCodec::decode(ByteSpan payload, int h, int w, Tensor16& values) const {
    const ResearchModel& m = *model_->research;
    const Extents latent = latent_extents(h, w);
    NAE_RETURN_IF_ERROR(check_size(latent));
    const std::vector<uint8_t> indices = table_indices(latent);
    std::vector<int16_t> symbols(indices.size());
    NAE_RETURN_IF_ERROR(
        symbols_.decode(payload.data(), payload.size(), indices.data(), indices.size(), symbols.data()));
    std::vector<float> y(symbols.size());
    const auto channels = static_cast<size_t>(m.latent_channels);
    for (size_t i = 0; i < y.size(); ++i)
        y[i] = m.centre[i % channels] + m.step[i % channels] * static_cast<float>(symbols[i]);
    const int64_t out_h = latent.h * m.stride, out_w = latent.w * m.stride;
    std::vector<float> made;
    NAE_RETURN_IF_ERROR(networks_->run(AnalysisGraph::synthesis, y, latent, m.latent_channels, made,
                                       Extents{out_h, out_w}, m.picture_channels));
    values.resize(h, w, 3);
    for (int row = 0; row < h; ++row)
        for (int x = 0; x < w; ++x) {
            const float* from = made.data() + (row * out_w + x) * m.picture_channels;
            for (int c = 0; c < 3; ++c)
                values.at(row, x, c) = to_sample(from[m.picture_channels == 3 ? c : 0]);
        }
    return Status();
}

Result<std::vector<uint8_t>> ResearchCodec::encode(const float* rgb, int h, int w, int label) const {
    const ResearchModel& m = *model_->research;
    if (m.analysis.empty())
        return Status(ErrorCode::encoder_unavailable,
                      "model '" + m.name + "' has no analysis part: it can decode but not encode");
    if (m.classes > 0 && (label < 0 || label >= m.classes))
        return Status(ErrorCode::invalid_argument,
                      cat("model ", m.name, " must be told the picture's class, 0 to ", m.classes - 1));
    const Extents latent = latent_extents(h, w);
    NAE_RETURN_IF_ERROR(check_size(latent));
    const int in_h = static_cast<int>(latent.h) * m.stride, in_w = static_cast<int>(latent.w) * m.stride;
    const int in_c = m.picture_channels + (m.classes > 0 ? 1 : 0);
    std::vector<float> in;
    in.reserve(static_cast<size_t>(in_h) * static_cast<size_t>(in_w) * static_cast<size_t>(in_c));
    // Beyond the tile its last row and column are repeated.
    for (int y = 0; y < in_h; ++y)
        for (int x = 0; x < in_w; ++x) {
            const float* from =
                rgb + (static_cast<ptrdiff_t>(std::min(y, h - 1)) * w + std::min(x, w - 1)) * 3;
            in.insert(in.end(), from, from + m.picture_channels);
            if (m.classes > 0) in.push_back(static_cast<float>(label));
        }
    std::vector<float> latents;
    NAE_RETURN_IF_ERROR(networks_->run(AnalysisGraph::analysis, in, Extents{in_h, in_w}, in_c, latents,
                                       latent, m.latent_channels));
    std::vector<int16_t> symbols(latents.size());
    const auto channels = static_cast<size_t>(m.latent_channels);
    for (size_t i = 0; i < latents.size(); ++i)
        symbols[i] = to_symbol((latents[i] - m.centre[i % channels]) / m.step[i % channels]);
    const std::vector<uint8_t> indices = table_indices(latent);
    return symbols_.encode(indices.data(), symbols.data(), symbols.size());
}

void ResearchCodec::neutral(int h, int w, Tensor16& values) {
    values.resize(h, w, 3);
    std::fill(values.data.begin(), values.data.end(), int16_t{0});
}

}  // namespace nae
