#include "format/byte_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
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

namespace {

// Names nobody else uses, in the folder of `path`. Should a process die at the wrong moment, it can be seen what they
// are.
std::string temporary_beside(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    return (fs::path(path).parent_path() /
            cat(".nae-", static_cast<long>(::getpid()), "-", counter++, ".part"))
        .string();
}

constexpr int kNameAttempts = 100;  // names may be taken by what a killed process has left

// A file without a name: if this process dies, it is as if it had never been. -1 where the file system cannot do that.
int open_nameless([[maybe_unused]] const std::string& path) {
#ifdef O_TMPFILE
    const std::string folder = fs::path(path).parent_path().string();
    return ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
#else
    return -1;
#endif
}

int open_named(const std::string& path, std::string* name) {
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        *name = temporary_beside(path);
        const int descriptor = ::open(name->c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
}

// Gives a nameless file a temporary name. Empty, with errno, when that fails.
std::string name_beside(const std::string& path, int descriptor) {
    const std::string self = cat("/proc/self/fd/", descriptor);
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        const std::string name = temporary_beside(path);
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return name;
        if (errno != EEXIST) break;
    }
    return {};
}

// Makes a rename last through a power cut. Not every file system can, and the file itself is safe by then.
void sync_folder(const std::string& path) {
    const std::string folder = fs::path(path).parent_path().string();
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

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
        return std::unique_ptr<FileSink>(new FileSink(file, path, "", false));
    }

    // A rename replaces a symbolic link, not what it points to: write to where it leads.
    std::string target = path;
    if (fs::exists(old)) {
        const fs::path resolved = fs::canonical(path, ignored);
        if (!ignored) target = resolved.string();
        // A file the caller may not write must not be replaced through its folder's permissions.
        if (::access(target.c_str(), W_OK) != 0) return failed(errno);
    }

    std::string temporary;
    int descriptor = open_nameless(target);
    if (descriptor < 0) descriptor = open_named(target, &temporary);
    if (descriptor < 0) return failed(errno);
    if (fs::exists(old)) ::fchmod(descriptor, static_cast<mode_t>(old.permissions()) & 07777);
    std::FILE* file = ::fdopen(descriptor, "wb");
    if (file == nullptr) {
        const int error = errno;
        ::close(descriptor);
        if (!temporary.empty()) std::remove(temporary.c_str());
        return failed(error);
    }
    return std::unique_ptr<FileSink>(new FileSink(file, target, temporary, true));
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
    // A full disk may show up only now: buffers are written, and the file system says whether the disk has the bytes.
    // They must be there before the name is: otherwise a power cut could leave an empty file in place of the old one.
    int error = std::fflush(file_) == 0 ? 0 : errno;
    if (error == 0 && replaces_) {
        if (::fsync(::fileno(file_)) != 0) error = errno;
        if (error == 0 && temporary_.empty()) {
            temporary_ = name_beside(path_, ::fileno(file_));
            if (temporary_.empty()) error = errno;
        }
    }
    if (std::fclose(file_) != 0 && error == 0) error = errno;
    file_ = nullptr;
    if (error == 0 && replaces_ && std::rename(temporary_.c_str(), path_.c_str()) != 0) error = errno;
    if (error != 0) {
        discard();
        return Status(ErrorCode::io, cat(path_, ": cannot write: ", errno_text(error)));
    }
    temporary_.clear();
    if (replaces_) sync_folder(path_);
    return {};
}

}  // namespace nae
