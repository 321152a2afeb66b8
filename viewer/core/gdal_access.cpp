#include "viewer/core/gdal_access.h"

namespace nae {

Status gdal_error(const std::string& path, const char* doing) {
    std::string words = CPLGetLastErrorMsg();
    words.erase(words.find_last_not_of(" \r\n") + 1);  // some drivers pass on a line's end
    // Most of GDAL's messages name the file already.
    if (words.find(path) != std::string::npos) return Status(ErrorCode::io, words);
    return Status(ErrorCode::io, path + ": " + doing + ": " + (words.empty() ? "no reason given" : words));
}

}  // namespace nae
