// Encoding to a size or a PSNR instead of a quality: a search over the quality by encoding again and again.
#ifndef NAE_CODEC_TARGET_SEARCH_H_
#define NAE_CODEC_TARGET_SEARCH_H_

#include "codec/encoder.h"

namespace nae {

struct EncodeTarget {
    enum class Kind {
        bytes,  // of the whole file: at most `value`, and at least 97 % of it if QUALITY 100 makes so many
        psnr,   // dB: at least `value`, and at most 0.1 more if QUALITY 1 is not better already
    };
    Kind kind = Kind::bytes;
    double value = 0;
};

// As encode(), with the quality that meets the target; options.quality is where the search begins. The picture is
// encoded, and its rows read, up to kMaxTrials + 1 times, and decoded as often for a PSNR. Error:
// invalid_argument when no quality meets the target, with what the nearest one gives.
Status encode_to_target(const EncoderOptions& options, const EncodeTarget& target, ImageSource& image,
                        const Metadata& metadata, ByteSink& sink, EncodeStatistics* statistics = nullptr);

constexpr int kMaxTrials = 9;

// PSNR of a file against the picture it was made from: over all valid samples of the bands that the model codes,
// each band's error measured by its range (255 for bytes, hi - lo of band_table.h for others). The file must
// embed its model. Infinite when nothing differs.
Result<double> psnr_of(const std::vector<uint8_t>& file, ImageSource& image, int threads);

}  // namespace nae

#endif  // NAE_CODEC_TARGET_SEARCH_H_
