#include "training/trainer.h"

#include <torch/cuda.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "codec/thread_pool.h"
#include "training/checkpoint.h"
#include "training/device_crops.h"
#include "training/earlier_shape.h"

namespace nae::training {
namespace {

// Every step asks for the same hundreds of megabytes again. glibc gives such memory back to the system when it is freed,
// more so that of threads other than the first, and the pages then come back one fault at a time.
void keep_freed_memory() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as much as glibc allows
    mallopt(M_TRIM_THRESHOLD, 2000 << 20);
    mallopt(M_TOP_PAD, 256 << 20);
#endif
}

constexpr int64_t kReportEvery = 200;  // steps
constexpr int64_t kMostSkipped = 100;

volatile std::sig_atomic_t g_stop = 0;
void on_signal(int) { g_stop = 1; }

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Whether to do what suits a GPU.
bool like_gpu(const TrainOptions& o) { return o.like_gpu || o.device != "cpu"; }

// The batch is split over as many threads as divide it evenly: an operator that runs on one thread waits for nobody. On
// a GPU one thread feeds the device.
int replica_count(const TrainOptions& o, int threads) {
    if (like_gpu(o)) return 1;
    int n = std::min(threads, o.batch);
    while (o.batch % n != 0) --n;
    return n;
}

// Qualities are drawn so that most of the training happens where pictures are kept: four in five from the lower 80 %
// of the scale (up to about 40 dB), the rest from all of it.
torch::Tensor draw_qualities(int n, std::mt19937_64& rng) {
    std::uniform_real_distribution<double> u(0, 1);
    torch::Tensor t = torch::empty({n});
    for (int i = 0; i < n; ++i) {
        const bool low = u(rng) < 0.8;
        t[i] = float(u(rng) * (low ? 0.8 : 1.0));
    }
    return t;
}

double learning_rate(const TrainOptions& o, double share_done, int64_t steps_this_run) {
    const double warm = std::min(1.0, double(steps_this_run + 1) / 200.0);
    double fall = 1.0;
    if (share_done > o.decay_from) {
        const double p = std::min(1.0, (share_done - o.decay_from) / (1.0 - o.decay_from));
        fall = o.decay_to + (1 - o.decay_to) * 0.5 * (1 + std::cos(3.14159265358979 * p));
    }
    return o.lr * warm * fall;
}

// How many threads LibTorch's operators use when called from this one: a setting of the thread.
void use_threads(int count) {
    thread_local int in_use = 0;
    if (in_use != count) at::set_num_threads(count);
    in_use = count;
}

// Loss and gradients of some pictures of a batch of `batch`. Gradients of all shares add up to the batch's, and so do
// what this returns: loss, bits per pixel, log10 of the squared error. On a GPU they are not known yet.
torch::Tensor backward(const PhotoModel& model, const torch::Tensor& blocks, const torch::Tensor& quality,
                       int64_t batch) {
    const auto r = model.forward(blocks, quality, true);
    const PhotoConfig& c = model.config();
    const torch::Tensor lambda = c.lambda_low * torch::pow(c.lambda_high / c.lambda_low, quality);
    const torch::Tensor bpp = (r.bits_y + r.bits_z) / double(blocks.size(2) * blocks.size(3) * 64);
    const torch::Tensor cost = r.mse.defined() ? lambda * r.mse + bpp : bpp;
    const torch::Tensor loss = (cost / lambda.sqrt()).sum() * (0.1 / double(batch));
    loss.backward();
    const torch::NoGradGuard no_grad;
    // Not a number where nobody has looked at the error.
    const torch::Tensor log_mse = r.mse.defined() ? r.mse.log10() : torch::full_like(bpp, NAN);
    return torch::stack({loss.detach(), bpp.sum() / double(batch), log_mse.sum() / double(batch)});
}

void print_validation(const std::vector<ValidationPoint>& points, std::ofstream& log, double minutes,
                      int64_t steps) {
    double mean = 0;
    std::printf("  validation:");
    for (const ValidationPoint& p : points) {
        std::printf("  %.3f bpp %.2f dB", p.bpp, p.psnr);
        log << "validation," << steps << ',' << minutes << ',' << p.quality << ',' << p.bpp << ',' << p.psnr
            << ',' << p.loss << '\n';
        mean += p.loss / double(points.size());
    }
    std::printf("  mean loss %.4f\n", mean);
    std::fflush(stdout);
    log.flush();
}

}  // namespace

double validation_after(double last, double every) {
    if (last == 0 && every > 1) return 1;
    return last < every ? every : last + every;
}

std::vector<ValidationPoint> validate(const PhotoModel& model, FlatAdam& optimiser,
                                      const torch::Tensor& blocks, torch::Device device) {
    torch::NoGradGuard no_grad;
    optimiser.refresh(true);
    std::vector<ValidationPoint> out;
    const double pixels = double(blocks.size(2) * blocks.size(3) * 64);
    for (double q : {0.08, 0.22, 0.36, 0.5, 0.64, 0.78, 0.92}) {
        double bpp = 0, mse = 0, psnr = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < blocks.size(0); i += 8) {
            const torch::Tensor b = blocks.slice(0, i, std::min<int64_t>(i + 8, blocks.size(0))).to(device);
            const auto r = model.forward(b, torch::full({b.size(0)}, q).to(device), false);
            bpp += (r.bits_y + r.bits_z).sum().item<double>() / pixels;
            mse += r.mse.sum().item<double>();
            psnr += (10 * torch::log10(65025.0 / r.mse)).sum().item<double>();
            n += b.size(0);
        }
        const double lambda = model.lambda(q), k = 1.0 / double(std::max<int64_t>(n, 1));
        out.push_back({q, bpp * k, psnr * k, (lambda * mse * k + bpp * k) / std::sqrt(lambda)});
    }
    optimiser.refresh(false);
    return out;
}

std::string train(const TrainOptions& o) {
    keep_freed_memory();
    if (o.crop < 64 || o.crop % 64 != 0) return "--crop must be a multiple of 64";
    PackedPictures pictures;
    if (std::string e = pictures.open(o.data); !e.empty()) return e;
    CropSampler sampler(pictures, o.crop, o.gray_share, o.seed);
    if (sampler.empty()) return o.data + ": no picture is as large as the crop";
    // Crops that are reduced: cut up to this large, from pictures that have room for all sizes.
    const int largest_cut = int(o.crop * std::max(1.0, o.reduce));
    CropSampler wide(pictures, largest_cut, o.gray_share, o.seed + 1);
    if (wide.empty()) return o.data + ": no picture is as large as the crops to be reduced";
    const int threads = o.threads > 0 ? o.threads : int(std::max(1u, std::thread::hardware_concurrency()));
    use_threads(threads);
    const torch::Device device(o.device);
    if (device.is_cuda() && !torch::cuda::is_available()) return "no CUDA device";
    if (device.is_cuda()) {
        // Shapes never change, so the fastest of the library's algorithms may be looked for.
        at::globalContext().setBenchmarkCuDNN(true);
        at::globalContext().setAllowTF32CuDNN(true);
    }
    torch::manual_seed(o.seed);
    std::mt19937_64 rng(o.seed * 7919 + 17);
    std::error_code ec;
    std::filesystem::create_directories(o.out_dir, ec);

    const double start = seconds_now();
    PcaStart pca = shapes_only(o.model.latent_channels);
    if (o.resume.empty()) {
        pca = learn_pca(sampler, o.model.latent_channels, o.pca_batches);
        std::printf("start: %d of 768 coefficients kept, %.3f squared grey levels dropped (%.1f s)\n",
                    o.model.latent_channels, pca.discarded, seconds_now() - start);
    }
    FlatAdam optimiser(device, o.precision == "f32" ? torch::kFloat : torch::kBFloat16);
    PhotoModel model(o.model, pca, optimiser);
    if (o.restoration != nullptr) model.use_restoration(o.restoration, o.output_frac_bits, like_gpu(o));
    if (o.like_gpu) optimiser.use_tensors();
    optimiser.seal();
    optimiser.use_muon(o.muon);
    const int replicas = replica_count(o, threads), threads_each = std::max(1, threads / replicas);
    std::printf("%.2f M parameters, %d × %d threads, %s on %s\n", double(optimiser.size()) / 1e6, replicas,
                threads_each, o.precision.c_str(), o.device.c_str());
    ThreadPool workers(replicas);
    optimiser.use_workers(workers);

    CheckpointInfo info;
    std::vector<torch::Tensor> fresh;  // before anything is restored
    if (o.restart_branch)
        for (const torch::Tensor& t : optimiser.state()) fresh.push_back(t.clone());
    if (!o.resume.empty()) {
        if (std::string e = load_checkpoint(o.resume, o.model, optimiser, info); !e.empty()) return e;
        std::printf("resumed at step %lld, %.2f h, %.0f Mpx\n", static_cast<long long>(info.steps),
                    info.hours, info.megapixels);
        sampler.reseed(o.seed + uint64_t(info.steps));  // other crops than last time
        wide.reseed(o.seed + 1 + uint64_t(info.steps));
        rng.seed(o.seed * 7919 + 17 + uint64_t(info.steps));
    }
    if (o.restart_branch) restart_branch(fresh, optimiser);
    if (o.only_branch)
        optimiser.freeze([](const std::string& name) {
            return name.rfind("synthesis.", 0) != 0 || name.rfind("synthesis.conv0.", 0) == 0;
        });
    if (o.only_prediction)
        optimiser.freeze([](const std::string& name) {
            return name.rfind("hyper_synthesis.", 0) != 0 && name.rfind("context.", 0) != 0;
        });
    const torch::Tensor held_out = sampler.validation_batch(32, 256).blocks;
    std::vector<PhotoModel> models{model};  // one for each worker
    for (int i = 1; i < replicas; ++i) models.push_back(model.replica(rng()));
    auto validate_all = [&](double minutes, int64_t steps, std::ofstream& to) {
        use_threads(threads);
        print_validation(validate(model, optimiser, held_out, device), to, minutes, steps);
        use_threads(threads_each);
    };
    std::ofstream log(o.out_dir + "/log.csv", std::ios::app);
    log << "# kind,step,minutes,loss|quality,bpp,psnr,lr|loss,megapixels_per_second\n";

    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    const CheckpointInfo before = info;
    const double pixels = double(o.batch) * o.crop * o.crop;
    const std::string path = o.out_dir + "/latest.ckpt";
    double next_save = o.checkpoint_every, next_validation = validation_after(0, o.validate_every),
           window_start = seconds_now();
    torch::Tensor sums = torch::zeros({3}, torch::dtype(torch::kDouble).device(device));
    std::unique_ptr<DeviceCrops> device_crops;
    if (like_gpu(o) || o.reduce > 1) device_crops = std::make_unique<DeviceCrops>(pictures, device);
    // Half of the batches, where crops are to be reduced, from anything between the crop's size and the largest cut.
    const auto next_crops = [&] {
        if (device_crops == nullptr) return sampler.training_batch(o.batch).blocks;
        if (o.reduce > 1 && rng() % 2 == 0) {
            const int size = std::uniform_int_distribution<int>(o.crop, largest_cut)(rng);
            return device_crops->batch(wide.draw(o.batch, size), size, o.crop).blocks;
        }
        return device_crops->batch(sampler.draw(o.batch), o.crop).blocks;
    };
    int64_t run_steps = 0, window = 0, skipped = 0;
    std::string error;
    validate_all(0, info.steps, log);
    const double t0 = seconds_now();
    while (!g_stop && (o.max_steps == 0 || run_steps < o.max_steps)) {
        const double minutes = (seconds_now() - t0) / 60;
        if (minutes >= o.minutes) break;
        const double lr = learning_rate(o, minutes / o.minutes, run_steps);
        const torch::Tensor blocks = next_crops();
        const torch::Tensor quality = draw_qualities(o.batch, rng).to(device);
        std::vector<torch::Tensor> shares(static_cast<size_t>(replicas));
        const Status status = workers.parallel_for(replicas, [&](int64_t i) {
            use_threads(threads_each);
            const int64_t n = o.batch / replicas;
            shares[size_t(i)] =
                backward(models[size_t(i)], blocks.narrow(0, i * n, n), quality.narrow(0, i * n, n), o.batch);
            return Status();
        });
        if (!status.ok()) {
            error = status.message();
            break;
        }
        for (size_t i = 1; i < models.size(); ++i) optimiser.add_gradients(models[i].leaves());
        optimiser.step(lr, o.max_norm, o.average_decay);
        for (const torch::Tensor& share : shares) sums += share;
        ++run_steps;
        ++window;
        // A GPU goes on with its work meanwhile, unless it is asked how far it is.
        const bool report = window == kReportEvery;
        if ((report || !like_gpu(o)) && !std::isfinite(optimiser.norm()) && ++skipped > kMostSkipped) {
            error = "training diverged: too many steps without a finite gradient";
            break;
        }
        info.steps = before.steps + run_steps;
        info.megapixels = before.megapixels + double(run_steps) * pixels / 1e6;
        info.hours = before.hours + (seconds_now() - t0) / 3600;
        if (report) {
            const torch::Tensor known = sums.cpu();
            const double sum_loss = known[0].item<double>(), sum_bpp = known[1].item<double>(),
                         sum_mse = known[2].item<double>(), norm = optimiser.norm();
            const double dt = seconds_now() - window_start, k = 1.0 / double(window);
            const double rate = pixels * double(window) / 1e6 / dt, psnr = 48.1308 - 10 * sum_mse * k;
            std::printf(
                "%7lld  %6.1f min  loss %.4f  %.3f bpp  %.2f dB  norm %.2f  lr %.1e  %.2f Mpx/s  %.2f "
                "TFLOP/s  "
                "%.1f min left\n",
                static_cast<long long>(info.steps), minutes, sum_loss * k, sum_bpp * k, psnr, norm, lr, rate,
                rate * 2e-6 * model.macs_per_pixel_of_a_step(), o.minutes - minutes);
            std::fflush(stdout);
            log << "train," << info.steps << ',' << minutes << ',' << sum_loss * k << ',' << sum_bpp * k
                << ',' << psnr << ',' << lr << ',' << rate << '\n';
            sums.zero_();
            window = 0;
            window_start = seconds_now();
        }
        if (minutes >= next_validation && o.validate_every > 0) {
            validate_all(minutes, info.steps, log);
            next_validation = validation_after(next_validation, o.validate_every);
            window_start = seconds_now(), window = 0;
            sums.zero_();
        }
        if (minutes >= next_save) {
            if (error = save_checkpoint(path, optimiser, info, true); !error.empty()) break;
            next_save += o.checkpoint_every;
        }
    }
    validate_all((seconds_now() - t0) / 60, info.steps, log);
    if (std::string e = save_checkpoint(path, optimiser, info, true); !e.empty()) error = e;
    if (std::string e = save_checkpoint(o.out_dir + "/averages.ckpt", optimiser, info, false); !e.empty())
        error = e;
    std::printf("ended at step %lld after %.2f h in all (%.0f Mpx): %s\n", static_cast<long long>(info.steps),
                info.hours, info.megapixels, path.c_str());
    return error;
}

}  // namespace nae::training
