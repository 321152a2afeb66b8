#include "training/coded_crops.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <tuple>
#include <utility>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae::training {
namespace {

constexpr char kMagic[] = "NAECROP1";
constexpr size_t kHeadBytes = 40;

size_t samples_of(const CodedCropsHead& head) { return size_t{3} * head.size * head.size; }
size_t crop_bytes(const CodedCropsHead& head) { return 4 + 3 * samples_of(head); }

// Sizes that keep every later product far from overflow.
bool sensible(const CodedCropsHead& head) {
    return head.size >= 16 && head.size <= 4096 && head.size % 2 == 0 && head.frac_bits >= 1 &&
           head.frac_bits <= 7;
}

}  // namespace

bool CodedCropsHead::operator==(const CodedCropsHead& o) const {
    return std::tie(model, size, frac_bits, training, held_out, seed) ==
           std::tie(o.model, o.size, o.frac_bits, o.training, o.held_out, o.seed);
}

Result<CodedCropsWriter> CodedCropsWriter::create(const std::string& path, const CodedCropsHead& head) {
    if (!sensible(head)) return Status(ErrorCode::invalid_argument, "crops of this size cannot be kept");
    CodedCropsWriter writer;
    writer.head_ = head;
    NAE_ASSIGN_OR_RETURN(writer.sink_, FileSink::create(path));
    std::vector<uint8_t> bytes;
    append_bytes(bytes, kMagic, 8);
    append_bytes(bytes, head.model.data(), head.model.size());
    for (const uint32_t v : {head.size, head.frac_bits, head.training, head.held_out}) append_le(bytes, v);
    append_le(bytes, head.seed);
    NAE_RETURN_IF_ERROR(writer.sink_->write(bytes.data(), bytes.size()));
    return writer;
}

Status CodedCropsWriter::add(const CodedCrop& crop) {
    const size_t samples = samples_of(head_);
    if (crop.decoded.size() != samples || crop.original.size() != samples)
        return Status(ErrorCode::invalid_argument, "a crop has another size than the file's");
    std::vector<uint8_t> bytes;
    bytes.reserve(crop_bytes(head_));
    append_le(bytes, uint32_t(crop.quality_centi));
    for (const int16_t v : crop.decoded) append_le(bytes, v);
    append_bytes(bytes, crop.original.data(), samples);
    ++added_;
    return sink_->write(bytes.data(), bytes.size());
}

Status CodedCropsWriter::commit() {
    if (added_ != uint64_t{head_.training} + head_.held_out)
        return Status(ErrorCode::invalid_argument, "crops are missing");
    return sink_->commit();
}

CodedCrops::CodedCrops(CodedCrops&& o) noexcept
    : map_(std::exchange(o.map_, nullptr)),
      bytes_(o.bytes_),
      head_(o.head_),
      training_(std::move(o.training_)),
      held_out_(std::move(o.held_out_)) {}

CodedCrops::~CodedCrops() {
    if (map_ != nullptr) munmap(const_cast<uint8_t*>(map_), bytes_);
}

Result<CodedCrops> CodedCrops::open(const std::string& path) {
    const auto bad = [&](ErrorCode code, const std::string& what) {
        return Status(code, path + ": " + what);
    };
    const int fd = ::open(path.c_str(), O_RDONLY);
    if (fd < 0) return bad(ErrorCode::io, errno_text(errno));
    struct stat st {};
    if (fstat(fd, &st) != 0 || size_t(st.st_size) < kHeadBytes) {
        ::close(fd);
        return bad(ErrorCode::not_nae, "no file of coded crops (too short)");
    }
    CodedCrops out;
    out.bytes_ = size_t(st.st_size);
    void* map = mmap(nullptr, out.bytes_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (map == MAP_FAILED) return bad(ErrorCode::io, "cannot be mapped: " + errno_text(errno));
    out.map_ = static_cast<const uint8_t*>(map);
    if (std::memcmp(out.map_, kMagic, 8) != 0)
        return bad(ErrorCode::not_nae, "no file of coded crops (wrong signature)");
    CodedCropsHead& head = out.head_;
    std::memcpy(head.model.data(), out.map_ + 8, head.model.size());
    head.size = load_le<uint32_t>(out.map_ + 16);
    head.frac_bits = load_le<uint32_t>(out.map_ + 20);
    head.training = load_le<uint32_t>(out.map_ + 24);
    head.held_out = load_le<uint32_t>(out.map_ + 28);
    head.seed = load_le<uint64_t>(out.map_ + 32);
    if (!sensible(head)) return bad(ErrorCode::corrupt, "crops of an impossible size");
    const uint64_t count = uint64_t{head.training} + head.held_out;
    if (count != (out.bytes_ - kHeadBytes) / crop_bytes(head) ||
        count * crop_bytes(head) != out.bytes_ - kHeadBytes)
        return bad(ErrorCode::truncated, "another length than its crops need");
    for (uint64_t i = 0; i < count; ++i) {
        const uint8_t* p = out.map_ + kHeadBytes + i * crop_bytes(head);
        CodedCropView view;
        const auto quality = load_le<uint32_t>(p);
        if (quality < 100 || quality > 10000) return bad(ErrorCode::corrupt, cat("quality of crop ", i));
        view.quality_centi = int(quality);
        // Crops have an even number of bytes and begin at an even place, and only little-endian machines
        // train.
        view.decoded = reinterpret_cast<const int16_t*>(p + 4);
        view.original = p + 4 + 2 * samples_of(head);
        (i < head.training ? out.training_ : out.held_out_).push_back(view);
    }
    return out;
}

}  // namespace nae::training
