// What every function of the C interface does: keep exceptions in, keep the message, translate the code.
#ifndef NAE_CODEC_CAPI_CALL_H_
#define NAE_CODEC_CAPI_CALL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "codec/guard.h"
#include "codec/include/nae/nae.h"
#include "format/status.h"

namespace nae::capi {

// Remembers the message for nae_last_error() and returns the code.
nae_result failed(const Status& status);

// Runs f, which returns a Status. Nothing gets past it.
template <class F>
nae_result call(F&& f) {
    try {
        const Status status = guarded(std::forward<F>(f));
        return status.ok() ? NAE_OK : failed(status);
    } catch (...) {  // no memory even for the message
        return NAE_ERROR_LIMIT_EXCEEDED;
    }
}

inline Status invalid(const std::string& what) { return Status(ErrorCode::invalid_argument, what); }

// A caller's struct as far as it goes, the rest 0. NULL: all 0.
template <class Struct>
Status copy_in(const Struct* given, const char* name, Struct* out) {
    *out = Struct();
    if (given == nullptr) return Status();
    if (given->struct_size < sizeof(uint32_t)) return invalid(std::string(name) + ": struct_size is not set");
    std::memcpy(out, given, std::min<size_t>(given->struct_size, sizeof(Struct)));
    return Status();
}

// The other way round: as much as the caller's struct takes.
template <class Struct>
Status copy_out(Struct full, const char* name, Struct* out) {
    full.struct_size = out->struct_size;
    if (full.struct_size < sizeof(uint32_t)) return invalid(std::string(name) + ": struct_size is not set");
    std::memcpy(out, &full, std::min<size_t>(full.struct_size, sizeof(full)));
    return Status();
}

}  // namespace nae::capi

#endif  // NAE_CODEC_CAPI_CALL_H_
