#include "codec/capi/callbacks.h"

#include <cstring>

#include "codec/capi/pixel_format.h"
#include "format/text.h"

namespace nae::capi {
namespace {

std::string name_or_stream(const char* name) { return name != nullptr ? name : "stream"; }

}  // namespace

CallbackSource::CallbackSource(const nae_source& source)
    : source_(source), name_(name_or_stream(source.name)) {}

CallbackSource::~CallbackSource() {
    if (source_.release != nullptr) source_.release(source_.user);
}

Status CallbackSource::read(uint64_t offset, void* dst, size_t n) const {
    NAE_RETURN_IF_ERROR(check_range(offset, n));
    const std::lock_guard<std::mutex> lock(mutex_);
    if (n == 0 || source_.read(source_.user, offset, dst, n) != 0) return Status();
    return Status(ErrorCode::io, cat("cannot read ", n, " bytes at offset ", offset));
}

CallbackSink::CallbackSink(const nae_sink& sink) : sink_(sink), name_(name_or_stream(sink.name)) {}

Status CallbackSink::write(const void* bytes, size_t n) {
    if (n == 0 || sink_.write(sink_.user, bytes, n) != 0) return Status();
    return Status(ErrorCode::io, cat(name_, ": cannot write ", n, " bytes"));
}

Result<std::unique_ptr<CallerPicture>> CallerPicture::create(const nae_picture& picture) {
    const auto invalid = [](const std::string& what) {
        return Status(ErrorCode::invalid_argument, "picture: " + what);
    };
    if (picture.pixels == nullptr && picture.read_rows == nullptr)
        return invalid("neither pixels nor read_rows is set");
    if (picture.width == 0 || picture.height == 0)
        return invalid(cat(picture.width, "x", picture.height, " pixels"));
    if (sample_bytes(picture.sample_type) == 0)
        return invalid(cat("sample_type ", picture.sample_type, " is none"));
    const size_t channels = layout_channels(picture.layout);
    if (channels == 0) return invalid(cat("layout ", picture.layout, " is none"));
    const size_t pixel = channels * sample_bytes(picture.sample_type);
    if (picture.row_stride != 0 && picture.row_stride < size_t{picture.width} * pixel)
        return invalid(cat("row_stride ", picture.row_stride, " is less than a row"));
    return std::unique_ptr<CallerPicture>(new CallerPicture(picture, static_cast<int>(channels)));
}

DataType CallerPicture::data_type() const {
    return data_type_of(static_cast<nae_sample_type>(picture_.sample_type));
}

Status CallerPicture::read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) {
    if (picture_.pixels != nullptr) {
        return MemoryImageSource(picture_.pixels, picture_.width, picture_.height, bands_,
                                 static_cast<ptrdiff_t>(picture_.row_stride), data_type())
            .read_rows(y, count, bands, out);
    }
    std::vector<uint8_t> rows(size_t{picture_.width} * count * static_cast<size_t>(bands_) *
                              sample_bytes(picture_.sample_type));
    if (picture_.read_rows(picture_.user, y, count, rows.data()) == 0)
        return Status(ErrorCode::io, cat("read_rows failed for ", count, " rows from row ", y));
    return MemoryImageSource(rows.data(), picture_.width, count, bands_, 0, data_type())
        .read_rows(0, count, bands, out);
}

}  // namespace nae::capi
