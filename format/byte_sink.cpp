#include "format/byte_sink.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace fs = std::filesystem;

Status MemorySink::write(const void* bytes, size_t n) {
    append_bytes(bytes_, bytes, n);
    return {};
}

Result<std::unique_ptr<FileSink>> FileSink::create(const std::string& path) {
    const auto failed = [&path](int error) {
        return Status(ErrorCode::io, cat(path, ": cannot create: ", errno_text(error)));
    };
    std::error_code ignored;
    const fs::file_status old = fs::status(path, ignored);
    if (fs::is_directory(old)) return failed(EISDIR);
    if (fs::exists(old) && !fs::is_regular_file(old)) {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        if (file == nullptr) return failed(errno);
        return std::unique_ptr<FileSink>(new FileSink(file, path, ""));
    }

    // A rename replaces a symbolic link, not what it points to: write to where it leads.
    std::string target = path;
    if (fs::exists(old)) {
        const fs::path resolved = fs::canonical(path, ignored);
        if (!ignored) target = resolved.string();
        // A file the caller may not write must not be replaced through its folder's permissions.
        if (::access(target.c_str(), W_OK) != 0) return failed(errno);
    }

    static std::atomic<unsigned> counter{0};
    const fs::path final_path(target);
    for (int attempt = 0; attempt < 100; ++attempt) {
        const fs::path temporary =
            final_path.parent_path() / cat(".nae-", static_cast<long>(::getpid()), "-", counter++, ".part");
        std::FILE* file = std::fopen(temporary.c_str(), "wbx");  // x: fail when it exists
        if (file == nullptr && errno == EEXIST) continue;        // left by a process that was killed
        if (file == nullptr) return failed(errno);
        if (fs::exists(old)) fs::permissions(temporary, old.permissions(), ignored);
        return std::unique_ptr<FileSink>(new FileSink(file, target, temporary.string()));
    }
    return failed(EEXIST);
}

FileSink::~FileSink() { discard(); }

void FileSink::discard() {
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
    if (!temporary_.empty()) std::remove(temporary_.c_str());
    temporary_.clear();
}

Status FileSink::write(const void* bytes, size_t n) {
    if (file_ == nullptr) return Status(ErrorCode::internal, cat(path_, ": write after the end"));
    if (n == 0 || std::fwrite(bytes, 1, n, file_) == n) return {};
    const int error = errno;
    discard();
    return Status(ErrorCode::io, cat(path_, ": cannot write: ", errno_text(error)));
}

Status FileSink::commit() {
    if (file_ == nullptr) return Status(ErrorCode::internal, cat(path_, ": commit after the end"));
    // fclose() reports what buffering has hidden: a full disk shows up here.
    const int closed = std::fclose(file_);
    const int close_error = errno;
    file_ = nullptr;
    std::error_code error;
    if (closed != 0) {
        error = std::error_code(close_error, std::generic_category());
    } else if (!temporary_.empty()) {
        fs::rename(temporary_, path_, error);
    }
    if (error) {
        discard();
        return Status(ErrorCode::io, cat(path_, ": cannot write: ", error.message()));
    }
    temporary_.clear();
    return {};
}

}  // namespace nae
