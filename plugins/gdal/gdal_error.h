// From our errors as values to GDAL's error handler: the one place where the driver calls CPLError for a
// Status, so that every failure is reported exactly once and names its file.
#pragma once

#include <cpl_error.h>

#include <string>

#include "format/status.h"

namespace nae::gdal {

// The CPLE_ number that fits an error code best.
inline CPLErrorNum error_number(ErrorCode code) {
    switch (code) {
        case ErrorCode::io:
            return CPLE_FileIO;
        case ErrorCode::not_nae:
        case ErrorCode::model_not_found:
        case ErrorCode::model_mismatch:
            return CPLE_OpenFailed;
        case ErrorCode::unsupported:
        case ErrorCode::limit_exceeded:
            return CPLE_NotSupported;
        case ErrorCode::invalid_argument:
            return CPLE_IllegalArg;
        case ErrorCode::cancelled:
            return CPLE_UserInterrupt;
        case ErrorCode::ok:
        case ErrorCode::truncated:
        case ErrorCode::corrupt:
        case ErrorCode::encoder_unavailable:
        case ErrorCode::internal:
            break;
    }
    return CPLE_AppDefined;
}

// Reports `status` (which must not be ok) in the class given and returns that class. The file's name is put
// in front unless the message already has it there.
inline CPLErr report(const Status& status, const std::string& file, CPLErr error_class = CE_Failure) {
    const std::string text = status.message().empty() ? error_code_name(status.code()) : status.message();
    const bool named = text.compare(0, file.size(), file) == 0;
    CPLError(error_class, error_number(status.code()), "%s%s%s", named ? "" : file.c_str(), named ? "" : ": ",
             text.c_str());
    return error_class;
}

}  // namespace nae::gdal
