#include "training/post_filter_trainer.h"

#include <torch/cuda.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>

#include "format/text.h"
#include "training/flat_adam.h"
#include "training/post_filter_batch.h"
#include "training/post_filter_begin.h"
#include "training/post_filter_checkpoint.h"

namespace nae::training {
namespace {

constexpr int64_t kReportEvery = 100;  // steps
constexpr int kWarmUp = 100;           // steps
constexpr int kWhiteningCrops = 256;
constexpr double kErrorFloor = 0.05;  // squared grey levels: crops of less error than that count less

volatile std::sig_atomic_t g_stop = 0;
void on_signal(int) { g_stop = 1; }

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status check(const PostFilterTrainOptions& o, const CodedCrops& crops) {
    const auto refuse = [](const std::string& what) { return Status(ErrorCode::invalid_argument, what); };
    if (crops.training().empty()) return refuse("there are no crops to train on");
    if (o.crop < 16 || o.crop % 2 != 0 || uint32_t(o.crop) > crops.head().size)
        return refuse(cat("crop: ", o.crop, " is not even in 16..", crops.head().size));
    if (o.batch < 1 || o.batch > 1024) return refuse(cat("batch: ", o.batch, " is outside 1..1024"));
    if (!(o.lr > 0 && o.lr < 1)) return refuse(cat("lr: ", o.lr, " is outside 0..1"));
    if (!(o.decay_from >= 0 && o.decay_to >= 0 && o.decay_to <= 1))
        return refuse("decay: shares are outside 0..1");
    if (!(o.average_decay >= 0 && o.average_decay < 1)) return refuse("average decay is outside 0..1");
    if (o.shape.width < 1 || o.shape.width > 256 || o.shape.blocks < 0 || o.shape.blocks > 16 ||
        o.shape.anchors < 2 || o.shape.anchors > 64)
        return refuse("a network of an impossible shape");
    if (o.precision != "bf16" && o.precision != "f32")
        return refuse("precision: \"" + o.precision + "\" is neither bf16 nor f32");
    if (o.device != "cpu" && o.device != "cuda")
        return refuse("device: \"" + o.device + "\" is neither cpu nor cuda");
    if (o.device == "cuda" && !torch::cuda::is_available()) return refuse("there is no CUDA device");
    return Status();
}

class Run {
  public:
    Run(const CodedCrops& crops, const PostFilterTrainOptions& o) : crops_(crops), o_(o), device_(o.device) {}
    Result<PostFilterTrained> run();

  private:
    Status prepare();
    Status start_network();
    double learning_rate(double share) const;
    double share_done() const;
    torch::Tensor step(double lr);  // the loss
    void report(double lr);
    Status validate();
    Status save();
    double minutes() const { return (now() - start_) / 60; }

    const CodedCrops& crops_;
    const PostFilterTrainOptions& o_;
    const torch::Device device_;
    PostFilterNet net_;  // its tensors are the optimiser's leaves
    std::unique_ptr<FlatAdam> optimiser_;
    PostFilterProgress before_, progress_;
    PostFilterTrained result_;
    std::ofstream log_;
    torch::Tensor losses_;  // their sum since the last report
    double start_ = 0, window_start_ = 0;
    int64_t run_steps_ = 0, window_ = 0;
};

// Random values, those of the checkpoint's shape, or somebody else's.
Status Run::start_network() {
    torch::manual_seed(o_.seed);
    progress_.shape = o_.shape;
    if (!o_.resume.empty()) {
        NAE_ASSIGN_OR_RETURN(progress_, load_post_filter(o_.resume));
        net_ = make_post_filter_net(progress_.shape);
        net_.set_whitening(progress_.whitening);
        return Status();
    }
    net_ = make_post_filter_net(o_.shape);
    const int n = int(std::min<size_t>(crops_.training().size(), kWhiteningCrops));
    net_.set_whitening(post_filter_whitening(
        draw_post_filter_batch(crops_.training(), crops_.head(), n, std::min(o_.crop, 96), o_.seed).decoded));
    if (!o_.begin.empty()) NAE_RETURN_IF_ERROR(begin_post_filter(o_.begin, net_));
    return Status();
}

Status Run::prepare() {
    NAE_RETURN_IF_ERROR(start_network());
    progress_.whitening = net_.whitening().clone();
    const bool low = o_.precision == "bf16";
    optimiser_ = std::make_unique<FlatAdam>(device_, low ? torch::kBFloat16 : torch::kFloat);
    for (const auto& [name, tensor] : net_.parameters())
        // What depends on the quality is so little that it may be precise.
        optimiser_->add(name, *tensor, low && name != "qb" && name != "qs");
    optimiser_->seal();
    if (!o_.resume.empty() && !optimiser_->restore(progress_.state, progress_.optimiser_steps))
        return Status(ErrorCode::corrupt, o_.resume + ": belongs to another network");
    int i = 0;
    for (const auto& parameter : net_.parameters()) *parameter.second = optimiser_->leaf(i++);
    torch::Tensor& white = net_.tensors[kPostFilterWhiteNode].weight;
    white = white.to(device_);
    before_ = progress_;
    std::printf("post-filter: %d channels, %d blocks, %lld parameters, %s on %s, %zu crops, %zu held out\n",
                progress_.shape.width, progress_.shape.blocks, static_cast<long long>(optimiser_->size()),
                o_.precision.c_str(), o_.device.c_str(), crops_.training().size(), crops_.held_out().size());
    if (!o_.resume.empty())
        std::printf("resumed at step %lld, %.2f h, %.0f Mpx\n", static_cast<long long>(progress_.steps),
                    progress_.hours, progress_.megapixels);
    log_.open(o_.out_dir + "/log.csv", std::ios::app);
    if (!log_) return Status(ErrorCode::io, o_.out_dir + "/log.csv: cannot be written");
    log_ << "# train,step,minutes,megapixels,loss,norm,lr,megapixels_per_second\n"
            "# validation,step,minutes,megapixels,quality,dB\n";
    losses_ = torch::zeros({1}, torch::dtype(torch::kDouble).device(device_));
    return Status();
}

double Run::share_done() const {
    const double by_steps = o_.max_steps > 0 ? double(run_steps_) / double(o_.max_steps) : 0;
    return std::max(by_steps, minutes() / o_.minutes);
}

double Run::learning_rate(double share) const {
    const double warm = std::min(1.0, double(optimiser_->steps() + 1) / kWarmUp);
    if (share <= o_.decay_from) return o_.lr * warm;
    const double p = std::min(1.0, (share - o_.decay_from) / (1.0 - o_.decay_from));
    return o_.lr * warm * (o_.decay_to + (1 - o_.decay_to) * 0.5 * (1 + std::cos(3.14159265358979 * p)));
}

torch::Tensor Run::step(double lr) {
    const uint64_t seed = o_.seed * 1000003 + uint64_t(progress_.steps);
    const PostFilterBatch batch =
        draw_post_filter_batch(crops_.training(), crops_.head(), o_.batch, o_.crop, seed);
    const torch::Tensor decoded = batch.decoded.to(device_), error = decoded - batch.original.to(device_);
    const torch::Tensor left =
        (error + net_.forward(decoded, batch.quality.to(device_))).square().mean({1, 2, 3});
    const torch::Tensor loss = (left / (error.square().mean({1, 2, 3}) + kErrorFloor)).mean();
    loss.backward();
    optimiser_->step(lr, o_.max_norm, o_.average_decay);
    return loss.detach();
}

void Run::report(double lr) {
    const double seconds = now() - window_start_, loss = losses_.item<double>() / double(window_),
                 rate = double(window_) * o_.batch * o_.crop * o_.crop / 1e6 / seconds,
                 norm = optimiser_->norm();
    std::printf("%8lld  %6.1f min  %7.0f Mpx  loss %.4f  norm %.2f  lr %.1e  %.2f Mpx/s\n",
                static_cast<long long>(progress_.steps), minutes(), progress_.megapixels, loss, norm, lr,
                rate);
    std::fflush(stdout);
    log_ << "train," << progress_.steps << ',' << minutes() << ',' << progress_.megapixels << ',' << loss
         << ',' << norm << ',' << lr << ',' << rate << std::endl;
    result_.loss = loss;
    losses_.zero_();
    window_ = 0;
    window_start_ = now();
}

Status Run::validate() {
    const double before = now();
    // Averaged values in full precision, as an export has them.
    PostFilterNet averaged = net_;
    int i = 0;
    for (const auto& parameter : averaged.parameters()) *parameter.second = optimiser_->value(i++, true);
    NAE_ASSIGN_OR_RETURN(result_.gains, post_filter_gains(crops_.held_out(), crops_.head(), averaged));
    std::printf("  held out, dB:");
    for (const auto& [quality, gain] : result_.gains) {
        std::printf("  Q%g %+.3f", quality / 100.0, gain);
        log_ << "validation," << progress_.steps << ',' << minutes() << ',' << progress_.megapixels << ','
             << quality / 100.0 << ',' << gain << '\n';
    }
    std::printf("\n");
    std::fflush(stdout);
    log_.flush();
    window_start_ += now() - before;  // it counts steps, not this
    return Status();
}

Status Run::save() {
    progress_.optimiser_steps = optimiser_->steps();
    progress_.state = optimiser_->state();
    return save_post_filter(progress_, o_.out_dir + "/latest.ckpt");
}

Result<PostFilterTrained> Run::run() {
    NAE_RETURN_IF_ERROR(prepare());
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    start_ = window_start_ = now();
    NAE_RETURN_IF_ERROR(validate());
    start_ = window_start_ = now();
    double next_save = o_.checkpoint_every, next_validation = o_.validate_every;
    while (g_stop == 0 && (o_.max_steps == 0 || run_steps_ < o_.max_steps) && minutes() < o_.minutes) {
        const double lr = learning_rate(share_done());
        losses_ += step(lr);
        ++run_steps_;
        ++window_;
        progress_.steps = before_.steps + run_steps_;
        progress_.megapixels = before_.megapixels + double(run_steps_) * o_.batch * o_.crop * o_.crop / 1e6;
        progress_.hours = before_.hours + minutes() / 60;
        if (window_ == kReportEvery) {
            report(lr);
            if (!std::isfinite(result_.loss))
                return Status(ErrorCode::internal, "training diverged: the loss is no number any more");
        }
        if (o_.validate_every > 0 && minutes() >= next_validation) {
            NAE_RETURN_IF_ERROR(validate());
            next_validation += o_.validate_every;
        }
        if (minutes() >= next_save) {
            NAE_RETURN_IF_ERROR(save());
            next_save += o_.checkpoint_every;
        }
    }
    if (window_ > 0) report(learning_rate(share_done()));
    NAE_RETURN_IF_ERROR(save());
    if (run_steps_ > 0) NAE_RETURN_IF_ERROR(validate());
    std::printf("ended at step %lld after %.2f h in all (%.0f Mpx)\n",
                static_cast<long long>(progress_.steps), progress_.hours, progress_.megapixels);
    result_.steps = progress_.steps;
    return result_;
}

}  // namespace

Result<PostFilterTrained> train_post_filter(const CodedCrops& crops,
                                            const PostFilterTrainOptions& options) try {
    NAE_RETURN_IF_ERROR(check(options, crops));
    at::set_num_threads(std::max(1, options.threads));
    return Run(crops, options).run();
} catch (const std::exception& e) {
    return Status(ErrorCode::internal, std::string("post-filter: ") + e.what());
}

}  // namespace nae::training
