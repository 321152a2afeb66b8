// The callbacks of nae.h as the codec's own interfaces.
#ifndef NAE_CODEC_CAPI_CALLBACKS_H_
#define NAE_CODEC_CAPI_CALLBACKS_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codec/encoder.h"
#include "codec/include/nae/nae.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"

namespace nae::capi {

// Calls one at a time, whatever the decoder's threads do.
class CallbackSource : public ByteSource {
  public:
    explicit CallbackSource(const nae_source& source);
    ~CallbackSource() override;
    CallbackSource(const CallbackSource&) = delete;
    CallbackSource& operator=(const CallbackSource&) = delete;

    uint64_t size() const override { return source_.size; }
    Status read(uint64_t offset, void* dst, size_t n) const override;
    std::string name() const override { return name_; }

  private:
    nae_source source_;
    std::string name_;
    mutable std::mutex mutex_;
};

class CallbackSink : public ByteSink {
  public:
    explicit CallbackSink(const nae_sink& sink);
    Status write(const void* bytes, size_t n) override;

  private:
    nae_sink sink_;
    std::string name_;
};

// The rows of a nae_picture. Not owned, and outlives this.
class CallerPicture : public ImageSource {
  public:
    // Errors: invalid_argument, unsupported; naming the member.
    static Result<std::unique_ptr<CallerPicture>> create(const nae_picture& picture);

    uint32_t width() const override { return picture_.width; }
    uint32_t height() const override { return picture_.height; }
    int bands() const override { return bands_; }
    DataType data_type() const override;
    Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) override;

  private:
    CallerPicture(const nae_picture& picture, int bands) : picture_(picture), bands_(bands) {}

    nae_picture picture_;
    int bands_;
};

}  // namespace nae::capi

#endif  // NAE_CODEC_CAPI_CALLBACKS_H_
