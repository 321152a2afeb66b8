// Writing to wherever GDAL can write.
//
//   plain files   FileSink: a temporary beside the target, renamed when complete
//   /vsimem/      the same; a file that exists and may be open somewhere keeps its identity
//   other /vsi    opened at the first byte and written in order, because standard output, archives and object
//                 stores know neither seeking nor renaming. The encoder writes its first byte when the last
//                 tile is coded, so a conversion that fails or is cancelled before leaves nothing there; one
//                 that fails later is removed with VSIUnlink.
#pragma once

#include <cpl_vsi.h>

#include <functional>
#include <memory>
#include <string>

#include "format/byte_sink.h"

namespace nae::gdal {

class VsiByteSink : public ByteSink {
  public:
    // `wanted` is asked at every write; false ends the writing with the code `cancelled`.
    // Errors: io, naming the path and the reason.
    static Result<std::unique_ptr<VsiByteSink>> create(const std::string& path, std::function<bool()> wanted);
    // Without commit() nothing stays behind.
    ~VsiByteSink() override;
    VsiByteSink(const VsiByteSink&) = delete;
    VsiByteSink& operator=(const VsiByteSink&) = delete;

    Status write(const void* bytes, size_t n) override;
    // Ends the file. Error: io; then nothing has been left behind.
    Status commit();

  private:
    VsiByteSink(std::string path, std::function<bool()> wanted)
        : path_(std::move(path)), wanted_(std::move(wanted)) {}
    Status open(const std::string& name);
    void discard();

    std::string path_;
    std::function<bool()> wanted_;
    std::string open_name_;     // the name behind file_: the path or a temporary
    VSILFILE* file_ = nullptr;  // null for plain files, and before the first byte of a sequential target
    std::unique_ptr<FileSink> disk_;  // plain files only
    bool ended_ = false;
};

}  // namespace nae::gdal
