#include "plugins/gdal/vsi_byte_sink.h"

#include <cpl_error.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace nae::gdal {

namespace {

bool starts_with(const std::string& text, const char* prefix) {
    return text.compare(0, std::strlen(prefix), prefix) == 0;
}

// One error of ours rather than GDAL's and ours: what a virtual file system reports meanwhile becomes the reason in our
// message.
class QuietErrors {
  public:
    QuietErrors() {
        CPLPushErrorHandler(CPLQuietErrorHandler);
        CPLErrorReset();
    }
    ~QuietErrors() {
        CPLPopErrorHandler();
        CPLErrorReset();
    }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
    std::string last() const { return CPLGetLastErrorMsg(); }
    // ": " and the error, if there is one.
    std::string because() const { return last().empty() ? "" : ": " + last(); }
};

// A name in memory that nobody else in this process uses, with `path` in it: /vsimem/ takes limits from names
// ("||maxlength=N||"), and those must hold for what is being written, too.
std::string temporary_in_memory(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    return path + ".nae-" + std::to_string(getpid()) + "-" + std::to_string(counter++) + ".part";
}

// Puts a finished file in memory under its name. One that is there already is filled, not replaced: whoever holds it
// open, as rasterio's MemoryFile does, must see the picture.
bool move_in_memory(const char* from, const char* to) {
    VSIStatBufL info;
    if (VSIStatL(to, &info) != 0) return VSIRename(from, to) == 0;
    vsi_l_offset size = 0;
    const GByte* bytes = VSIGetMemFileBuffer(from, &size, FALSE);
    VSILFILE* file = bytes != nullptr ? VSIFOpenL(to, "wb") : nullptr;
    if (file == nullptr) return false;
    const bool written = VSIFWriteL(bytes, 1, static_cast<size_t>(size), file) == size;
    const bool closed = VSIFCloseL(file) == 0;
    VSIUnlink(from);
    return written && closed;
}

}  // namespace

Result<std::unique_ptr<VsiByteSink>> VsiByteSink::create(const std::string& path,
                                                         std::function<bool()> wanted) {
    std::unique_ptr<VsiByteSink> sink(new VsiByteSink(path, std::move(wanted)));
    if (!starts_with(path, "/vsi")) {
        NAE_ASSIGN_OR_RETURN(sink->disk_, FileSink::create(path));
    } else if (starts_with(path, "/vsimem/")) {
        NAE_RETURN_IF_ERROR(sink->open(temporary_in_memory(path)));
    }
    return sink;
}

VsiByteSink::~VsiByteSink() { discard(); }

Status VsiByteSink::open(const std::string& name) {
    QuietErrors errors;
    errno = 0;
    file_ = VSIFOpenL(name.c_str(), "wb");
    const int error = errno;
    std::string reason = errors.last();
    if (file_ == nullptr) {
        if (reason.empty()) reason = error != 0 ? VSIStrerror(error) : "this file system refuses";
        ended_ = true;
        return Status(ErrorCode::io, path_ + ": cannot create: " + reason);
    }
    open_name_ = name;
    return {};
}

void VsiByteSink::discard() {
    disk_.reset();
    if (file_ == nullptr) return;
    const QuietErrors errors;
    CPL_IGNORE_RET_VAL(VSIFCloseL(file_));
    if (!starts_with(open_name_, "/vsistdout")) VSIUnlink(open_name_.c_str());
    file_ = nullptr;
}

Status VsiByteSink::write(const void* bytes, size_t n) {
    if (!wanted_()) return Status(ErrorCode::cancelled, "writing was cancelled");
    if (disk_) return disk_->write(bytes, n);
    if (ended_) return Status(ErrorCode::internal, path_ + ": write after the end");
    if (n == 0) return {};
    if (file_ == nullptr) NAE_RETURN_IF_ERROR(open(path_));
    const QuietErrors errors;
    if (VSIFWriteL(bytes, 1, n, file_) == n) return {};
    const std::string reason = errors.because();
    discard();
    ended_ = true;
    return Status(ErrorCode::io, path_ + ": cannot write " + std::to_string(n) + " bytes" + reason);
}

Status VsiByteSink::commit() {
    if (disk_) return disk_->commit();
    if (ended_ || file_ == nullptr) return Status(ErrorCode::internal, path_ + ": commit after the end");
    ended_ = true;
    const QuietErrors errors;
    // Closing is where a virtual file system uploads or finds its disk full.
    const bool closed = VSIFCloseL(file_) == 0;
    file_ = nullptr;
    if (closed && (open_name_ == path_ || move_in_memory(open_name_.c_str(), path_.c_str()))) return {};
    const std::string reason = errors.because();
    if (!starts_with(open_name_, "/vsistdout")) VSIUnlink(open_name_.c_str());
    return Status(ErrorCode::io, path_ + ": cannot finish writing" + reason);
}

}  // namespace nae::gdal
