// Writing: nae_encode*, nae_free; and nae_list_models.
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "codec/capi/call.h"
#include "codec/capi/callbacks.h"
#include "codec/encoder.h"
#include "codec/include/nae/nae.h"
#include "codec/model_store.h"
#include "format/byte_sink.h"
#include "format/metadata.h"

namespace {

using nae::Result;
using nae::Status;
using nae::capi::call;
using nae::capi::copy_in;
using nae::capi::invalid;

Result<nae::PreviewMode> preview_mode(int32_t mode) {
    switch (mode) {
        case NAE_PREVIEW_AUTOMATIC:
            return nae::PreviewMode::automatic;
        case NAE_PREVIEW_ALWAYS:
            return nae::PreviewMode::always;
        case NAE_PREVIEW_NEVER:
            return nae::PreviewMode::never;
        default:
            return invalid("nae_encoder_options: preview is no nae_preview_mode");
    }
}

Result<nae::Tune> tune_of(int32_t tune) {
    switch (tune) {
        case NAE_TUNE_PSNR:
            return nae::Tune::psnr;
        case NAE_TUNE_SSIM:
            return nae::Tune::ssim;
        default:
            return invalid("nae_encoder_options: tune is no nae_tune");
    }
}

Result<nae::Metadata> metadata_of(const nae_picture& picture) {
    nae::Metadata metadata;
    if (picture.metadata == nullptr && picture.metadata_count != 0)
        return invalid("nae_picture: metadata is NULL, metadata_count is not 0");
    for (size_t i = 0; i < picture.metadata_count; ++i) {
        const nae_metadata_item& item = picture.metadata[i];
        if (item.domain == nullptr || item.key == nullptr || (item.value == nullptr && item.size != 0))
            return invalid("nae_picture: a metadata item has a NULL member");
        metadata.set(item.domain, item.key, std::string(static_cast<const char*>(item.value), item.size));
    }
    return metadata;
}

Result<nae::EncoderOptions> encoder_options(const nae_encoder_options* given, const nae_picture& picture) {
    nae_encoder_options options;
    NAE_RETURN_IF_ERROR(copy_in(given, "nae_encoder_options", &options));
    nae::EncoderOptions result;
    if (options.effort != 0) result.effort = options.effort;
    if (options.quality != 0) result.quality = options.quality;
    if (options.tile_size != 0) result.tile_size = options.tile_size;
    result.threads = options.threads;
    result.embed_model = options.embed_model != 0;
    NAE_ASSIGN_OR_RETURN(result.preview, preview_mode(options.preview));
    NAE_ASSIGN_OR_RETURN(result.tune, tune_of(options.tune));
    if (options.overviews != 0)
        result.levels =
            nae::automatic_levels(picture.width, picture.height, static_cast<uint32_t>(result.tile_size));
    if (options.model != nullptr) result.model_name = options.model;
    if (options.progress != nullptr) {
        result.progress = [progress = options.progress, user = options.user](double fraction) {
            return progress(fraction, user) != 0;
        };
    }
    return result;
}

Status encode_to(const nae_picture* given, const nae_encoder_options* given_options, nae::ByteSink& sink) {
    if (given == nullptr) return invalid("the picture is NULL");
    nae_picture picture;
    NAE_RETURN_IF_ERROR(copy_in(given, "nae_picture", &picture));
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<nae::capi::CallerPicture> image,
                         nae::capi::CallerPicture::create(picture));
    NAE_ASSIGN_OR_RETURN(const nae::Metadata metadata, metadata_of(picture));
    NAE_ASSIGN_OR_RETURN(const nae::EncoderOptions options, encoder_options(given_options, picture));
    return nae::encode(options, *image, metadata, sink);
}

}  // namespace

extern "C" {

nae_result nae_encode(const nae_picture* picture, const nae_encoder_options* options, const nae_sink* sink) {
    return call([&]() -> Status {
        if (sink == nullptr) return invalid("nae_encode: the sink is NULL");
        nae_sink copy;
        NAE_RETURN_IF_ERROR(copy_in(sink, "nae_sink", &copy));
        if (copy.write == nullptr) return invalid("nae_encode: write is NULL");
        nae::capi::CallbackSink adapter(copy);
        return encode_to(picture, options, adapter);
    });
}

nae_result nae_encode_file(const nae_picture* picture, const nae_encoder_options* options, const char* path) {
    return call([&]() -> Status {
        if (path == nullptr) return invalid("nae_encode_file: the path is NULL");
        NAE_ASSIGN_OR_RETURN(const auto sink, nae::FileSink::create(path));
        NAE_RETURN_IF_ERROR(encode_to(picture, options, *sink).in(path));
        return sink->commit();
    });
}

nae_result nae_encode_memory(const nae_picture* picture, const nae_encoder_options* options, void** bytes,
                             size_t* size) {
    return call([&]() -> Status {
        if (bytes == nullptr || size == nullptr) return invalid("nae_encode_memory: an argument is NULL");
        *bytes = nullptr;
        *size = 0;
        nae::MemorySink sink;
        NAE_RETURN_IF_ERROR(encode_to(picture, options, sink));
        // malloc, so that the memory is not tied to this library's operator new.
        void* copy = std::malloc(sink.bytes().size());
        if (copy == nullptr) throw std::bad_alloc();
        std::memcpy(copy, sink.bytes().data(), sink.bytes().size());
        *bytes = copy;
        *size = sink.bytes().size();
        return Status();
    });
}

void nae_free(void* bytes) { std::free(bytes); }

nae_result nae_list_models(int (*found)(const nae_model* model, void* user), void* user) {
    return call([&]() -> Status {
        if (found == nullptr) return invalid("nae_list_models: the callback is NULL");
        for (const nae::ModelStore::Entry& entry : nae::ModelStore::shared().list()) {
            nae_model model{};
            model.struct_size = sizeof(model);
            model.can_encode = entry.summary.has_analysis ? 1 : 0;
            model.path = entry.path.c_str();
            model.name = entry.summary.name.c_str();
            std::copy(entry.summary.id.begin(), entry.summary.id.end(), model.id);
            model.problem = entry.status.ok() ? nullptr : entry.status.message().c_str();
            if (found(&model, user) == 0) break;
        }
        return Status();
    });
}

}  // extern "C"
