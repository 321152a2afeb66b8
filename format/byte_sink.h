// Where bytes are written to. Writing is sequential only, so that pipes and standard output are sinks too.
#ifndef NAE_FORMAT_BYTE_SINK_H_
#define NAE_FORMAT_BYTE_SINK_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

// Not safe to call from several threads at once.
class ByteSink {
  public:
    virtual ~ByteSink() = default;
    // Appends `n` bytes. Error: io, naming the destination and the reason.
    virtual Status write(const void* bytes, size_t n) = 0;
};

class MemorySink : public ByteSink {
  public:
    Status write(const void* bytes, size_t n) override;
    const std::vector<uint8_t>& bytes() const { return bytes_; }
    std::vector<uint8_t> take() { return std::move(bytes_); }

  private:
    std::vector<uint8_t> bytes_;
};

// A file that appears complete or not at all, whatever happens to this process or to the machine: written to a file
// without a name (or, where the file system has none, to a temporary named .nae-PID-N.part) in the same folder. commit()
// waits until the bytes are on the disk and then renames it to the path. Without commit() it goes away with the object,
// and whatever stood at the path before stays. A path that names something other than a regular file (a device, a pipe)
// is written directly.
class FileSink : public ByteSink {
  public:
    // Errors: io, naming the path and the operating system's reason.
    static Result<std::unique_ptr<FileSink>> create(const std::string& path);
    ~FileSink() override;
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    Status write(const void* bytes, size_t n) override;
    // Ends the file. Error: io; then nothing has been left behind. After it neither write() nor commit() is
    // valid.
    Status commit();

  private:
    FileSink(std::FILE* file, std::string path, std::string temporary, bool replaces)
        : file_(file), path_(std::move(path)), temporary_(std::move(temporary)), replaces_(replaces) {}
    void discard();

    std::FILE* file_;   // null after commit() or an error
    std::string path_;  // the final name
    std::string
        temporary_;  // the name written to; empty when there is none yet, or the path itself is written
    bool replaces_;  // commit() puts the file at path_
};

}  // namespace nae

#endif  // NAE_FORMAT_BYTE_SINK_H_
