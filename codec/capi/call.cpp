#include "codec/capi/call.h"

namespace nae::capi {
namespace {

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

}  // namespace

nae_result failed(const Status& status) {
    last_error() = status.message();
    return result_of(status.code());
}

}  // namespace nae::capi

extern "C" {

const char* nae_version(void) { return NAE_VERSION; }
const char* nae_result_text(nae_result result) { return nae::error_code_name(nae::capi::code_of(result)); }
const char* nae_last_error(void) { return nae::capi::last_error().c_str(); }

}  // extern "C"
