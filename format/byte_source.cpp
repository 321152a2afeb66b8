#include "format/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "format/text.h"

namespace nae {

Status ByteSource::check_range(uint64_t offset, size_t n) const {
    if (offset <= size() && n <= size() - offset) return {};
    return Status(ErrorCode::truncated,
                  cat(n, " bytes needed at offset ", offset, ", but the file has ", size()));
}

Status MemorySource::read(uint64_t offset, void* dst, size_t n) const {
    NAE_RETURN_IF_ERROR(check_range(offset, n));
    if (n != 0) std::memcpy(dst, bytes_.data() + offset, n);
    return {};
}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return Status(ErrorCode::io, cat(path, ": cannot open for reading: ", errno_text(errno)));
    }
    struct stat info {};
    int error = 0;
    if (::fstat(descriptor, &info) != 0) {
        error = errno;
    } else if (S_ISDIR(info.st_mode)) {
        error = EISDIR;
    } else if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
        error = ESPIPE;  // reading jumps about
    }
    if (error != 0) {
        ::close(descriptor);
        return Status(ErrorCode::io, cat(path, ": cannot open for reading: ", errno_text(error)));
    }
    return std::unique_ptr<FileSource>(new FileSource(descriptor, static_cast<uint64_t>(info.st_size), path));
}

FileSource::FileSource(int descriptor, uint64_t size, std::string path)
    : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

FileSource::~FileSource() { ::close(descriptor_); }

Status FileSource::read(uint64_t offset, void* dst, size_t n) const {
    NAE_RETURN_IF_ERROR(check_range(offset, n));
    auto* out = static_cast<uint8_t*>(dst);
    while (n != 0) {
        const ssize_t got = ::pread(descriptor_, out, n, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return Status(ErrorCode::io,
                          cat("reading ", n, " bytes at offset ", offset, ": ", errno_text(errno)));
        }
        if (got == 0) {
            return Status(ErrorCode::truncated,
                          cat("the file became shorter while it was read, at offset ", offset));
        }
        out += got;
        offset += static_cast<uint64_t>(got);
        n -= static_cast<size_t>(got);
    }
    return {};
}

Result<std::unique_ptr<PrefixCachedSource>> PrefixCachedSource::open(const ByteSource& base,
                                                                     size_t cached_bytes) {
    std::vector<uint8_t> prefix(static_cast<size_t>(std::min<uint64_t>(cached_bytes, base.size())));
    NAE_RETURN_IF_ERROR(base.read(0, prefix.data(), prefix.size()));
    return std::unique_ptr<PrefixCachedSource>(new PrefixCachedSource(base, std::move(prefix)));
}

Status PrefixCachedSource::read(uint64_t offset, void* dst, size_t n) const {
    if (offset > prefix_.size() || n > prefix_.size() - offset) return base_.read(offset, dst, n);
    if (n != 0) std::memcpy(dst, prefix_.data() + offset, n);
    return {};
}

Result<std::vector<uint8_t>> read_all(const ByteSource& source, uint64_t max_bytes) {
    if (source.size() > max_bytes) {
        return Status(ErrorCode::limit_exceeded,
                      cat(source.name(), ": ", source.size(), " bytes, the limit is ", max_bytes));
    }
    std::vector<uint8_t> bytes(static_cast<size_t>(source.size()));
    NAE_RETURN_IF_ERROR(source.read(0, bytes.data(), bytes.size()).in(source.name()));
    return bytes;
}

}  // namespace nae
