// Foreign bytes as a .nae file's container: header, metadata, preview, index, chunk order, CRCs.
#include <cstddef>
#include <cstdint>

#include "format/byte_source.h"
#include "format/file_layout.h"
#include "tests/fuzz/check_status.h"

// Small limits: memory that follows a length field of the file must show up as a fault, not as swapping.
static nae::LayoutOptions fuzz_options() {
    nae::LayoutOptions options;
    options.verify_tiles = true;
    options.limits.max_tiles = 4096;
    options.limits.max_chunk_bytes = 1u << 20;
    options.limits.max_metadata_bytes = 1u << 20;
    options.limits.max_model_bytes = 1u << 20;
    return options;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const nae::MemorySource source(nae::ByteSpan(data, size), "input");
    nae::check_status(nae::read_layout(source, fuzz_options()).status());
    return 0;
}
