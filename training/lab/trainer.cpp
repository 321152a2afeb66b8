#include "training/lab/trainer.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>

#include "format/text.h"
#include "training/flat_adam.h"
#include "training/lab/idx_file.h"
#include "training/lab/linear_start.h"
#include "training/lab/losses.h"
#include "training/lab/pictures.h"
#include "training/lab/run_report.h"
#include "training/lab/svg_chart.h"
#include "training/lab/vgg16.h"

namespace nae::training {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

constexpr int kHeldOutDigits = 5000, kHeldOutCrops = 64, kHeldOutEvery = 20, kStartCrops = 256;
constexpr double kMaxNorm = 1.0;
// Quantisation noise of a variational model's latent against the noise that its synthesis was trained with (ratio of
// deviations).
constexpr double kPosteriorShare = 0.5;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Means of what is measured, over batches.
struct Sums {
    double loss = 0, mse = 0, ssim = 0, bpp = 0, kl = 0, psnr = 0, n = 0;
    void add(double l, double m, double s, double b, double k, double p, double count) {
        loss += l * count, mse += m * count, ssim += s * count, bpp += b * count, kl += k * count,
            psnr += p * count, n += count;
    }
};

class Run {
  public:
    Run(const LabSettings& settings, std::string folder, const LabReport& report, LabModel model)
        : o_(settings), folder_(std::move(folder)), report_(report), model_(std::move(model)) {}

    Status run();
    Status prune(const std::string& from, const std::vector<double>& shares);

  private:
    // Both from the values that the model has now, or that a checkpoint has.
    void start_optimiser();
    Status load(const std::string& checkpoint, bool values_only);
    Status prepare();
    Status epoch(int number);
    void validate(LogRow& row);
    Status finish();
    // The loss of a batch; what it consists of goes into sums.
    Tensor loss_of(const Tensor& x, const Tensor& labels, bool training, Sums& sums);
    bool tell(double fraction_of_epoch, double loss);

    LabSettings o_;
    const std::string folder_;
    const LabReport& report_;
    LabModel model_;
    LabData data_;
    LabProgress state_;
    std::unique_ptr<FlatAdam> optimiser_;
    std::unique_ptr<Vgg16> vgg_;
    double ssim_now_ = -1;  // running mean, for target_ssim
    double told_ = 0, started_ = 0, last_loss_ = 0;
    int first_epoch_ = 0;
};

Tensor pick(const Tensor& t, const Tensor& which) { return t.defined() ? t.index_select(0, which) : t; }
Tensor part(const Tensor& t, int64_t a, int64_t b) {
    return t.defined() ? t.slice(0, a, std::min(b, t.size(0))) : t;
}

Tensor Run::loss_of(const Tensor& x, const Tensor& labels, bool training, Sums& sums) {
    const double pixels = double(x.size(2) * x.size(3));
    Tensor made, loss, bpp = torch::zeros({1}), kl = torch::zeros({1});
    if (model_.variational) {
        const Tensor out = model_.analysis.run(model_.analysis_input(x, labels));
        const int64_t n = model_.latent_channels;
        const Tensor mean = out.narrow(1, 0, n),
                     log_variance = out.narrow(1, out.size(1) - n, n).clamp(-12, 6);
        const Tensor z = training ? mean + torch::randn_like(mean) * (0.5 * log_variance).exp() : mean;
        made = model_.decode(z, labels);
        kl = kl_divergence(mean, log_variance).mean();
        loss = (cross_entropy(made, x).mean() + kl) / pixels;
    } else {
        const Tensor y = model_.latent(x, labels);
        const Tensor noisy = y + torch::rand_like(y) - 0.5;
        const Tensor rounded = model_.quantise(y);
        bpp = model_.bits(training ? noisy : rounded).sum() / (double(x.size(0)) * pixels);
        made = model_.decode(training && model_.noise ? noisy : rounded, labels);
        loss = o_.mse * mse(made, x).mean() + state_.rate * bpp;
        if (o_.ssim > 0) loss = loss + o_.ssim * (1 - ssim(made, x).mean());
        if (vgg_ != nullptr && o_.perceptual > 0)
            loss = loss + o_.perceptual * vgg_->difference(made, x).mean();
    }
    const torch::NoGradGuard no_grad;
    const Tensor shown = training ? made : (made.clamp(0, 1) * 255).round() / 255;
    const Tensor errors = mse(shown, x);
    const double similar = !training || o_.ssim > 0 ? ssim(shown, x).mean().item<double>() : 0;
    sums.add(loss.item<double>(), errors.mean().item<double>(), similar, bpp.item<double>(),
             kl.item<double>(), (-10 * errors.clamp_min(1e-10).log10()).mean().item<double>(),
             double(x.size(0)));
    if (training && o_.target_ssim > 0) {
        ssim_now_ = ssim_now_ < 0 ? similar : 0.98 * ssim_now_ + 0.02 * similar;
        const double off = std::max(-1.0, std::min(1.0, (ssim_now_ - o_.target_ssim) / 0.01));
        state_.rate = std::max(1e-5, std::min(100.0, state_.rate * std::exp(0.004 * off)));
    }
    return loss;
}

bool Run::tell(double fraction_of_epoch, double loss) {
    const double t = now();
    if (t - told_ < 1) return true;
    told_ = t;
    const double done = state_.epochs + fraction_of_epoch - first_epoch_, all = o_.epochs - first_epoch_;
    const double left = done > 0 ? (t - started_) / done * (all - done) : 0;
    char line[160];
    const double share = (state_.epochs + fraction_of_epoch) / o_.epochs;
    std::snprintf(line, sizeof line, "%5.1f %%  epoch %d of %d  loss %.5f  %.1f minutes left", 100 * share,
                  state_.epochs + 1, o_.epochs, loss, left / 60);
    return report_(share, left, line);
}

Status Run::epoch(int number) {
    // All chance of an epoch comes from its number, so that a resumed run repeats what an uninterrupted one does.
    torch::manual_seed(o_.seed * 100003 + uint64_t(number));
    const double start = now();
    const int64_t n = data_.pictures.size(0), steps = std::max<int64_t>(1, n / o_.batch);
    const Tensor order = torch::randperm(n);
    Sums sums;
    LogRow row;
    for (int64_t i = 0; i < steps; ++i) {
        const double done = (double(number) + double(i) / double(steps)) / o_.epochs;
        row.lr = o_.lr * (0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * done))) *
                 std::min(1.0, double(number * steps + i + 1) / 100.0);
        const Tensor which = order.slice(0, i * o_.batch, std::min(n, (i + 1) * o_.batch));
        Tensor x = LabData::scaled(pick(data_.pictures, which));
        if (!model_.digits) {
            const auto at = [&] {
                return int64_t(torch::rand({1}).item<double>() * double(x.size(2) - o_.window + 1));
            };
            const int64_t top = at(), left = at();
            if (o_.window < x.size(2)) x = x.narrow(2, top, o_.window).narrow(3, left, o_.window);
            if (torch::rand({1}).item<double>() < 0.5) x = x.flip({3});
            if (torch::rand({1}).item<double>() < 0.5) x = x.transpose(2, 3);
            x = x.contiguous();
        }
        const Tensor loss = loss_of(x, pick(data_.labels, which), true, sums);
        loss.backward();
        optimiser_->step(row.lr, kMaxNorm, o_.average);
        if (!std::isfinite(sums.loss))
            return Status(ErrorCode::invalid_argument,
                          "training diverged: the loss is no number any more; a smaller lr may help");
        // Whoever stops at the end of an epoch wants it kept: that is told when the epoch is on the disk.
        if (i + 1 < steps && !tell(double(i + 1) / double(steps), sums.loss / sums.n))
            return Status(ErrorCode::cancelled, "stopped");
    }
    row.loss = sums.loss / sums.n, row.mse = sums.mse / sums.n, row.ssim = sums.ssim / sums.n,
    row.bpp = sums.bpp / sums.n, row.kl = sums.kl / sums.n;
    last_loss_ = row.loss;
    row.rate = state_.rate;
    row.epoch = state_.epochs = number + 1;
    validate(row);
    state_.seconds += now() - start;
    row.seconds = state_.seconds;
    state_.steps = optimiser_->steps();
    state_.state = optimiser_->state();
    NAE_RETURN_IF_ERROR(append_log(row, folder_ + "/log.csv"));
    return save_progress(state_, folder_ + "/checkpoint.bin");
}

void Run::validate(LogRow& row) {
    const torch::NoGradGuard no_grad;
    optimiser_->refresh(true);
    Sums sums;
    const int64_t n = std::min<int64_t>(data_.held_out.size(0), model_.digits ? 1000 : kHeldOutCrops);
    for (int64_t i = 0; i < n; i += 32)
        loss_of(LabData::scaled(part(data_.held_out, i, std::min(i + 32, n))),
                part(data_.held_out_labels, i, std::min(i + 32, n)), false, sums);
    row.v_loss = sums.loss / sums.n, row.v_mse = sums.mse / sums.n, row.v_psnr = sums.psnr / sums.n;
    row.v_ssim = sums.ssim / sums.n, row.v_bpp = sums.bpp / sums.n;
    optimiser_->refresh(false);
}

void Run::start_optimiser() {
    state_ = LabProgress();
    state_.rate = o_.rate;
    optimiser_ = std::make_unique<FlatAdam>(torch::kCPU, torch::kFloat);
    const std::vector<Tensor> values = model_.parameters();
    const std::vector<bool> hidden = model_.hidden();
    for (size_t i = 0; i < values.size(); ++i)
        optimiser_->add(std::to_string(i), values[i], false, 1.0, hidden[i]);
    optimiser_->seal();
    optimiser_->use_muon(o_.muon != 0);
    std::vector<Tensor> leaves;
    for (size_t i = 0; i < values.size(); ++i) leaves.push_back(optimiser_->leaf(int(i)));
    model_.use(leaves);
}

Status Run::load(const std::string& checkpoint, bool values_only) {
    LabProgress read;
    read.state = optimiser_->state();
    NAE_RETURN_IF_ERROR(load_progress(checkpoint, read));
    if (values_only) {
        const Tensor averaged = read.state[3], none = torch::zeros_like(averaged);
        read.state = {averaged, none, none, averaged};
        read.steps = read.epochs = 0;
        read.seconds = 0;
        read.rate = o_.rate;
    }
    optimiser_->restore(read.state, read.steps);
    state_ = std::move(read);
    return Status();
}

Status Run::prepare() {
    NAE_ASSIGN_OR_RETURN(data_, load_lab_data(o_, model_.digits));
    if (o_.perceptual > 0) {
        NAE_ASSIGN_OR_RETURN(Vgg16 vgg, Vgg16::load(o_.vgg16));
        vgg_ = std::make_unique<Vgg16>(std::move(vgg));
    }
    if (!model_.digits) {
        // Steps of quantisation near those that the target will need; without one, for 36 dB.
        const double gain = o_.target_ssim > 0 ? 4 / std::cbrt(1 - o_.target_ssim) : 9;
        start_linear(model_, LabData::scaled(part(data_.pictures, 0, kStartCrops)), gain);
    }
    start_optimiser();
    const std::string own = folder_ + "/checkpoint.bin";
    if (fs::exists(own)) return load(own, false);
    return o_.start.empty() ? Status() : load(o_.start, true);
}

Status Run::finish() {
    const torch::NoGradGuard no_grad;
    optimiser_->refresh(true);
    const int64_t n = std::min<int64_t>(data_.pictures.size(0), model_.digits ? 10000 : 1500);
    const Tensor x = LabData::scaled(part(data_.pictures, 0, n)), labels = part(data_.labels, 0, n);
    if (model_.variational) {
        const Tensor out = model_.analysis.run(model_.analysis_input(x, labels));
        const Tensor log_variance =
            out.narrow(1, out.size(1) - model_.latent_channels, model_.latent_channels).clamp(-12, 6);
        const Tensor deviation = (0.5 * log_variance).exp().mean({0, 2, 3});
        model_.step = deviation * (std::sqrt(12.0) * kPosteriorShare);
    }
    const std::string text = cat("nae-train lab, model ", model_.name, ", ", state_.epochs, " epochs, ",
                                 int(state_.seconds), " s");
    NAE_ASSIGN_OR_RETURN(const ResearchModel file, export_lab_model(model_, x, labels, text));
    NAE_RETURN_IF_ERROR(save_research_model(file, folder_ + "/model.nam"));
    return write_run_report(model_, data_, folder_);
}

Status Run::run() {
    NAE_RETURN_IF_ERROR(prepare());
    first_epoch_ = state_.epochs;
    started_ = now();
    while (state_.epochs < o_.epochs) {
        NAE_RETURN_IF_ERROR(epoch(state_.epochs));
        told_ = 0;  // the end of an epoch is always told
        if (!tell(0, last_loss_)) return Status(ErrorCode::cancelled, "stopped");
    }
    return finish();
}

Status Run::prune(const std::string& from, const std::vector<double>& shares) {
    if (model_.analysis.prunable().empty() || model_.variational)
        return Status(ErrorCode::invalid_argument,
                      model_.name + ": only autoencoders of convolutions and ReLU can be pruned");
    NAE_RETURN_IF_ERROR(prepare());
    NAE_RETURN_IF_ERROR(load(from + "/checkpoint.bin", false));
    optimiser_->refresh(true);
    o_.rate =
        state_
            .rate;  // where training has brought it; the curve is one of models trained for the same trade-off
    o_.target_ssim = 0;
    std::ofstream csv(folder_ + "/pruning.csv");
    csv << "kept,parameters,bpp,psnr,ssim,loss\n";
    Series loss{"loss", {}, {}};
    const int64_t whole = model_.analysis.size() + model_.synthesis.size();
    double before = 1;
    const std::string name = model_.name;
    for (size_t i = 0; i <= shares.size(); ++i) {
        const double share = i == 0 ? 1 : shares[i - 1];
        if (!(share > 0 && share <= before))
            return Status(ErrorCode::invalid_argument,
                          "the shares that are kept must fall, from 1 to more than 0");
        LogRow row;
        if (i > 0) {
            for (Network* network : {&model_.analysis, &model_.synthesis})
                for (size_t node : network->prunable()) network->prune(node, share / before);
            start_optimiser();
            for (int e = 0; e < o_.epochs; ++e) NAE_RETURN_IF_ERROR(epoch(e));
            model_.name = cat(name, "-", std::lround(100 * share));
            NAE_RETURN_IF_ERROR(finish());
            fs::rename(folder_ + "/model.nam", cat(folder_, "/", model_.name, ".nam"));
        }
        before = share;
        validate(row);
        const int64_t size = model_.analysis.size() + model_.synthesis.size();
        csv << share << ',' << size << ',' << row.v_bpp << ',' << row.v_psnr << ',' << row.v_ssim << ','
            << row.v_loss << std::endl;
        loss.x.push_back(100 * double(size) / double(whole));
        loss.y.push_back(row.v_loss);
    }
    return write_line_chart("Structured pruning of " + name, "parameters left, %", "loss, held out", {loss},
                            folder_ + "/pruning.svg");
}

}  // namespace

Result<LabData> load_lab_data(const LabSettings& o, bool digits) {
    LabData out;
    if (digits) {
        NAE_ASSIGN_OR_RETURN(Digits d, read_digits(o.data[0], "train"));
        if (d.width != 28 || d.height != 28)
            return Status(ErrorCode::invalid_argument,
                          cat(o.data[0], ": pictures of ", d.width, "x", d.height, ", MNIST's have 28x28"));
        const int64_t n = d.count, held = std::min<int64_t>(kHeldOutDigits, n / 5);
        const Tensor all = torch::from_blob(d.pixels.data(), {n, 1, 28, 28}, torch::kByte).clone();
        const Tensor labels = torch::from_blob(d.labels.data(), {n}, torch::kByte).to(torch::kLong);
        out.pictures = all.slice(0, 0, n - held), out.labels = labels.slice(0, 0, n - held);
        out.held_out = all.slice(0, n - held), out.held_out_labels = labels.slice(0, n - held);
        if (out.held_out.size(0) == 0)
            return Status(ErrorCode::invalid_argument, o.data[0] + ": too few digits to train with");
        return out;
    }
    NAE_ASSIGN_OR_RETURN(const std::vector<std::string> files, picture_files(o.data));
    CropOptions crops;
    crops.count = o.crops;
    crops.seed = o.seed;
    crops.skip = files.size() >= 2 ? std::min<int>(kHeldOutEvery, int(files.size())) : 0;
    NAE_ASSIGN_OR_RETURN(out.pictures, random_crops(files, crops));
    crops.keep_skipped = true;
    crops.count = kHeldOutCrops;
    crops.seed = 7;
    NAE_ASSIGN_OR_RETURN(out.held_out, random_crops(files, crops));
    return out;
}

Status run_lab(const LabSettings& settings, const std::string& folder, const LabReport& report) try {
    NAE_RETURN_IF_ERROR(check_settings(settings));
    at::set_num_threads(settings.threads);
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) return Status(ErrorCode::io, folder + ": " + ec.message());
    const std::string path = folder + "/settings.txt";
    if (fs::exists(folder + "/checkpoint.bin")) {
        NAE_ASSIGN_OR_RETURN(LabSettings before, read_settings(path));
        before.epochs = settings.epochs;
        before.threads = settings.threads;
        if (settings_text(before) != settings_text(settings))
            return Status(
                ErrorCode::invalid_argument,
                folder + ": holds a run with other settings; take another folder, or resume that run");
    }
    NAE_RETURN_IF_ERROR(write_settings(settings, path));
    torch::manual_seed(settings.seed);
    NAE_ASSIGN_OR_RETURN(LabModel model, make_lab_model(settings.model));
    return Run(settings, folder, report, std::move(model)).run();
} catch (const std::exception& e) {
    return Status(ErrorCode::internal, folder + ": " + e.what());
}

Status prune_lab(const std::string& from, const std::string& to, const std::vector<double>& shares,
                 int epochs, const LabReport& report) try {
    NAE_ASSIGN_OR_RETURN(LabSettings settings, read_settings(from + "/settings.txt"));
    settings.epochs = epochs;
    settings.start.clear();
    NAE_RETURN_IF_ERROR(check_settings(settings));
    at::set_num_threads(settings.threads);
    std::error_code ec;
    fs::create_directories(to, ec);
    if (ec) return Status(ErrorCode::io, to + ": " + ec.message());
    if (fs::exists(to + "/checkpoint.bin"))
        return Status(ErrorCode::invalid_argument, to + ": holds a run already; take another folder");
    torch::manual_seed(settings.seed);
    NAE_ASSIGN_OR_RETURN(LabModel model, make_lab_model(settings.model));
    return Run(settings, to, report, std::move(model)).prune(from, shares);
} catch (const std::exception& e) {
    return Status(ErrorCode::internal, to + ": " + e.what());
}

}  // namespace nae::training
