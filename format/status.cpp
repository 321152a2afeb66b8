#include "format/status.h"

namespace nae {

const char* error_code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::ok:
            return "success";
        case ErrorCode::io:
            return "input/output error";
        case ErrorCode::not_nae:
            return "not a NAE file";
        case ErrorCode::truncated:
            return "file is truncated";
        case ErrorCode::corrupt:
            return "file is damaged";
        case ErrorCode::unsupported:
            return "not supported by this version";
        case ErrorCode::limit_exceeded:
            return "limit exceeded";
        case ErrorCode::model_not_found:
            return "model not found";
        case ErrorCode::model_mismatch:
            return "wrong model";
        case ErrorCode::invalid_argument:
            return "invalid argument";
        case ErrorCode::cancelled:
            return "cancelled";
        case ErrorCode::encoder_unavailable:
            return "encoder not available";
        case ErrorCode::internal:
            return "internal error";
    }
    return "unknown error";
}

Status::Status(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {
    if (code_ == ErrorCode::ok) code_ = ErrorCode::internal;  // success carries no message: Status()
    if (message_.empty()) message_ = error_code_name(code_);
}

Status Status::in(const std::string& context) const {
    return ok() ? *this : Status(code_, context + ": " + message_);
}

}  // namespace nae
