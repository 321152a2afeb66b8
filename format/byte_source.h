// Where bytes are read from: a file, memory, or whatever the caller adapts (GDAL's virtual files, HTTP).
#ifndef NAE_FORMAT_BYTE_SOURCE_H_
#define NAE_FORMAT_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

// A stretch of a source, in bytes.
struct ByteRange {
    uint64_t offset = 0;
    uint64_t length = 0;
};

// Random access to a fixed sequence of bytes. Every member is safe to call from several threads at once;
// an adapter over something with a file position needs a lock of its own.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    // Length in bytes; does not change during the source's life.
    virtual uint64_t size() const = 0;
    // Exactly `n` bytes from `offset` into `dst`. Errors: truncated when fewer are there, io.
    // The message does not contain the name; whoever reports it puts name() in front.
    virtual Status read(uint64_t offset, void* dst, size_t n) const = 0;
    // What to call it in messages: a path or URL.
    virtual std::string name() const = 0;
    // True when each read is a request to another machine: readers then leave out checks that are repeated later
    // anyway, and say beforehand what they will read.
    virtual bool remote() const { return false; }
    // A hint: each of these stretches will be read soon, whole and by one call of read(). What cannot be fetched
    // now is an error then.
    virtual void prefetch(const std::vector<ByteRange>& ranges) const { static_cast<void>(ranges); }

  protected:
    // The error for a read past the end; success when [offset, offset + n) lies inside.
    Status check_range(uint64_t offset, size_t n) const;
};

// Bytes in memory, either somebody else's (which must outlive this) or its own.
class MemorySource : public ByteSource {
  public:
    MemorySource(ByteSpan bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
    MemorySource(std::vector<uint8_t>&& bytes, std::string name)
        : owned_(std::move(bytes)), bytes_(owned_), name_(std::move(name)) {}
    MemorySource(const MemorySource&) = delete;
    MemorySource& operator=(const MemorySource&) = delete;

    uint64_t size() const override { return bytes_.size(); }
    Status read(uint64_t offset, void* dst, size_t n) const override;
    std::string name() const override { return name_; }

  private:
    std::vector<uint8_t> owned_;
    ByteSpan bytes_;
    std::string name_;
};

// A file on disk, opened for reading only.
class FileSource : public ByteSource {
  public:
    // Errors: io, naming the path and the operating system's reason (also for a directory).
    static Result<std::unique_ptr<FileSource>> open(const std::string& path);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    uint64_t size() const override { return size_; }
    Status read(uint64_t offset, void* dst, size_t n) const override;
    std::string name() const override { return path_; }

  private:
    FileSource(int descriptor, uint64_t size, std::string path);

    int descriptor_;
    uint64_t size_;
    std::string path_;
};

// Another source with a stretch of it (at most `cached_bytes` from the start) read once and kept, so that the
// small reads at the head of a file cost one request. Does not own the other source.
class PrefixCachedSource : public ByteSource {
  public:
    static Result<std::unique_ptr<PrefixCachedSource>> open(const ByteSource& base, size_t cached_bytes);

    uint64_t size() const override { return base_.size(); }
    Status read(uint64_t offset, void* dst, size_t n) const override;
    std::string name() const override { return base_.name(); }

  private:
    PrefixCachedSource(const ByteSource& base, std::vector<uint8_t> prefix)
        : base_(base), prefix_(std::move(prefix)) {}

    const ByteSource& base_;
    std::vector<uint8_t> prefix_;
};

// All of a source; error limit_exceeded when it is longer than `max_bytes`.
Result<std::vector<uint8_t>> read_all(const ByteSource& source, uint64_t max_bytes);

}  // namespace nae

#endif  // NAE_FORMAT_BYTE_SOURCE_H_
