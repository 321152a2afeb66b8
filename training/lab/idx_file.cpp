#include "training/lab/idx_file.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "format/text.h"

namespace nae::training {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

Status wrong(ErrorCode code, const std::string& path, const std::string& what) {
    return Status(code, path + ": " + what);
}

// Reads exactly n bytes. gzread() passes files that are not compressed through unchanged.
Status read_exactly(gzFile file, const std::string& path, uint8_t* out, uint64_t n) {
    for (uint64_t done = 0; done < n;) {
        const auto step = unsigned(std::min<uint64_t>(n - done, 1 << 20));
        const int got = gzread(file, out + done, step);
        if (got < 0) return wrong(ErrorCode::truncated, path, "the compressed data are damaged");
        if (got == 0) return wrong(ErrorCode::truncated, path, cat("ends after ", done, " of ", n, " bytes"));
        done += uint64_t(got);
    }
    return Status();
}

Result<std::string> find_file(const std::string& folder, const std::string& name) {
    const std::string plain = folder + "/" + name;
    for (const std::string& path : {plain, plain + ".gz"})
        if (std::filesystem::is_regular_file(path)) return path;
    return wrong(
        ErrorCode::io, folder,
        "neither " + name + " nor " + name + ".gz is there; this must be the folder with MNIST's four files");
}

}  // namespace

Result<IdxArray> read_idx(const std::string& path) {
    if (!std::filesystem::is_regular_file(path)) return wrong(ErrorCode::io, path, "there is no such file");
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (file == nullptr) return wrong(ErrorCode::io, path, "cannot be opened");
    uint8_t head[4];
    NAE_RETURN_IF_ERROR(read_exactly(file.get(), path, head, 4));
    if (head[0] != 0 || head[1] != 0) return wrong(ErrorCode::corrupt, path, "is not an IDX file");
    if (head[2] != 8)
        return wrong(ErrorCode::corrupt, path, cat("IDX type ", int{head[2]}, ", only bytes (8) are read"));
    if (head[3] < 1 || head[3] > 3)
        return wrong(ErrorCode::corrupt, path, cat("an array of ", int{head[3]}, " dimensions"));
    IdxArray array;
    uint64_t total = 1;
    for (int d = 0; d < head[3]; ++d) {
        uint8_t b[4];
        NAE_RETURN_IF_ERROR(read_exactly(file.get(), path, b, 4));
        const uint32_t side = uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
        if (side == 0 || side > kMostBytes / total)
            return wrong(side == 0 ? ErrorCode::corrupt : ErrorCode::limit_exceeded, path,
                         cat("dimension ", d + 1, " is ", side));
        total *= side;
        array.dimensions.push_back(side);
    }
    array.values.resize(total);
    NAE_RETURN_IF_ERROR(read_exactly(file.get(), path, array.values.data(), total));
    uint8_t more = 0;
    // Also makes zlib compare the checksum behind the data.
    const int rest = gzread(file.get(), &more, 1);
    if (rest != 0)
        return wrong(ErrorCode::corrupt, path,
                     rest < 0 ? "the compressed data are damaged" : "is longer than it says");
    return array;
}

Result<Digits> read_digits(const std::string& folder, const std::string& part) {
    if (!std::filesystem::is_directory(folder))
        return wrong(ErrorCode::io, folder, "there is no such folder");
    NAE_ASSIGN_OR_RETURN(const std::string image_file, find_file(folder, part + "-images-idx3-ubyte"));
    NAE_ASSIGN_OR_RETURN(const std::string label_file, find_file(folder, part + "-labels-idx1-ubyte"));
    NAE_ASSIGN_OR_RETURN(IdxArray images, read_idx(image_file));
    NAE_ASSIGN_OR_RETURN(IdxArray labels, read_idx(label_file));
    if (images.dimensions.size() != 3) return wrong(ErrorCode::corrupt, image_file, "does not hold pictures");
    if (labels.dimensions.size() != 1 || labels.dimensions[0] != images.dimensions[0])
        return wrong(ErrorCode::corrupt, label_file,
                     "does not hold a label for each picture of " + image_file);
    for (uint8_t label : labels.values)
        if (label > 9)
            return wrong(ErrorCode::corrupt, label_file, cat("label ", int{label}, " is outside 0..9"));
    return Digits{images.dimensions[0], images.dimensions[1], images.dimensions[2], std::move(images.values),
                  std::move(labels.values)};
}

}  // namespace nae::training
