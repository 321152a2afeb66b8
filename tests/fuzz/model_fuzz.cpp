// Foreign bytes as a model file: graphs, gains, tables, and the proof of their bounds.
#include <cstddef>
#include <cstdint>

#include "codec/model.h"
#include "tests/fuzz/check_status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    nae::Limits limits;
    limits.max_model_bytes = 1u << 22;
    limits.max_tensor_bytes = 1u << 22;
    nae::check_status(nae::parse_model(data, size, "input", false, limits).status());
    return 0;
}
