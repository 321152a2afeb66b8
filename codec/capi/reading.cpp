// Reading: nae_open_*, nae_get_*, nae_read.
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "codec/capi/call.h"
#include "codec/capi/callbacks.h"
#include "codec/capi/orientation.h"
#include "codec/capi/pixel_format.h"
#include "codec/decoder.h"
#include "codec/include/nae/nae.h"
#include "format/byte_source.h"
#include "format/container.h"
#include "format/text.h"

struct nae_decoder {
    std::unique_ptr<nae::Decoder> decoder;
};

namespace {

using nae::Header;
using nae::Result;
using nae::Status;
using nae::capi::call;
using nae::capi::invalid;

// A read goes through the picture in strips that start at multiples of this many rows (or of a tile): as the decoder itself does,
// so that it computes nothing twice. Where progress is reported between them they are lower, for who wants to stop soon; but
// a window that is no higher than one is not cut in two, of which each would begin the tiles anew.
constexpr uint32_t kStripRows = 1024, kStripRowsWithProgress = 512;

Status open_source(std::shared_ptr<nae::ByteSource> source, const nae_decoder_options* given,
                   nae_decoder** out) {
    nae_decoder_options options;
    NAE_RETURN_IF_ERROR(nae::capi::copy_in(given, "nae_decoder_options", &options));
    nae::DecoderOptions decoder_options;
    decoder_options.threads = options.threads;
    decoder_options.strict = options.lenient == 0;
    if (options.cache_bytes != 0) decoder_options.cache_bytes = options.cache_bytes;
    nae::Limits& limits = decoder_options.limits;
    const std::pair<uint64_t, uint64_t*> given_limits[] = {
        {options.max_pixels, &limits.max_pixels},
        {options.max_tiles, &limits.max_tiles},
        {options.max_metadata_bytes, &limits.max_metadata_bytes},
        {options.max_model_bytes, &limits.max_model_bytes},
        {options.max_operations_per_pixel, &limits.max_macs_per_pixel},
        {options.max_tensor_bytes, &limits.max_tensor_bytes},
    };
    for (const auto& [value, limit] : given_limits)
        if (value != 0) *limit = value;
    if (options.damage != nullptr) {
        decoder_options.on_damage = [damage = options.damage, user = options.user](const Status& status) {
            damage(status.message().c_str(), user);
        };
    }
    NAE_ASSIGN_OR_RETURN(auto decoder, nae::Decoder::open_without_model(std::move(source), decoder_options));
    *out = new nae_decoder{std::move(decoder)};
    return Status();
}

Status get_info(const nae::Decoder& decoder, nae_info* info) {
    const Header& h = decoder.header();
    nae_info full{};
    full.width = h.width;
    full.height = h.height;
    const nae::capi::Format format = nae::capi::format_of(decoder);
    full.bands = static_cast<int32_t>(format.bands);
    full.sample_type = format.type;
    full.layout = format.layout;
    full.levels = h.levels;
    full.tile_size = h.tile_size_px;
    full.effort = h.effort;
    full.orientation = nae::capi::orientation_of(decoder.metadata());
    full.quality = h.quality_centi / 100.0;
    std::copy(h.model_id.begin(), h.model_id.end(), full.model_id);
    const size_t length = std::min(h.model_name.size(), sizeof(full.model_name) - 1);
    std::memcpy(full.model_name, h.model_name.data(), length);
    full.has_embedded_model = decoder.has_embedded_model() ? 1 : 0;
    full.has_preview = decoder.has_preview() ? 1 : 0;
    return nae::capi::copy_out(full, "nae_info", info);
}

// Decodes full-width strips of the window, straight into the target where that is possible.
class Read {
  public:
    Read(const nae::Decoder& decoder, const nae_window& window, const nae::capi::Target& target)
        : decoder_(decoder),
          window_(window),
          target_(target),
          format_(nae::capi::format_of(decoder)),
          in_place_(nae::capi::takes_bands(target, format_)) {
        bands_.resize(format_.bands);
        std::iota(bands_.begin(), bands_.end(), 0);
    }

    // Rows [y, y + count) of the window.
    Status strip(uint32_t y, uint32_t count) {
        if (in_place_) {
            nae::PixelTarget pixels;
            pixels.data = target_.data + y * target_.row_stride;
            pixels.pixel_stride = static_cast<ptrdiff_t>(target_.pixel_stride);
            pixels.row_stride = static_cast<ptrdiff_t>(target_.row_stride);
            pixels.band_stride = static_cast<ptrdiff_t>(target_.channel_stride);
            return decoder_.read(part(y, count), bands_, pixels);
        }
        const size_t row_bytes = window_.width * format_.pixel_bytes;
        decoded_.resize(row_bytes * count);
        nae::PixelTarget pixels;
        pixels.data = decoded_.data();
        pixels.row_stride = static_cast<ptrdiff_t>(row_bytes);
        pixels.pixel_stride = static_cast<ptrdiff_t>(format_.pixel_bytes);
        pixels.band_stride = static_cast<ptrdiff_t>(format_.pixel_bytes / format_.bands);
        NAE_RETURN_IF_ERROR(decoder_.read(part(y, count), bands_, pixels));
        nae::capi::convert_rows(decoded_.data(), format_, window_.width, count, target_, y);
        return Status();
    }

    Status run(nae_progress progress, void* user) {
        const uint32_t step = std::max<uint32_t>(progress != nullptr ? kStripRowsWithProgress : kStripRows,
                                                 decoder_.header().tile_size_px);
        for (uint32_t y = 0; y < window_.height;) {
            const uint32_t to_boundary =
                window_.height <= step ? window_.height : step - (window_.y + y) % step;
            const uint32_t count = std::min(to_boundary, window_.height - y);
            NAE_RETURN_IF_ERROR(strip(y, count));
            y += count;
            if (progress != nullptr && progress(static_cast<double>(y) / window_.height, user) == 0)
                return Status(nae::ErrorCode::cancelled, "reading was cancelled");
        }
        if (in_place_) nae::capi::fill_alpha(target_, format_, window_.width, window_.height);
        return Status();
    }

  private:
    nae::Window part(uint32_t y, uint32_t count) const {
        return {window_.x, window_.y + y, window_.width, count, static_cast<int>(window_.level)};
    }

    const nae::Decoder& decoder_;
    const nae_window window_;
    const nae::capi::Target target_;
    const nae::capi::Format format_;
    const bool in_place_;
    std::vector<int> bands_;
    std::vector<uint8_t> decoded_;
};

Status read(const nae::Decoder& decoder, const nae_window* given_window, const nae_buffer* given_buffer,
            nae_progress progress, void* user) {
    const Header& header = decoder.header();
    nae_window window;
    NAE_RETURN_IF_ERROR(nae::capi::copy_in(given_window, "nae_window", &window));
    if (given_window == nullptr) {
        window.width = header.width;
        window.height = header.height;
    }
    if (window.level >= header.levels)
        return invalid(nae::cat("level ", window.level, ": the picture has ", int{header.levels}));
    const uint32_t width = header.level_width(static_cast<int>(window.level));
    const uint32_t height = header.level_height(static_cast<int>(window.level));
    if (window.width == 0 || window.height == 0 || window.x >= width || window.y >= height ||
        window.width > width - window.x || window.height > height - window.y) {
        return invalid(nae::cat("window ", window.width, "x", window.height, " at (", window.x, ", ",
                                window.y, ") is not inside the picture of ", width, "x", height));
    }
    nae_buffer buffer;
    if (given_buffer == nullptr) return invalid("nae_read: the buffer is NULL");
    NAE_RETURN_IF_ERROR(nae::capi::copy_in(given_buffer, "nae_buffer", &buffer));
    NAE_ASSIGN_OR_RETURN(
        const nae::capi::Target target,
        nae::capi::check_buffer(buffer, nae::capi::format_of(decoder), window.width, window.height));
    return Read(decoder, window, target).run(progress, user);
}

}  // namespace

extern "C" {

int nae_has_signature(const void* bytes, size_t size) {
    if (bytes == nullptr || size < nae::kPictureSignature.size()) return 0;
    return std::memcmp(bytes, nae::kPictureSignature.data(), nae::kPictureSignature.size()) == 0 ? 1 : 0;
}

nae_result nae_open_file(const char* path, const nae_decoder_options* options, nae_decoder** out) {
    return call([&]() -> Status {
        if (out != nullptr) *out = nullptr;
        if (path == nullptr || out == nullptr) return invalid("nae_open_file: an argument is NULL");
        NAE_ASSIGN_OR_RETURN(auto file, nae::FileSource::open(path));
        return open_source(std::move(file), options, out);
    });
}

nae_result nae_open_memory(const void* bytes, size_t size, const nae_decoder_options* options,
                           nae_decoder** out) {
    return call([&]() -> Status {
        if (out != nullptr) *out = nullptr;
        if ((bytes == nullptr && size > 0) || out == nullptr)
            return invalid("nae_open_memory: an argument is NULL");
        const nae::ByteSpan span(static_cast<const uint8_t*>(bytes), size);
        return open_source(std::make_shared<nae::MemorySource>(span, "memory"), options, out);
    });
}

nae_result nae_open_source(const nae_source* source, const nae_decoder_options* options, nae_decoder** out) {
    return call([&]() -> Status {
        if (out != nullptr) *out = nullptr;
        if (source == nullptr || out == nullptr) return invalid("nae_open_source: an argument is NULL");
        nae_source copy;
        NAE_RETURN_IF_ERROR(nae::capi::copy_in(source, "nae_source", &copy));
        // From here on the source is released whatever happens.
        const auto adapter = std::make_shared<nae::capi::CallbackSource>(copy);
        if (copy.read == nullptr) return invalid("nae_open_source: read is NULL");
        return open_source(adapter, options, out);
    });
}

nae_result nae_get_info(const nae_decoder* decoder, nae_info* info) {
    return call([&]() -> Status {
        if (decoder == nullptr || info == nullptr) return invalid("nae_get_info: an argument is NULL");
        return get_info(*decoder->decoder, info);
    });
}

nae_result nae_get_metadata(const nae_decoder* decoder, const char* domain, const char* key,
                            const void** value, size_t* size) {
    return call([&]() -> Status {
        if (decoder == nullptr || domain == nullptr || key == nullptr || value == nullptr || size == nullptr)
            return invalid("nae_get_metadata: an argument is NULL");
        const std::string* found = decoder->decoder->metadata().find(domain, key);
        *value = found != nullptr ? found->c_str() : nullptr;
        *size = found != nullptr ? found->size() : 0;
        return Status();
    });
}

size_t nae_metadata_count(const nae_decoder* decoder) {
    return decoder != nullptr ? decoder->decoder->metadata().items().size() : 0;
}

nae_result nae_get_metadata_item(const nae_decoder* decoder, size_t index, nae_metadata_item* item) {
    return call([&]() -> Status {
        if (decoder == nullptr || item == nullptr)
            return invalid("nae_get_metadata_item: an argument is NULL");
        const auto& items = decoder->decoder->metadata().items();
        if (index >= items.size())
            return invalid(nae::cat("metadata item ", index, ": the picture has ", items.size()));
        *item = {items[index].domain.c_str(), items[index].key.c_str(), items[index].value.c_str(),
                 items[index].value.size()};
        return Status();
    });
}

nae_result nae_get_preview(const nae_decoder* decoder, nae_preview* preview) {
    return call([&]() -> Status {
        if (decoder == nullptr || preview == nullptr) return invalid("nae_get_preview: an argument is NULL");
        NAE_ASSIGN_OR_RETURN(const nae::Preview* const found, decoder->decoder->preview());
        nae_preview full{};
        if (!found->empty()) {
            full.width = found->width;
            full.height = found->height;
            full.layout = found->bands == 1 ? NAE_GRAY : NAE_RGB;
            full.pixels = found->pixels.data();
        }
        return nae::capi::copy_out(full, "nae_preview", preview);
    });
}

nae_result nae_read(const nae_decoder* decoder, const nae_window* window, const nae_buffer* buffer,
                    nae_progress progress, void* user) {
    return call([&]() -> Status {
        if (decoder == nullptr) return invalid("nae_read: the decoder is NULL");
        return read(*decoder->decoder, window, buffer, progress, user);
    });
}

void nae_close(nae_decoder* decoder) { delete decoder; }

}  // extern "C"
