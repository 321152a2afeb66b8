// The caller's pixels and the picture's: checks of what a nae_buffer says, and conversion into it.
#ifndef NAE_CODEC_CAPI_PIXEL_FORMAT_H_
#define NAE_CODEC_CAPI_PIXEL_FORMAT_H_

#include <cstddef>
#include <cstdint>

#include "codec/decoder.h"
#include "codec/include/nae/nae.h"
#include "format/status.h"

namespace nae::capi {

// What the pixels of a picture are, as it is stored.
struct Format {
    nae_sample_type type = NAE_UINT8;
    nae_layout layout = NAE_LAYOUT_NATIVE;
    size_t bands = 0;
    size_t pixel_bytes = 0;  // dense, interleaved
};
Format format_of(const Decoder& decoder);
DataType data_type_of(nae_sample_type type);  // not NATIVE

// Bytes of a sample; 0 for NAE_SAMPLES_NATIVE and for what is no sample type.
size_t sample_bytes(int32_t type);
// Samples of a pixel; 0 for NAE_LAYOUT_NATIVE and for what is no layout.
size_t layout_channels(int32_t layout);

// A caller's buffer with every default filled in.
struct Target {
    nae_sample_type type = NAE_UINT8;
    nae_layout layout = NAE_LAYOUT_NATIVE;
    size_t channels = 0;
    uint8_t* data = nullptr;
    size_t pixel_stride = 0;  // bytes, all three
    size_t row_stride = 0;
    size_t channel_stride = 0;
};

// A buffer that is to take `width` x `height` pixels. Error: invalid_argument, naming the member that is wrong.
Result<Target> check_buffer(const nae_buffer& buffer, const Format& format, uint32_t width, uint32_t height);

// True when the picture's bands are the first channels of the target, so that the decoder can write there by
// itself; fill_alpha() then adds what is missing.
bool takes_bands(const Target& target, const Format& format);
// Makes the target opaque if it has alpha and the picture has none.
void fill_alpha(const Target& target, const Format& format, uint32_t width, uint32_t height);

// Converts dense interleaved samples of the picture's own format into rows `first_row`, … of the target.
void convert_rows(const uint8_t* from, const Format& format, uint32_t width, uint32_t rows,
                  const Target& target, uint32_t first_row);

}  // namespace nae::capi

#endif  // NAE_CODEC_CAPI_PIXEL_FORMAT_H_
