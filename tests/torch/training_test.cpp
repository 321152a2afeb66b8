// The trainer from packed pictures to a model file, in small.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/engine.h"
#include "codec/model.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"
#include "tests/torch/catch_after_torch.h"
#include "training/checkpoint.h"
#include "training/device_crops.h"
#include "training/earlier_shape.h"
#include "training/export_command.h"
#include "training/lapped_blocks.h"
#include "training/post_filter_export.h"
#include "training/post_filter_run.h"
#include "training/trainer.h"

using namespace nae;
using namespace nae::training;
namespace fs = std::filesystem;

namespace {

// Smooth random pictures: sums of a few waves, in the packed layout.
void write_pack(const fs::path& path) {
    std::mt19937 rng(9);
    std::uniform_real_distribution<double> u(0, 1);
    constexpr uint32_t kCount = 6, kSize = 256;
    std::ofstream out(path, std::ios::binary);
    const uint32_t head[2] = {kCount, 0};
    out.write("NAEPACK1", 8).write(reinterpret_cast<const char*>(head), 8);
    for (uint32_t i = 0; i < kCount; ++i) {
        const uint32_t e[4] = {kSize, kSize, i == 0 ? kFlagValidation : 0u, 0};
        const uint64_t offset = 16 + kCount * 24 + uint64_t{i} * kSize * kSize * 3;
        out.write(reinterpret_cast<const char*>(e), 16).write(reinterpret_cast<const char*>(&offset), 8);
    }
    for (uint32_t i = 0; i < kCount; ++i) {
        double fx[3], fy[3], phase[3];
        for (int k = 0; k < 3; ++k) fx[k] = u(rng) * 0.2, fy[k] = u(rng) * 0.2, phase[k] = u(rng) * 6;
        for (uint32_t y = 0; y < kSize; ++y)
            for (uint32_t x = 0; x < kSize; ++x)
                for (int c = 0; c < 3; ++c)
                    out.put(char(uint8_t(128 + 60 * std::sin(fx[c] * x + fy[c] * y + phase[c]) +
                                         30 * std::sin(fy[0] * x))));
    }
}

struct TemporaryFolder {
    fs::path path =
        fs::temp_directory_path() / ("nae_training_test_" + std::to_string(std::random_device()()));
    TemporaryFolder() { fs::create_directories(path); }
    ~TemporaryFolder() { fs::remove_all(path); }
};

PhotoConfig small_model() {
    PhotoConfig c;
    c.latent_channels = 48;
    c.hyper_channels = 16;
    c.encoder_width8 = c.encoder_width16 = 16;
    c.encoder_blocks8 = c.encoder_blocks16 = 1;
    c.decoder_width16 = c.decoder_width8 = 16;
    c.decoder_blocks16 = c.decoder_blocks8 = 1;
    return c;
}

// A model with its integer graphs, which a ReadyModel keeps elsewhere.
Model load_model_with_graphs(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    return parse_model(bytes.data(), bytes.size(), path).value();
}

// Squared error of a square crop at QUALITY 50.
double error_after_decoding(const ReadyModelPtr& model, const std::vector<uint8_t>& crop, int size) {
    EncoderOptions e;
    e.quality = 50;
    e.effort = 4;
    e.model = model;
    e.embed_model = true;
    MemoryImageSource image(crop.data(), uint32_t(size), uint32_t(size), 3);
    auto sink = std::make_shared<MemorySink>();
    REQUIRE(encode(e, image, Metadata(), *sink).message() == "");
    const auto decoder =
        Decoder::open(std::make_shared<MemorySource>(sink->take(), "crop"), DecoderOptions());
    REQUIRE(decoder.ok());
    std::vector<uint8_t> back(crop.size());
    REQUIRE(decoder.value()
                ->read_window(0, 0, uint32_t(size), uint32_t(size), back.data(), ptrdiff_t(size) * 3)
                .ok());
    double sum = 0;
    for (size_t i = 0; i < back.size(); ++i) sum += std::pow(double(back[i]) - double(crop[i]), 2);
    return sum;
}

std::vector<uint8_t> crop_of_64(const std::string& pack) {
    PackedPictures pictures;
    REQUIRE(pictures.open(pack) == "");
    return CropSampler(pictures, 64, 0, 1).validation_pixels(1, 64)[0];
}

// What an integer graph makes of size x size pixels.
Tensor16 run_graph(const Graph& graph, const std::vector<int16_t>& pixels, int size) {
    const auto packed = PackedGraph::create(graph);
    REQUIRE(packed.ok());
    Tensor16 in(size, size, 3), out;
    std::copy(pixels.begin(), pixels.end(), in.pixel(0, 0));
    const Extents extents{size, size};
    REQUIRE(Engine::run(packed.value(), extents, in, whole(extents), whole(extents), out).ok());
    return out;
}

}  // namespace

TEST_CASE("Crops cut on the device are those of the sampler") {
    TemporaryFolder folder;
    write_pack(folder.path / "pictures.pack");
    PackedPictures pictures;
    REQUIRE(pictures.open((folder.path / "pictures.pack").string()) == "");
    CropSampler sampler(pictures, 64, 0.3, 5), same(pictures, 64, 0.3, 5);
    const DeviceCrops device(pictures, torch::kCPU);
    for (int i = 0; i < 3; ++i)
        CHECK(torch::equal(device.batch(sampler.draw(20), 64).blocks, same.training_batch(20).blocks));
}

TEST_CASE("Validation comes after a minute and then as often as asked for") {
    CHECK(validation_after(0, 10) == 1);
    CHECK(validation_after(1, 10) == 10);
    CHECK(validation_after(10, 10) == 20);
    CHECK(validation_after(1, 1.5) == 1.5);
    CHECK(validation_after(1.5, 1.5) == 3);
    CHECK(validation_after(0, 0.5) == 0.5);
    CHECK(validation_after(0.5, 0.5) == 1);
    CHECK(validation_after(1, 0.5) == 1.5);
}

TEST_CASE("Crops may be cut larger and reduced") {
    TemporaryFolder folder;
    write_pack(folder.path / "pictures.pack");
    PackedPictures pictures;
    REQUIRE(pictures.open((folder.path / "pictures.pack").string()) == "");
    CropSampler sampler(pictures, 128, 0, 5);
    const DeviceCrops device(pictures, torch::kCPU);
    const auto plans = sampler.draw(4, 96);
    const auto whole = device.batch(plans, 96).blocks, reduced = device.batch(plans, 96, 64).blocks;
    CHECK(reduced.sizes() == torch::IntArrayRef({4, 192, 8, 8}));
    // The pictures are smooth: the mean stays.
    CHECK(torch::allclose(whole.mean({1, 2, 3}), reduced.mean({1, 2, 3}), 0, 0.01));
    CHECK(torch::equal((reduced * 128).round(), reduced * 128));
}

TEST_CASE("Overlap multiplies differences across the borders between blocks") {
    torch::manual_seed(3);
    const auto options = torch::dtype(torch::kDouble);
    // A picture of 32 x 48 pixels in the order of Batch::blocks.
    const torch::Tensor picture = torch::randn({1, 3, 32, 48}, options);
    const auto to_blocks = [](const torch::Tensor& p) {
        return p.reshape({1, 3, 4, 8, 6, 8}).permute({0, 3, 5, 1, 2, 4}).reshape({1, 192, 4, 6});
    };
    const torch::Tensor matrix = torch::randn({8, 8}, options);
    torch::Tensor expected = picture.clone();
    const auto lap_columns = [&](torch::Tensor p, int64_t border) {
        for (int64_t y = 0; y < p.size(2); ++y)
            for (int64_t c = 0; c < 3; ++c) {
                const auto row = p[0][c][y];
                torch::Tensor d = torch::empty({8}, options);
                for (int64_t i = 0; i < 8; ++i) d[i] = row[border - 1 - i] - row[border + i];
                const torch::Tensor change = torch::mv(matrix, d) / 2;
                for (int64_t i = 0; i < 8; ++i)
                    row[border - 1 - i] += change[i], row[border + i] -= change[i];
            }
    };
    for (const int64_t border : {16, 32}) lap_columns(expected, border);
    lap_columns(expected.transpose(2, 3), 16);
    CHECK(torch::allclose(lap_blocks(to_blocks(picture), matrix), to_blocks(expected)));
    // Its gradient, along one direction each, is what small steps say.
    const torch::Tensor x = to_blocks(picture).clone().requires_grad_(), m = matrix.clone().requires_grad_();
    const torch::Tensor weight = torch::randn({1, 192, 4, 6}, options);
    (lap_blocks(x, m) * weight).sum().backward();
    const double step = 1e-6;
    const torch::Tensor along = torch::randn_like(x), turn = torch::randn_like(m);
    const torch::NoGradGuard no_grad;
    const auto value = [&](double a, double b) {
        return (lap_blocks(x + a * along, m + b * turn) * weight).sum().item<double>();
    };
    CHECK((x.grad() * along).sum().item<double>() ==
          Approx((value(step, 0) - value(-step, 0)) / (2 * step)).epsilon(1e-5));
    CHECK((m.grad() * turn).sum().item<double>() ==
          Approx((value(0, step) - value(0, -step)) / (2 * step)).epsilon(1e-5));
}

TEST_CASE("Parts that a checkpoint lacks change nothing at first") {
    TemporaryFolder folder;
    torch::manual_seed(4);
    PhotoConfig before = small_model(), after = before;
    after.decoder_blocks16 = 3;
    before.context = before.lapped = false;
    const auto start = [&] {
        return PcaStart{torch::randn({before.latent_channels, 768}), torch::ones({before.latent_channels}),
                        0};
    };
    FlatAdam old_values(torch::kCPU, torch::kFloat), new_values(torch::kCPU, torch::kFloat);
    const PhotoModel old_model(before, start(), old_values);
    old_values.seal();
    const std::string path = (folder.path / "old.ckpt").string();
    CheckpointInfo info;
    info.steps = 7;
    REQUIRE(save_checkpoint(path, old_values, info, true) == "");
    const PhotoModel new_model(after, start(), new_values);
    new_values.seal();
    REQUIRE(load_checkpoint(path, after, new_values, info) == "");
    CHECK(info.steps == 7);
    const torch::Tensor blocks = torch::randn({1, 192, 8, 8}), quality = torch::full({1}, 0.5);
    const auto a = old_model.forward(blocks, quality, false), b = new_model.forward(blocks, quality, false);
    CHECK(a.mse.item<float>() == Approx(b.mse.item<float>()).epsilon(1e-4));
    CHECK(torch::allclose(a.bits_y, b.bits_y, 1e-4));
    // The added block can learn: its first convolution is not zero.
    int added = 0;
    for (const Parameter& p : new_values.parameters())
        if (p.name.find("synthesis.at16.block2") == 0 && p.leaf.dim() == 4) {
            ++added;
            const bool second = p.name.find("second") != std::string::npos;
            CHECK((p.leaf.abs().max().item<float>() == 0) == second);
        }
    CHECK(added == 2);
    // So can the context: of its convolutions only the last one is zero.
    std::vector<bool> zero;
    for (const Parameter& p : new_values.parameters())
        if (p.name.find("context.") == 0 && p.leaf.dim() == 4)
            zero.push_back(p.leaf.abs().max().item<float>() == 0);
    CHECK(zero == std::vector<bool>{false, false, false, true});
}

TEST_CASE("The context sees symbols in multiples of their scale, on every other position") {
    const torch::Tensor log2_scale = torch::full({1, 3, 2, 2}, 1.0), symbols = torch::full({1, 3, 2, 2}, 6.0);
    log2_scale.select(1, 1).fill_(-4.0);  // below the smallest scale: certain zero
    const ContextView view = context_view(log2_scale, symbols, 0.12);
    CHECK(torch::equal(view.second, torch::tensor({0.F, 1.F, 1.F, 0.F}).view({1, 1, 2, 2})));
    const auto scale = view.scale.index({0, 0, 0, 0}).item<float>();
    CHECK(std::abs(std::log2(scale) - 1) <= 0.126);  // an eighth of an octave from the table's centre
    CHECK(view.known.index({0, 0, 1, 1}).item<float>() == Approx(6 / scale));
    CHECK(view.known.index({0, 0, 0, 1}).item<float>() == 0);
    CHECK(view.scale.select(1, 1).abs().max().item<float>() == 0);
    CHECK(view.known.select(1, 1).abs().max().item<float>() == 0);
}

TEST_CASE("Multiplications of a step: those of networks that learn count three times") {
    const PhotoConfig c = small_model();
    FlatAdam optimiser(torch::kCPU, torch::kFloat);
    const PhotoModel model(c, PcaStart{torch::randn({48, 768}), torch::ones({48}), 0}, optimiser);
    optimiser.seal();
    // By hand, a pixel: analysis, hyper-analysis, hyper-synthesis, synthesis, context.
    CHECK(model.macs_per_pixel_of_a_step() == Approx(3 * (289 + 366.75 + 286.75 + 289 + 392)));
    optimiser.freeze([](const std::string& name) {
        return name.rfind("hyper_synthesis.", 0) != 0 && name.rfind("context.", 0) != 0;
    });
    CHECK(model.macs_per_pixel_of_a_step() == Approx(289 + 366.75 + 289 + 3 * (286.75 + 392)));
}

TEST_CASE("A dead branch of the synthesis is left out of the model, and can begin anew") {
    TemporaryFolder folder;
    write_pack(folder.path / "pictures.pack");
    torch::manual_seed(4);
    const PhotoConfig config = small_model();
    PackedPictures pictures;
    REQUIRE(pictures.open((folder.path / "pictures.pack").string()) == "");
    CropSampler sampler(pictures, 128, 0, 1);
    const auto export_with = [&](double bias) {
        FlatAdam optimiser(torch::kCPU, torch::kFloat);
        const PhotoModel model(config, learn_pca(sampler, config.latent_channels, 4), optimiser);
        optimiser.seal();
        for (const Parameter& p : optimiser.parameters())
            if (p.name == "synthesis.at8.block0.second.bias" || p.name == "synthesis.conv3.bias")
                for (const torch::Tensor& t : optimiser.state())
                    t.narrow(0, p.offset, p.size)
                        .fill_(p.name.find("conv3") != std::string::npos ? 0.1 : bias);
        ExportCommand x;
        x.checkpoint = (folder.path / "x.ckpt").string();
        x.data = (folder.path / "pictures.pack").string();
        x.out = (folder.path / "x.nam").string();
        x.model = config;
        x.check = false;
        x.fit_crops = x.filter_crops = 0;
        REQUIRE(save_checkpoint(x.checkpoint, optimiser, CheckpointInfo(), true) == "");
        REQUIRE(run_export(x) == "");
        return load_model_with_graphs(x.out);
    };
    const Model alive = export_with(0), dead = export_with(-1e4);
    CHECK(dead.synthesis.nodes.size() == 4);  // input, the linear path, and two depth-to-space
    CHECK(alive.synthesis.nodes.size() > 10);
    // What the branch added is in the linear path now: the same pictures.
    const auto crop = sampler.calibration_pixels(1, 256)[0];
    const double error = error_after_decoding(prepare_model(alive, "alive").value(), crop, 256);
    CHECK(error_after_decoding(prepare_model(dead, "dead").value(), crop, 256) ==
          Approx(error).epsilon(0.02));

    FlatAdam optimiser(torch::kCPU, torch::kFloat);
    const PhotoModel model(config, shapes_only(config.latent_channels), optimiser);
    optimiser.seal();
    std::vector<torch::Tensor> start;
    for (const torch::Tensor& t : optimiser.state()) start.push_back(t.clone());
    CheckpointInfo info;
    REQUIRE(load_checkpoint((folder.path / "x.ckpt").string(), config, optimiser, info) == "");
    restart_branch(start, optimiser);
    for (const Parameter& p : optimiser.parameters())
        if (p.name == "synthesis.at8.block0.second.bias") CHECK(p.leaf.abs().max().item<float>() < 1);
}

TEST_CASE("Train a little, resume, export, load") {
    TemporaryFolder folder;
    write_pack(folder.path / "pictures.pack");
    TrainOptions o;
    o.data = (folder.path / "pictures.pack").string();
    o.out_dir = (folder.path / "run").string();
    o.max_steps = 6;
    o.batch = 2;
    o.threads = 1;
    o.pca_batches = 4;
    o.model = small_model();
    REQUIRE(train(o) == "");
    o.resume = o.out_dir + "/latest.ckpt";
    REQUIRE(train(o) == "");
    CHECK(fs::file_size(o.out_dir + "/log.csv") > 100);

    ExportCommand x;
    x.data = o.data;
    x.checkpoint = o.resume;
    x.out = (folder.path / "small.nam").string();
    x.squeezed = (folder.path / "small.ckpt").string();
    x.options.name = "small";
    x.model = o.model;
    x.fit_crops = 2;
    x.filter_crops = 2;
    REQUIRE(run_export(x) == "");  // includes encoding and decoding held-out crops with real bytes
    const auto model = load_model_file(x.out);
    REQUIRE(model.ok());
    CHECK(model.value()->name() == "small");
    CHECK(model.value()->model.text.find("12 steps") != std::string::npos);

    // A post-filter for it. The crops are coded once.
    PostFilterRunCommand p;
    p.model = x.out;
    p.data = o.data;
    p.crops.size = 64;
    p.crops.training = 6;
    p.crops.held_out = 1;
    p.train.out_dir = (folder.path / "filter").string();
    p.train.shape = {4, 1, 2};
    p.train.max_steps = 2;
    p.train.batch = 2;
    p.train.crop = 32;
    p.train.threads = 1;
    REQUIRE(run_post_filter(p).status().message() == "");
    const auto coded = fs::last_write_time(p.train.out_dir + "/crops.bin");
    p.train.resume = p.train.out_dir + "/latest.ckpt";
    const auto filtered = run_post_filter(p);
    REQUIRE(filtered.ok());
    CHECK(filtered.value().steps == 4);
    CHECK(filtered.value().gains.size() == std::size(kHeldOutQualities));
    CHECK(fs::last_write_time(p.train.out_dir + "/crops.bin") == coded);
    p.crops.seed = 2;
    p.train.max_steps = 1;
    REQUIRE(run_post_filter(p).ok());
    CHECK(fs::last_write_time(p.train.out_dir + "/crops.bin") != coded);

    PostFilterExportCommand plus;
    plus.model = x.out;
    plus.checkpoint = p.train.resume;
    plus.data = o.data;
    plus.out = (folder.path / "plus.nam").string();
    plus.name = "small-plus";
    plus.text = "Two words.";
    plus.quantise.sets = 3;
    plus.crop_size = 64;
    plus.calibration = 4;
    plus.held_out = 1;
    const auto exported = export_post_filter(plus);
    REQUIRE(exported.status().message() == "");
    // At 53 dB, where this little model stands, what five steps have learned to change is mostly rounded away.
    for (const auto& [quality, gain] : exported.value().network)
        CHECK(exported.value().integers.at(quality) == Approx(gain).margin(0.05));
    Model with = load_model_with_graphs(plus.out);
    CHECK(with.name == "small-plus");
    CHECK(with.text.find("12 steps") != std::string::npos);
    CHECK(with.text.find("Two words. Post-filter: 5 steps") != std::string::npos);
    CHECK(with.post_filter.sets.size() == 3);
    // It decodes to what the graph makes of the model's own pixels.
    const int set_quality = 5050;
    const auto before_filter = code_crop(model.value(), crop_of_64(o.data), 64, set_quality),
               behind_filter =
                   code_crop(prepare_model(with, "with").value(), crop_of_64(o.data), 64, set_quality);
    REQUIRE(before_filter.ok());
    REQUIRE(behind_filter.ok());
    const Tensor16 made = run_graph(with.post_filter.at(1), before_filter.value().decoded, 64);
    CHECK(
        std::equal(made.pixel(0, 0), made.pixel(0, 0) + 3 * 64 * 64, behind_filter.value().decoded.begin()));
    // Without it, it is the model that it was made from.
    with.post_filter = PostFilter();
    with.name = "small";
    CHECK(model_id(with).value() == model.value()->id);
    plus.checkpoint = x.out;
    CHECK(export_post_filter(plus).status().message() == x.out + ": no checkpoint of a post-filter");

    // Symbols depend on each other by default; a model without that can be given it, and keeps its networks and its indices.
    CHECK(model.value()->model.has_trellis());
    x.trellis = x.check = false;
    x.out = (folder.path / "scalar.nam").string();
    x.fit_crops = x.filter_crops = 0;
    REQUIRE(run_export(x) == "");
    RefitCommand refit;
    refit.data = o.data;
    refit.model = x.out;
    refit.out = (folder.path / "refit.nam").string();
    refit.fit_crops = 1;
    refit.filter_crops = 0;
    refit.trellis = true;
    REQUIRE(run_refit(refit) == "");
    const Model scalar = load_model_with_graphs(x.out), path = load_model_with_graphs(refit.out);
    CHECK_FALSE(scalar.has_trellis());
    REQUIRE(path.has_trellis());
    CHECK_FALSE((path.latent_tables_q1 == path.latent_tables));
    for (size_t i = 0; i < scalar.gains.latent.log2_gain.size(); ++i)
        CHECK(path.gains.latent.log2_gain[i] + path.latent_tables.bias ==
              scalar.gains.latent.log2_gain[i] + scalar.latent_tables.bias);
    refit.model = (folder.path / "no.nam").string();
    CHECK(run_refit(refit) == refit.model + ": cannot be read");
    x.out = (folder.path / "small.nam").string();

    // What twelve steps have taught the encoder about the quality came along.
    const QualityAffines& affines = model.value()->model.analysis_affines;
    REQUIRE(affines.size() == 4);
    CHECK(std::any_of(affines[0].scale.begin(), affines[0].scale.end(), [](float v) { return v != 0; }));
    CHECK(model.value()->model.hyper_analysis_affines.size() == 1);

    // The filter that was fitted brings decoded pictures nearer, and networks can be trained to go with it.
    REQUIRE(model.value()->model.restoration.sets.size() == 12);
    PackedPictures pictures;
    REQUIRE(pictures.open(o.data) == "");
    const auto crop = CropSampler(pictures, 128, 0.08, 1).calibration_pixels(1, 256)[0];
    Model unfiltered = load_model_with_graphs(x.out);
    unfiltered.restoration = RestorationFilter();
    CHECK(error_after_decoding(model.value(), crop, 256) <
          0.99 * error_after_decoding(prepare_model(unfiltered, "unfiltered").value(), crop, 256));
    o.restoration = std::make_shared<RestorationFilter>(model.value()->model.restoration);
    o.output_frac_bits = model.value()->model.output_frac_bits;
    CHECK(train(o) == "");

    o.resume = x.squeezed;  // the small checkpoint also resumes
    CHECK(train(o) == "");
    o.like_gpu = true;
    o.reduce = 1.5;
    o.crop = 64;
    CHECK(train(o) == "");
    ++o.model.decoder_blocks16;  // and so does one of a smaller synthesis
    CHECK(train(o) == "");
    o.only_branch = o.restart_branch = true;
    CHECK(train(o) == "");
    o.only_branch = o.restart_branch = false;

    // Training the prediction alone changes it, and nothing else.
    o.only_prediction = true;
    REQUIRE(train(o) == "");
    FlatAdam before(torch::kCPU, torch::kFloat), after(torch::kCPU, torch::kFloat);
    CheckpointInfo info;
    for (FlatAdam* state : {&before, &after}) {
        const PhotoModel shapes(o.model, shapes_only(o.model.latent_channels), *state);
        state->seal();
        REQUIRE(load_checkpoint(state == &before ? o.resume : o.out_dir + "/latest.ckpt", o.model, *state,
                                info) == "");
    }
    int changed = 0;
    for (size_t i = 0; i < before.parameters().size(); ++i) {
        const std::string& name = before.parameters()[i].name;
        const bool predicts = name.rfind("hyper_synthesis.", 0) == 0 || name.rfind("context.", 0) == 0;
        const bool same = torch::equal(before.value(int(i), false), after.value(int(i), false));
        // The block that the small checkpoint lacks begins by chance.
        if (!predicts && name.find(".block1.") == std::string::npos) {
            INFO(name);
            CHECK(same);
        }
        changed += predicts && !same;
    }
    CHECK(changed > 4);
    o.only_prediction = false;
    o.model.latent_channels = 40;
    CHECK(train(o).find("another model shape") != std::string::npos);
    o.data += ".missing";
    CHECK(train(o).find("pictures.pack.missing") != std::string::npos);
}
