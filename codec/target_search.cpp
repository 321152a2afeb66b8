#include "codec/target_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "codec/decoder.h"
#include "codec/guard.h"
#include "codec/sample_rows.h"
#include "format/byte_source.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr double kSizeTolerance = 0.03;
constexpr double kPsnrTolerance = 0.1;
// How the two usually grow with the quality, until two trials say it better: log(bytes) and dB for each step of 1.
constexpr double kUsualSizeSlope = 0.045;
constexpr double kUsualPsnrSlope = 0.18;
constexpr int64_t kCompareBytes = int64_t{64} << 20;

// Squared errors of one row of one band, in units of the band's range; the number of samples is added to *count.
double row_error(const RowShape& shape, const uint8_t* row, const uint8_t* decoded, int64_t width,
                 const BandPlan& plan, int band, double range, int64_t* count) {
    std::vector<uint8_t> valid(static_cast<size_t>(width));
    find_valid(shape, row, width, plan, band, 0, width, valid.data());
    const uint8_t* samples = shape.samples(row, width, band);
    return with_sample_type(shape.type, [&](auto kind) {
        using T = decltype(kind);
        double sum = 0;
        for (int64_t x = 0; x < width; ++x) {
            const auto value = static_cast<double>(load_sample<T>(samples, x));
            if (valid[static_cast<size_t>(x)] == 0 || !std::isfinite(value)) continue;
            const double error = (value - static_cast<double>(load_sample<T>(decoded, x))) / range;
            sum += error * error;
            ++*count;
        }
        return sum;
    });
}

// One thing measured at several qualities, and where to look next.
class Search {
  public:
    Search(const EncodeTarget& target, double first)
        : target_(target), next_(std::clamp(first, 1.0, 100.0)) {}

    double next() const { return next_; }
    bool done() const { return done_; }
    // The best quality that meets the target; 0 when none has yet.
    double best() const { return best_; }

    // What `next()` gave: bytes or dB.
    void add(double measured) {
        const bool size = target_.kind == EncodeTarget::Kind::bytes;
        const double tolerance = size ? kSizeTolerance : kPsnrTolerance;
        // Distance from the target, growing with the quality; on the log scale for sizes.
        const double off =
            size ? std::log(std::max(measured, 1.0) / target_.value) : measured - target_.value;
        const double q = next_;
        const bool meets = size ? off <= 0 : off >= 0;
        if (meets && (best_ == 0 || (size ? q > best_ : q < best_))) best_ = q;
        (off > 0 ? high_ : low_) = q;
        done_ = meets && std::fabs(off) <= tolerance;
        double slope = size ? kUsualSizeSlope : kUsualPsnrSlope;
        if (previous_q_ != 0 && previous_q_ != q && std::isfinite(off - previous_off_))
            slope = std::max((off - previous_off_) / (q - previous_q_), slope / 20);
        previous_q_ = q;
        previous_off_ = off;
        // Into the middle of what is tolerated.
        const double wanted = size ? -tolerance / 2 : tolerance / 2;
        double guess = q + (wanted - (std::isfinite(off) ? off : 20)) / slope;
        // Qualities have two decimals. Bounds that have been tried are not tried again.
        guess = std::clamp(std::round(guess * 100) / 100, 1.0, 100.0);
        if (guess <= low_ || guess >= high_)
            guess = std::clamp(std::round((low_ + high_) * 50) / 100, 1.0, 100.0);
        done_ = done_ || guess <= low_ || guess >= high_;
        next_ = guess;
    }

  private:
    const EncodeTarget target_;
    double next_;
    bool done_ = false;
    double best_ = 0;
    double low_ = 0, high_ = 101;  // tried, or just outside of what is allowed
    double previous_q_ = 0, previous_off_ = 0;
};

Result<double> measure(const EncoderOptions& options, const EncodeTarget& target, ImageSource& image,
                       const Metadata& metadata) {
    MemorySink sink;
    NAE_RETURN_IF_ERROR(encode(options, image, metadata, sink));
    if (target.kind == EncodeTarget::Kind::bytes) return static_cast<double>(sink.bytes().size());
    return psnr_of(sink.bytes(), image, options.threads);
}

Status search(const EncoderOptions& given, const EncodeTarget& target, ImageSource& image,
              const Metadata& metadata, ByteSink& sink, EncodeStatistics* statistics) {
    if (!(target.value > 0))
        return Status(ErrorCode::invalid_argument, cat("target ", target.value, " is not positive"));
    const bool size = target.kind == EncodeTarget::Kind::bytes;
    EncoderOptions options = given;
    Search search(target, given.quality);
    int trial = 0;
    if (given.progress) {
        options.progress = [&given, &trial](double done) {
            return given.progress(std::min((trial + done) / (kMaxTrials + 1), 0.999));
        };
    }
    if (options.model == nullptr) {
        ModelStore& store = given.model_store != nullptr ? *given.model_store : ModelStore::shared();
        NAE_ASSIGN_OR_RETURN(options.model, store.by_name(given.model_name));
    }
    if (options.model->research != nullptr)
        return Status(ErrorCode::invalid_argument,
                      cat("model ", options.model->name(), " has one quality only: it can meet no target"));
    options.embed_model = given.embed_model || !size;
    double end = 0;  // what the quality gives that is the last hope
    for (; trial < kMaxTrials && !search.done(); ++trial) {
        // The end of the scale decides whether the target can be met at all.
        const bool last = trial + 1 == kMaxTrials && search.best() == 0;
        options.quality = last ? (size ? 1 : 100) : search.next();
        NAE_ASSIGN_OR_RETURN(end, measure(options, target, image, metadata));
        if (last) {
            if (size ? end <= target.value : end >= target.value) break;
        } else {
            search.add(end);
        }
    }
    const double quality = search.best() != 0 ? search.best() : options.quality;
    if (search.best() == 0 && (size ? end > target.value : end < target.value))
        return Status(ErrorCode::invalid_argument,
                      size ? cat("the target of ", target.value, " bytes cannot be met: quality ", quality,
                                 " gives ", end)
                           : cat("the target of ", target.value, " dB cannot be met: quality ", quality,
                                 " gives ", end));
    trial = kMaxTrials;
    options.quality = quality;
    options.embed_model = given.embed_model;
    NAE_RETURN_IF_ERROR(encode(options, image, metadata, sink, statistics));
    if (given.progress && !given.progress(1.0)) return Status(ErrorCode::cancelled, "encoding was cancelled");
    return Status();
}

}  // namespace

Result<double> psnr_of(const std::vector<uint8_t>& file, ImageSource& image, int threads) {
    DecoderOptions options;
    options.threads = threads;
    NAE_ASSIGN_OR_RETURN(const auto decoder,
                         Decoder::open(std::make_shared<MemorySource>(ByteSpan(file), "trial"), options));
    const BandPlan plan = image.plan();
    RowShape shape;
    shape.type = image.data_type();
    shape.mask = plan.table.mask() >= 0;
    const int64_t width = image.width(), height = image.height();
    double sum = 0;
    int64_t count = 0;
    for (const Plane& plane : plan.table.planes) {
        if (!plane.coded_by_model()) continue;
        std::vector<int> bands(plane.bands.begin(), plane.bands.end());
        shape.bands = bands;
        if (plan.alpha >= 0) shape.bands.push_back(plan.alpha);
        RowShape decoded_shape = shape;
        decoded_shape.bands = bands;
        decoded_shape.mask = false;
        const size_t row_bytes = shape.row_bytes(width), decoded_bytes = decoded_shape.row_bytes(width);
        const size_t mask_bytes = shape.mask ? static_cast<size_t>(width) : 0;
        const int64_t step =
            std::max<int64_t>(1, kCompareBytes / static_cast<int64_t>(row_bytes + decoded_bytes));
        std::vector<uint8_t> samples, mask, row(row_bytes), decoded;
        for (int64_t y = 0; y < height; y += step) {
            const auto rows = static_cast<size_t>(std::min(step, height - y));
            const auto first = static_cast<uint32_t>(y), many = static_cast<uint32_t>(rows);
            samples.resize(rows * (row_bytes - mask_bytes));
            mask.resize(rows * mask_bytes);
            decoded.resize(rows * decoded_bytes);
            NAE_RETURN_IF_ERROR(image.read_rows(first, many, shape.bands, samples.data()));
            if (shape.mask) NAE_RETURN_IF_ERROR(image.read_mask(first, many, mask.data()));
            PixelTarget to;
            to.data = decoded.data();
            to.pixel_stride = static_cast<ptrdiff_t>(sample_bytes(shape.type));
            to.band_stride = to.pixel_stride * static_cast<ptrdiff_t>(width);
            to.row_stride = static_cast<ptrdiff_t>(decoded_bytes);
            NAE_RETURN_IF_ERROR(decoder->read(Window{0, first, image.width(), many}, bands, to));
            for (size_t i = 0; i < rows; ++i) {
                std::copy_n(samples.data() + i * (row_bytes - mask_bytes), row_bytes - mask_bytes,
                            row.data());
                std::copy_n(mask.data() + i * mask_bytes, mask_bytes, row.data() + row_bytes - mask_bytes);
                for (const int band : bands) {
                    const BandInfo& info = decoder->bands().bands[static_cast<size_t>(band)];
                    const double range = info.hi > info.lo ? info.hi - info.lo : 1;
                    sum += row_error(shape, row.data(),
                                     decoded_shape.samples(decoded.data() + i * decoded_bytes, width, band),
                                     width, plan, band, range, &count);
                }
            }
        }
    }
    if (sum == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(static_cast<double>(count) / sum);
}

Status encode_to_target(const EncoderOptions& options, const EncodeTarget& target, ImageSource& image,
                        const Metadata& metadata, ByteSink& sink, EncodeStatistics* statistics) {
    return guarded([&] { return search(options, target, image, metadata, sink, statistics); });
}

}  // namespace nae
