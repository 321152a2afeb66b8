// The C interface: translates arguments, results and messages, and does nothing else.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/guard.h"
#include "codec/include/nae/nae.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"

struct nae_decoder {
    std::unique_ptr<nae::Decoder> decoder;
};

namespace {

using nae::ErrorCode;
using nae::Result;
using nae::Status;

std::string& last_error() {
    thread_local std::string message;
    return message;
}

nae_result result_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::ok:
            return NAE_OK;
        case ErrorCode::io:
            return NAE_ERROR_IO;
        case ErrorCode::not_nae:
            return NAE_ERROR_NOT_NAE;
        case ErrorCode::truncated:
            return NAE_ERROR_TRUNCATED;
        case ErrorCode::corrupt:
            return NAE_ERROR_CORRUPT;
        case ErrorCode::unsupported:
            return NAE_ERROR_UNSUPPORTED;
        case ErrorCode::limit_exceeded:
            return NAE_ERROR_LIMIT_EXCEEDED;
        case ErrorCode::model_not_found:
            return NAE_ERROR_MODEL_NOT_FOUND;
        case ErrorCode::model_mismatch:
            return NAE_ERROR_MODEL_MISMATCH;
        case ErrorCode::invalid_argument:
            return NAE_ERROR_INVALID_ARGUMENT;
        case ErrorCode::cancelled:
            return NAE_ERROR_CANCELLED;
        case ErrorCode::encoder_unavailable:
            return NAE_ERROR_ENCODER_UNAVAILABLE;
        case ErrorCode::internal:
            return NAE_ERROR_INTERNAL;
    }
    return NAE_ERROR_INTERNAL;
}

ErrorCode code_of(nae_result result) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
        if (result_of(static_cast<ErrorCode>(i)) == result) return static_cast<ErrorCode>(i);
    }
    return ErrorCode::internal;
}

// Runs f, keeps its message, returns its code. Nothing gets past it.
template <class F>
nae_result call(F&& f) {
    try {
        const Status status = nae::guarded(std::forward<F>(f));
        if (!status.ok())
            last_error() = status.message().empty() ? error_code_name(status.code()) : status.message();
        return result_of(status.code());
    } catch (...) {  // no memory even for the message
        return NAE_ERROR_LIMIT_EXCEEDED;
    }
}

Status invalid(const char* what) { return Status(ErrorCode::invalid_argument, what); }

// The caller's options over the defaults, as far as its struct goes. The first four bytes are struct_size.
template <class Options>
Status merge(const Options* given, Options* out) {
    if (given == nullptr) return Status();
    if (given->struct_size < sizeof(uint32_t)) return invalid("struct_size of the options is not set");
    std::memcpy(out, given, std::min<size_t>(given->struct_size, sizeof(Options)));
    return Status();
}

Status open_source(Result<std::shared_ptr<nae::ByteSource>> source, const nae_decoder_options* given,
                   nae_decoder** out) {
    nae_decoder_options options;
    nae_decoder_options_init(&options);
    NAE_RETURN_IF_ERROR(merge(given, &options));
    if (!source.ok()) return source.status();
    nae::DecoderOptions decoder_options;
    decoder_options.threads = options.threads;
    decoder_options.strict = options.lenient == 0;
    decoder_options.cache_bytes = options.cache_bytes;
    decoder_options.limits.max_pixels = options.max_pixels;
    NAE_ASSIGN_OR_RETURN(auto decoder, nae::Decoder::open(std::move(source).value(), decoder_options));
    *out = new nae_decoder{std::move(decoder)};
    return Status();
}

Status encode_to(const nae_picture* picture, const nae_encoder_options* given, nae::ByteSink& sink) {
    if (picture == nullptr || picture->pixels == nullptr) return invalid("no picture");
    nae_encoder_options options;
    nae_encoder_options_init(&options);
    NAE_RETURN_IF_ERROR(merge(given, &options));
    nae::EncoderOptions encoder_options;
    encoder_options.quality = options.quality;
    encoder_options.effort = options.effort;
    encoder_options.tile_size = options.tile_size;
    encoder_options.threads = options.threads;
    encoder_options.embed_model = options.embed_model != 0;
    encoder_options.preview = options.preview < 0    ? nae::PreviewMode::automatic
                              : options.preview == 0 ? nae::PreviewMode::never
                                                     : nae::PreviewMode::always;
    if (options.model != nullptr) encoder_options.model_name = options.model;
    if (options.progress != nullptr) {
        encoder_options.progress = [&options](double f) { return options.progress(f, options.user) != 0; };
    }
    nae::MemoryImageSource image(picture->pixels, picture->width, picture->height, picture->bands,
                                 picture->row_stride);
    return nae::encode(encoder_options, image, nae::Metadata(), sink);
}

}  // namespace

extern "C" {

const char* nae_version(void) { return NAE_VERSION; }

const char* nae_result_text(nae_result result) { return nae::error_code_name(code_of(result)); }

const char* nae_last_error(void) { return last_error().c_str(); }

void nae_decoder_options_init(nae_decoder_options* options) {
    if (options == nullptr) return;
    const nae::DecoderOptions defaults;
    *options = {};
    options->struct_size = sizeof(*options);
    options->cache_bytes = defaults.cache_bytes;
    options->max_pixels = defaults.limits.max_pixels;
}

nae_result nae_open_file(const char* path, const nae_decoder_options* options, nae_decoder** out) {
    return call([&]() -> Status {
        if (path == nullptr || out == nullptr) return invalid("nae_open_file: an argument is NULL");
        *out = nullptr;
        auto file = nae::FileSource::open(path);
        if (!file.ok()) return file.status();
        return open_source(std::shared_ptr<nae::ByteSource>(std::move(file).value()), options, out);
    });
}

nae_result nae_open_memory(const void* bytes, size_t size, const nae_decoder_options* options,
                           nae_decoder** out) {
    return call([&]() -> Status {
        if ((bytes == nullptr && size > 0) || out == nullptr)
            return invalid("nae_open_memory: an argument is NULL");
        *out = nullptr;
        const nae::ByteSpan span(static_cast<const uint8_t*>(bytes), size);
        return open_source(
            std::shared_ptr<nae::ByteSource>(std::make_shared<nae::MemorySource>(span, "memory")), options,
            out);
    });
}

nae_result nae_get_info(const nae_decoder* decoder, nae_info* info) {
    return call([&]() -> Status {
        if (decoder == nullptr || info == nullptr) return invalid("nae_get_info: an argument is NULL");
        const uint32_t room = info->struct_size;
        if (room < sizeof(room)) return invalid("nae_get_info: struct_size is not set");
        const nae::Header& h = decoder->decoder->header();
        nae_info full{};
        full.struct_size = room;
        full.width = h.width;
        full.height = h.height;
        full.bands = h.bands;
        full.tile_size = h.tile_size_px;
        full.effort = h.effort;
        full.quality = h.quality_centi / 100.0;
        std::copy(h.model_id.begin(), h.model_id.end(), full.model_id);
        const size_t length = std::min(h.model_name.size(), sizeof(full.model_name) - 1);
        std::memcpy(full.model_name, h.model_name.data(), length);
        full.has_embedded_model = decoder->decoder->has_embedded_model() ? 1 : 0;
        std::memcpy(info, &full, std::min<size_t>(room, sizeof(full)));
        return Status();
    });
}

nae_result nae_get_metadata(const nae_decoder* decoder, const char* domain, const char* key,
                            const void** value, size_t* size) {
    return call([&]() -> Status {
        if (decoder == nullptr || domain == nullptr || key == nullptr || value == nullptr ||
            size == nullptr) {
            return invalid("nae_get_metadata: an argument is NULL");
        }
        const std::string* found = decoder->decoder->metadata().find(domain, key);
        *value = found != nullptr ? found->data() : nullptr;
        *size = found != nullptr ? found->size() : 0;
        return Status();
    });
}

nae_result nae_read_window(const nae_decoder* decoder, uint32_t x, uint32_t y, uint32_t width,
                           uint32_t height, uint8_t* pixels, ptrdiff_t pixel_stride, ptrdiff_t row_stride,
                           ptrdiff_t band_stride) {
    return call([&]() -> Status {
        if (decoder == nullptr) return invalid("nae_read_window: the decoder is NULL");
        nae::PixelTarget target;
        target.data = pixels;
        target.pixel_stride = pixel_stride;
        target.row_stride = row_stride;
        target.band_stride = band_stride;
        if (pixel_stride == 0 && row_stride == 0 && band_stride == 0) {
            target.pixel_stride = decoder->decoder->header().bands;
            target.row_stride = target.pixel_stride * static_cast<ptrdiff_t>(width);
            target.band_stride = 1;
        }
        return decoder->decoder->read_window(x, y, width, height, target);
    });
}

void nae_close(nae_decoder* decoder) { delete decoder; }

void nae_encoder_options_init(nae_encoder_options* options) {
    if (options == nullptr) return;
    const nae::EncoderOptions defaults;
    *options = {};
    options->struct_size = sizeof(*options);
    options->effort = defaults.effort;
    options->quality = defaults.quality;
    options->tile_size = defaults.tile_size;
    options->preview = -1;
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

}  // extern "C"
