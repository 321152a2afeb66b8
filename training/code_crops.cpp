#include "training/code_crops.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include "codec/encoder.h"
#include "codec/thread_pool.h"
#include "format/byte_sink.h"
#include "format/text.h"
#include "training/crop_decoder.h"
#include "training/crop_sampler.h"

namespace nae::training {
namespace {

constexpr size_t kAtOnce = 64;  // crops that are coded before they are handed on

struct Request {
    std::vector<uint8_t> pixels;
    int quality_centi = 0;
};

Status check(const CodeCropsOptions& o) {
    const auto refuse = [](const std::string& what) { return Status(ErrorCode::invalid_argument, what); };
    if (o.size < 64 || o.size > 512 || o.size % 64 != 0)
        return refuse(cat("crops of ", o.size, " pixels: a multiple of 64 up to 512 is needed"));
    if (o.training < 0 || o.training > 1000000 || o.held_out < 0 || o.held_out > 100000)
        return refuse("number of crops");
    if (!(o.gray_share >= 0 && o.gray_share <= 1)) return refuse("share of gray crops is outside 0..1");
    if (o.threads < 1 || o.threads > 256) return refuse("threads are outside 1..256");
    return Status();
}

// A tile must hold the whole crop.
int tile_size_for(int size) {
    int tile = 64;
    while (tile < size) tile *= 2;
    return tile;
}

class Coder {
  public:
    Coder(ReadyModelPtr model, const CodeCropsOptions& o, size_t total)
        : model_(std::move(model)), o_(o), total_(total), pool_(o.threads), start_(now()) {}

    // Codes these crops on all threads and hands them on in their order.
    Status run(std::vector<Request> requests, bool held_out,
               const std::function<Status(const CodedCrop&, bool)>& take) {
        std::vector<CodedCrop> coded(requests.size());
        NAE_RETURN_IF_ERROR(pool_.parallel_for(int64_t(requests.size()), [&](int64_t i) -> Status {
            Request& r = requests[size_t(i)];
            NAE_ASSIGN_OR_RETURN(coded[size_t(i)],
                                 code_crop(model_, std::move(r.pixels), o_.size, r.quality_centi));
            return Status();
        }));
        for (const CodedCrop& crop : coded) NAE_RETURN_IF_ERROR(take(crop, held_out));
        done_ += coded.size();
        const double seconds = now() - start_;
        std::printf("\rcrops coded: %zu of %zu, %.1f a second", done_, total_,
                    double(done_) / std::max(seconds, 1e-3));
        if (done_ == total_) std::printf("\n");
        std::fflush(stdout);
        return Status();
    }

  private:
    static double now() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    ReadyModelPtr model_;
    const CodeCropsOptions& o_;
    const size_t total_;
    size_t done_ = 0;
    ThreadPool pool_;
    const double start_;
};

}  // namespace

Result<CodedCrop> code_crop(const ReadyModelPtr& model, std::vector<uint8_t> pixels, int size,
                            int quality_centi) {
    SymbolKeeper keeper;
    EncoderOptions options;
    options.model = model;
    options.quality = quality_centi / 100.0;
    options.effort = 1;
    options.tile_size = tile_size_for(size);
    options.threads = 1;
    options.preview = PreviewMode::never;
    options.observer = &keeper;
    MemoryImageSource image(pixels.data(), uint32_t(size), uint32_t(size), 3);
    MemorySink unused;
    NAE_RETURN_IF_ERROR(encode(options, image, Metadata(), unused));
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<TileCodec> codec,
                         TileCodec::create(model, quality_centi, Limits(), EngineLevel::automatic));
    Tensor16 decoded;
    NAE_RETURN_IF_ERROR(decode_crop(*codec, keeper.last, size, decoded));
    CodedCrop crop;
    crop.quality_centi = quality_centi;
    const size_t samples = size_t{3} * size_t(size) * size_t(size);
    crop.decoded.assign(decoded.pixel(0, 0), decoded.pixel(0, 0) + samples);
    crop.original = std::move(pixels);
    return crop;
}

Result<CodedCropsHead> coded_crops_head(const ReadyModelPtr& model, const PackedPictures& pictures,
                                        const CodeCropsOptions& o) {
    NAE_RETURN_IF_ERROR(check(o));
    CodedCropsHead head;
    head.model = model->id;
    head.size = uint32_t(o.size);
    head.frac_bits = uint32_t(model->model.output_frac_bits);
    head.training = uint32_t(o.training);
    const CropSampler sampler(pictures, o.size, o.gray_share, o.seed);
    head.held_out = uint32_t(sampler.held_out_count(o.held_out, o.size) * std::size(kHeldOutQualities));
    head.seed = o.seed;
    return head;
}

Status code_crops(const ReadyModelPtr& model, const PackedPictures& pictures, const CodeCropsOptions& o,
                  const std::function<Status(const CodedCrop& crop, bool held_out)>& take) {
    NAE_ASSIGN_OR_RETURN(const CodedCropsHead head, coded_crops_head(model, pictures, o));
    CropSampler sampler(pictures, o.size, o.gray_share, o.seed);
    if (o.training > 0 && sampler.empty())
        return Status(ErrorCode::invalid_argument, "no training picture is as large as the crops");
    Coder coder(model, o, size_t{head.training} + head.held_out);
    std::mt19937_64 rng(o.seed * 7919 + 17);
    std::vector<Request> waiting;
    for (int i = 0; i < o.training; ++i) {
        // Quarters of the scale in turn, so that few crops are spread over it as well as many.
        const double quarter = 99.0 / 4, low = 1 + quarter * (i % 4);
        const double quality = std::uniform_real_distribution<double>(low, low + quarter)(rng);
        waiting.push_back({sampler.pixels(sampler.draw(1, o.size)[0], o.size),
                           std::clamp(int(std::lround(quality * 100)), 100, 10000)});
        if (waiting.size() < kAtOnce && i + 1 < o.training) continue;
        NAE_RETURN_IF_ERROR(coder.run(std::exchange(waiting, {}), false, take));
    }
    for (const std::vector<uint8_t>& pixels : sampler.validation_pixels(o.held_out, o.size)) {
        for (const int quality : kHeldOutQualities) waiting.push_back({pixels, quality * 100});
        NAE_RETURN_IF_ERROR(coder.run(std::exchange(waiting, {}), true, take));
    }
    return Status();
}

}  // namespace nae::training
