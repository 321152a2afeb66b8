#include "training/lab/zip_file.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae::training {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr size_t kEndBytes = 22, kEntryBytes = 46, kLocalBytes = 30, kMostComment = 65535;

Result<std::vector<uint8_t>> bytes_at(const std::string& path, uint64_t file_size, uint64_t offset,
                                      uint64_t n) {
    if (offset > file_size || n > file_size - offset) return Status(ErrorCode::truncated, "ends early");
    std::ifstream in(path, std::ios::binary);
    std::vector<uint8_t> bytes(n);
    in.seekg(std::streamoff(offset));
    if (n > 0 && !in.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(n)))
        return Status(ErrorCode::io, "cannot be read");
    return bytes;
}

Result<std::vector<uint8_t>> inflated(const std::vector<uint8_t>& packed, uint64_t size) {
    std::vector<uint8_t> out(size);
    z_stream z{};
    if (inflateInit2(&z, -15) != Z_OK) return Status(ErrorCode::internal, "zlib cannot start");
    z.next_in = const_cast<uint8_t*>(packed.data());
    z.avail_in = uInt(packed.size());
    z.next_out = out.data();
    z.avail_out = uInt(out.size());
    const int result = inflate(&z, Z_FINISH);
    const bool whole = result == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    if (!whole) return Status(ErrorCode::corrupt, "the compressed data are damaged");
    return out;
}

}  // namespace

Result<ZipFile> ZipFile::open(const std::string& path) {
    ZipFile zip;
    zip.path_ = path;
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return Status(ErrorCode::io, path + ": cannot be opened");
    zip.file_size_ = uint64_t(in.tellg());
    const uint64_t tail_size = std::min<uint64_t>(zip.file_size_, kEndBytes + kMostComment);
    auto tail = bytes_at(path, zip.file_size_, zip.file_size_ - tail_size, tail_size);
    if (!tail.ok()) return tail.status().in(path);
    const std::vector<uint8_t>& t = tail.value();
    size_t end = t.size();  // of the end record, searched from behind: a comment may follow it
    for (size_t i = t.size() < kEndBytes ? 0 : t.size() - kEndBytes + 1; i-- > 0 && end == t.size();)
        if (load_le<uint32_t>(t.data() + i) == 0x06054b50) end = i;
    if (end == t.size())
        return Status(ErrorCode::not_nae,
                      path + ": is no zip archive (as .npz and .pt files are), or ends early");
    const uint64_t count = load_le<uint16_t>(t.data() + end + 10),
                   size = load_le<uint32_t>(t.data() + end + 12),
                   offset = load_le<uint32_t>(t.data() + end + 16);
    auto directory = bytes_at(path, zip.file_size_, offset, size);
    if (!directory.ok()) return directory.status().in(path + ": directory");
    const std::vector<uint8_t>& d = directory.value();
    size_t at = 0;
    for (uint64_t i = 0; i < count; ++i) {
        if (d.size() - at < kEntryBytes || load_le<uint32_t>(d.data() + at) != 0x02014b50)
            return Status(ErrorCode::corrupt, path + ": the directory is damaged");
        const uint8_t* p = d.data() + at;
        const size_t name = load_le<uint16_t>(p + 28),
                     rest = size_t{load_le<uint16_t>(p + 30)} + load_le<uint16_t>(p + 32);
        if (d.size() - at - kEntryBytes < name + rest)
            return Status(ErrorCode::corrupt, path + ": the directory is damaged");
        Entry e;
        e.method = load_le<uint16_t>(p + 10);
        e.crc = load_le<uint32_t>(p + 16);
        e.packed = load_le<uint32_t>(p + 20);
        e.size = load_le<uint32_t>(p + 24);
        e.header = load_le<uint32_t>(p + 42);
        zip.entries_[std::string(p + kEntryBytes, p + kEntryBytes + name)] = e;
        at += kEntryBytes + name + rest;
    }
    return zip;
}

Result<std::vector<uint8_t>> ZipFile::read(const Entry& e) const {
    if (e.method != 0 && e.method != 8)
        return Status(ErrorCode::unsupported, cat("a member is compressed by method ", e.method));
    if (e.size > kMostBytes || e.packed > kMostBytes)
        return Status(ErrorCode::limit_exceeded, "a member is larger than 1 GiB");
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> local,
                         bytes_at(path_, file_size_, e.header, kLocalBytes));
    if (load_le<uint32_t>(local.data()) != 0x04034b50)
        return Status(ErrorCode::corrupt, "a member is not where the directory says");
    const uint64_t start =
        e.header + kLocalBytes + load_le<uint16_t>(local.data() + 26) + load_le<uint16_t>(local.data() + 28);
    NAE_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, bytes_at(path_, file_size_, start, e.packed));
    if (e.method == 0 && e.packed != e.size)
        return Status(ErrorCode::corrupt, "a member's sizes contradict each other");
    if (e.method == 8) {
        NAE_ASSIGN_OR_RETURN(bytes, inflated(bytes, e.size));
    }
    if (crc32(0, bytes.data(), uInt(bytes.size())) != e.crc)
        return Status(ErrorCode::corrupt, "a member is damaged (CRC)");
    return bytes;
}

}  // namespace nae::training
