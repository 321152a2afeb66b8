// Previews: an even first byte is followed by a whole payload, an odd one by width, height, bands and the
// filtered rows inside the deflate stream. What can be read can be written, and reads the same again; with every fourth
// first byte, because deflating takes far longer than all the rest.
#include <cstdlib>
#include <vector>

#include "format/preview.h"
#include "tests/fuzz/check_status.h"
#include "tests/fuzz/stored_deflate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kFields = 5;  // u16 width, u16 height, u8 bands
    if (size == 0) return 0;
    std::vector<uint8_t> payload(data + 1, data + size);
    if (data[0] % 2 != 0 && payload.size() >= kFields) {
        payload.resize(kFields);
        nae::fuzz::append_stored(payload, data + 1 + kFields, size - 1 - kFields);
    }
    const auto preview = nae::parse_preview(nae::ByteSpan(payload));
    nae::check_status(preview.status());
    if (!preview.ok() || data[0] / 2 % 4 != 0) return 0;
    const auto written = nae::serialise_preview(preview.value());
    if (!written.ok()) std::abort();
    const auto again = nae::parse_preview(nae::ByteSpan(written.value()));
    if (!again.ok() || again.value().pixels != preview.value().pixels) std::abort();
    return 0;
}
