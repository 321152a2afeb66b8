// Metadata: an even first byte is followed by a whole payload, an odd one by the list inside its deflate stream.
// What can be read can be written, and reads the same again; with every fourth first byte, because deflating takes far
// longer than all the rest.
#include <cstdlib>
#include <vector>

#include "format/metadata.h"
#include "tests/fuzz/check_status.h"
#include "tests/fuzz/stored_deflate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    std::vector<uint8_t> payload;
    if (data[0] % 2 == 0) {
        payload.assign(data + 1, data + size);
    } else {
        nae::append_le(payload, static_cast<uint32_t>(size - 1));
        nae::fuzz::append_stored(payload, data + 1, size - 1);
    }
    nae::Limits limits;
    limits.max_metadata_bytes = 1u << 20;
    const auto metadata = nae::parse_metadata(nae::ByteSpan(payload), limits);
    nae::check_status(metadata.status());
    if (!metadata.ok() || data[0] / 2 % 4 != 0) return 0;
    const auto written = nae::serialise_metadata(metadata.value());
    if (!written.ok()) std::abort();
    const auto again = nae::parse_metadata(nae::ByteSpan(written.value()), limits);
    if (!again.ok() || again.value().items().size() != metadata.value().items().size()) std::abort();
    for (const nae::MetadataItem& item : metadata.value().items()) {
        const std::string* value = again.value().find(item.domain, item.key);
        if (value == nullptr || *value != item.value) std::abort();
    }
    return 0;
}
