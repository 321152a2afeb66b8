// The post-filter's training: its crops, its network, a run in small, and the integer graph that it ends in.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "codec/engine.h"
#include "tests/torch/catch_after_torch.h"
#include "training/coded_crops.h"
#include "training/post_filter_batch.h"
#include "training/post_filter_checkpoint.h"
#include "training/post_filter_trainer.h"
#include "training/quantise_post_filter.h"
#ifdef NAE_WITH_GDAL
#include "tests/support/torch_file.h"
#include "training/post_filter_begin.h"
#endif

using namespace nae;
using namespace nae::training;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("nae_post_filter_" + std::to_string(getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

constexpr uint32_t kSide = 32;
constexpr int kFracBits = 4;

// Gentle waves, "decoded" with a fine chequered pattern of an amplitude that grows as the quality falls: a filter that looks
// at a few pixels can take nearly all of it off.
CodedCrop toy_crop(std::mt19937& rng, int quality_centi) {
    std::uniform_real_distribution<double> u(0, 1);
    const double fx = 0.1 * u(rng), fy = 0.1 * u(rng), phase = 6 * u(rng), sign = u(rng) < 0.5 ? -1 : 1;
    const double amplitude = sign * (10.5 - quality_centi / 1000.0);
    CodedCrop crop;
    crop.quality_centi = quality_centi;
    for (uint32_t y = 0; y < kSide; ++y)
        for (uint32_t x = 0; x < kSide; ++x)
            for (int c = 0; c < 3; ++c) {
                const double v = std::round(60 * std::sin(fx * x + fy * y + phase + c));
                crop.original.push_back(uint8_t(128 + int(v)));
                crop.decoded.push_back(int16_t(
                    std::lround((v + ((x + y) % 2 == 0 ? amplitude : -amplitude)) * (1 << kFracBits))));
            }
    return crop;
}

std::string write_toy_crops(const Folder& folder, int training = 12) {
    std::mt19937 rng(3);
    CodedCropsHead head;
    head.model = {1, 2, 3, 4, 5, 6, 7, 8};
    head.size = kSide;
    head.frac_bits = kFracBits;
    head.training = uint32_t(training);
    head.held_out = 4;
    head.seed = 99;
    const std::string path = folder.file("crops.bin");
    auto writer = CodedCropsWriter::create(path, head);
    REQUIRE(writer.ok());
    for (int i = 0; i < training; ++i)
        REQUIRE(writer.value().add(toy_crop(rng, 100 + 9900 * i / training)).ok());
    for (int i = 0; i < 4; ++i) REQUIRE(writer.value().add(toy_crop(rng, i % 2 == 0 ? 3000 : 8000)).ok());
    REQUIRE(writer.value().commit().ok());
    return path;
}

PostFilterTrainOptions toy_options(const Folder& folder) {
    PostFilterTrainOptions o;
    o.out_dir = folder.path.string();
    o.shape = {8, 1, 3};
    o.batch = 4;
    o.crop = 16;
    o.lr = 5e-3;
    o.decay_from = 1;  // never: a resumed run has another share of its time behind it
    o.precision = "f32";
    o.validate_every = 0;
    return o;
}

std::string with_byte(const std::string& bytes, size_t at, char value) {
    std::string out = bytes;
    out[at] = value;
    return out;
}

std::string read_all(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("coded crops come out of their file as they went in, and damaged files are refused") {
    Folder folder;
    const std::string path = write_toy_crops(folder, 3);
    const auto crops = CodedCrops::open(path);
    REQUIRE(crops.ok());
    CHECK(crops.value().head().seed == 99);
    CHECK(crops.value().head().model[7] == 8);
    REQUIRE(crops.value().training().size() == 3);
    REQUIRE(crops.value().held_out().size() == 4);
    std::mt19937 rng(3);
    for (const CodedCropView& view : crops.value().training()) {
        const CodedCrop want = toy_crop(rng, view.quality_centi);
        CHECK(std::equal(want.decoded.begin(), want.decoded.end(), view.decoded));
        CHECK(std::equal(want.original.begin(), want.original.end(), view.original));
    }
    CHECK(crops.value().held_out()[1].quality_centi == 8000);

    const std::string bytes = read_all(path);
    const auto fails = [&](const std::string& content, ErrorCode code) {
        std::ofstream(folder.file("bad"), std::ios::binary) << content;
        const auto r = CodedCrops::open(folder.file("bad"));
        return !r.ok() && r.status().code() == code && r.status().message().find("bad") != std::string::npos;
    };
    CHECK(fails("", ErrorCode::not_nae));
    CHECK(fails(with_byte(bytes, 0, 'X'), ErrorCode::not_nae));
    CHECK(fails(with_byte(bytes, 16, 33), ErrorCode::corrupt));  // an odd side
    CHECK(fails(with_byte(bytes, 20, 8), ErrorCode::corrupt));   // fraction bits
    CHECK(fails(with_byte(bytes, 24, 4), ErrorCode::truncated));
    CHECK(fails(with_byte(bytes, 43, 1), ErrorCode::corrupt));  // a quality
    CHECK(fails(bytes.substr(0, bytes.size() - 1), ErrorCode::truncated));
    CHECK(CodedCrops::open(folder.file("none")).status().code() == ErrorCode::io);

    // A writer wants as many crops as it was promised, of the right size.
    auto writer = CodedCropsWriter::create(folder.file("few"), crops.value().head());
    REQUIRE(writer.ok());
    CHECK(writer.value().add(CodedCrop()).code() == ErrorCode::invalid_argument);
    CHECK(writer.value().commit().code() == ErrorCode::invalid_argument);
}

TEST_CASE("batches are parts of the crops, turned but never out of step with pairs of pixels") {
    Folder folder;
    const auto crops = CodedCrops::open(write_toy_crops(folder));
    REQUIRE(crops.ok());
    const auto draw = [&](uint64_t seed) {
        return draw_post_filter_batch(crops.value().training(), crops.value().head(), 6, 16, seed);
    };
    const PostFilterBatch batch = draw(1);
    CHECK(batch.decoded.sizes() == torch::IntArrayRef({6, 3, 16, 16}));
    CHECK(torch::equal(batch.decoded, draw(1).decoded));
    CHECK_FALSE(torch::equal(batch.decoded, draw(2).decoded));
    // The pattern is all that differs, and chequered however the crop is turned.
    const torch::Tensor pattern = batch.decoded - batch.original;
    CHECK(torch::allclose(pattern.slice(3, 1), -pattern.slice(3, 0, 15)));
    CHECK(torch::allclose(pattern.slice(2, 1), -pattern.slice(2, 0, 15)));
    const torch::Tensor amplitude = pattern.abs().amax({1, 2, 3});
    CHECK(torch::allclose(amplitude, 10.5 - batch.quality / 10, 0, 0.05));
    const PostFilterBatch whole = whole_crop(crops.value().held_out()[0], crops.value().head());
    CHECK(whole.original[0][2][5][7].item<float>() ==
          float(crops.value().held_out()[0].original[(5 * kSide + 7) * 3 + 2]) - 128);
}

TEST_CASE("the network adds nothing at first, and whitening makes channels alike") {
    torch::manual_seed(5);
    PostFilterNet net = make_post_filter_net({8, 2, 3});
    const torch::Tensor pixels = 40 * torch::randn({2, 3, 8, 6}) + 30, quality = torch::tensor({1.F, 77.F});
    CHECK(net.forward(pixels, quality).abs().max().item<float>() == 0);
    CHECK(net.parameters().size() == 2 * (2 + 4) + 2);
    net.bias = torch::tensor({{0.F}, {1.F}, {5.F}}).expand({3, 8});
    CHECK(net.bias_at(torch::tensor({1.F, 25.75F, 50.5F, 100.F}))
              .select(1, 0)
              .allclose(torch::tensor({0.F, 0.5F, 1.F, 5.F})));

    const torch::Tensor white = post_filter_whitening(pixels);
    const torch::Tensor rows = torch::matmul(
        space_to_depth(pixels / kPostFilterInput, 2).permute({0, 2, 3, 1}).reshape({-1, 12}), white.t());
    const torch::Tensor products = torch::matmul(rows.t(), rows) / double(rows.size(0));
    CHECK(torch::allclose(products, torch::eye(12), 0, 0.05));
}

TEST_CASE("training takes the pattern off, goes on where it stopped, and the integer graph does the same") {
    Folder folder;
    const auto opened = CodedCrops::open(write_toy_crops(folder));
    REQUIRE(opened.ok());
    const CodedCrops& crops = opened.value();
    PostFilterTrainOptions o = toy_options(folder);

    // Ten steps, and six and four.
    const auto state_after = [&](int64_t steps, const std::string& resume) {
        o.max_steps = steps;
        o.resume = resume;
        const auto trained = train_post_filter(crops, o);
        INFO(trained.status().message());
        REQUIRE(trained.ok());
        const auto progress = load_post_filter(folder.file("latest.ckpt"));
        REQUIRE(progress.ok());
        CHECK(progress.value().steps == trained.value().steps);
        return progress.value();
    };
    const PostFilterProgress once = state_after(10, "");
    state_after(6, "");
    o.shape = {4, 2, 2};  // that of the checkpoint counts
    const PostFilterProgress twice = state_after(4, folder.file("latest.ckpt"));
    CHECK(twice.steps == 10);
    CHECK(twice.megapixels == Approx(10 * 4 * 16 * 16 / 1e6));
    CHECK(twice.shape == PostFilterShape{8, 1, 3});
    CHECK(torch::equal(once.whitening, twice.whitening));
    for (size_t i = 0; i < once.state.size(); ++i)
        CHECK(torch::allclose(once.state[i], twice.state[i], 1e-4, 1e-6));

    o = toy_options(folder);
    o.max_steps = 250;
    o.average_decay = 0.98;
    const auto trained = train_post_filter(crops, o);
    REQUIRE(trained.ok());
    CHECK(trained.value().loss < 0.2);
    REQUIRE(trained.value().gains.size() == 2);
    CHECK(trained.value().gains.at(3000) > 6);
    const std::string log = read_all(folder.file("log.csv"));
    CHECK(log.find("\ntrain,250,") != std::string::npos);
    CHECK(log.find("\nvalidation,250,") != std::string::npos);

    const auto progress = load_post_filter(folder.file("latest.ckpt"));
    REQUIRE(progress.ok());
    const auto net = averaged_net(progress.value());
    REQUIRE(net.ok());
    QuantisePostFilterOptions q;
    q.sets = 12;
    const auto filter = quantise_post_filter(net.value(), crops.training(), crops.head(), q);
    INFO(filter.status().message());
    REQUIRE(filter.ok());
    REQUIRE(validate(filter.value(), kFracBits).ok());
    REQUIRE(filter.value().sets.size() == 12);
    for (const CodedCropView& crop : crops.held_out()) {
        const auto set = filter.value().set_of(crop.quality_centi);
        const auto packed = PackedGraph::create(filter.value().at(set));
        REQUIRE(packed.ok());
        Tensor16 in(kSide, kSide, 3), out;
        std::copy_n(crop.decoded, 3 * kSide * kSide, in.pixel(0, 0));
        const Extents extents{kSide, kSide};
        REQUIRE(Engine::run(packed.value(), extents, in, whole(extents), whole(extents), out).ok());
        const PostFilterBatch w = whole_crop(crop, crops.head());
        const torch::NoGradGuard no_grad;
        // At the set's own quality.
        const torch::Tensor want =
            w.decoded + net.value().forward(w.decoded, torch::full({1}, 1 + 99.0 * double(set) / 11));
        double worst = 0;
        for (int y = 0; y < int(kSide); ++y)
            for (int x = 0; x < int(kSide); ++x)
                for (int c = 0; c < 3; ++c)
                    worst = std::max(worst, std::abs(out.at(y, x, c) / double(1 << kFracBits) -
                                                     want[0][c][y][x].item<double>()));
        CHECK(worst < 0.2);  // grey levels, of patterns of 2.5 to 7.5
        CHECK(worst > 0);
    }
    q.sets = 65;
    CHECK_FALSE(quantise_post_filter(net.value(), crops.training(), crops.head(), q).ok());
    CHECK_FALSE(quantise_post_filter(net.value(), {}, crops.head()).ok());
}

TEST_CASE("a post-filter's training says what it cannot do") {
    Folder folder;
    const auto crops = CodedCrops::open(write_toy_crops(folder));
    REQUIRE(crops.ok());
    const auto fails = [&](const std::function<void(PostFilterTrainOptions&)>& change,
                           const std::string& words) {
        PostFilterTrainOptions o = toy_options(folder);
        o.max_steps = 1;
        change(o);
        const auto r = train_post_filter(crops.value(), o);
        INFO(r.status().message());
        return !r.ok() && r.status().message().find(words) != std::string::npos;
    };
    CHECK(fails([](auto& o) { o.crop = 17; }, "crop: 17"));
    CHECK(fails([](auto& o) { o.crop = 34; }, "crop: 34"));
    CHECK(fails([](auto& o) { o.precision = "f16"; }, "f16"));
    CHECK(fails([](auto& o) { o.device = "tpu"; }, "tpu"));
    CHECK(fails([](auto& o) { o.resume = "/nowhere/x.ckpt"; }, "/nowhere/x.ckpt"));
    CHECK(fails([&](auto& o) { o.out_dir = folder.file("none"); }, "log.csv"));

    PostFilterTrainOptions o = toy_options(folder);
    o.max_steps = 1;
    REQUIRE(train_post_filter(crops.value(), o).ok());
    const std::string bytes = read_all(folder.file("latest.ckpt"));
    const auto refused = [&](const std::string& content, ErrorCode code) {
        std::ofstream(folder.file("bad.ckpt"), std::ios::binary) << content;
        return load_post_filter(folder.file("bad.ckpt")).status().code() == code;
    };
    CHECK(refused("NAE", ErrorCode::not_nae));
    CHECK(refused(bytes.substr(0, 30), ErrorCode::truncated));
    CHECK(refused(bytes.substr(0, bytes.size() - 1), ErrorCode::truncated));
    CHECK(refused(with_byte(bytes, 41, 4), ErrorCode::corrupt));            // width 1032
    CHECK(refused(with_byte(bytes, 64 + 576 + 7, 1), ErrorCode::corrupt));  // number of values
    // A checkpoint of fewer channels than its values are for.
    std::ofstream(folder.file("bad.ckpt"), std::ios::binary) << with_byte(bytes, 40, 4);
    CHECK_FALSE(averaged_net(load_post_filter(folder.file("bad.ckpt")).value()).ok());
}

#ifdef NAE_WITH_GDAL
TEST_CASE("a network begins with PyTorch's weights, whose channels are in another order") {
    using namespace nae::test;
    Folder folder;
    torch::manual_seed(8);
    PostFilterNet net = make_post_filter_net({4, 1, 2});
    std::map<std::string, torch::Tensor> given;
    Bytes pickle;
    std::vector<std::pair<std::string, Bytes>> members;
    const auto give = [&](const std::string& name, at::IntArrayRef shape, bool channels_last) {
        const torch::Tensor t = torch::randn(shape) * 0.3;
        given[name] = t;
        const torch::Tensor stored =
            channels_last ? t.contiguous(torch::MemoryFormat::ChannelsLast) : t.contiguous();
        const std::string storage = std::to_string(members.size());
        pickle += pickled_text(name) + tensor_pickle(storage, stored.sizes().vec(), stored.strides().vec());
        const torch::Tensor memory = stored.as_strided({stored.numel()}, {1});
        members.emplace_back("a/data/" + storage,
                             floats({memory.data_ptr<float>(), memory.data_ptr<float>() + memory.numel()}));
    };
    give("white", {12, 12, 1, 1}, false);
    give("inp.weight", {4, 12, 3, 3}, true);
    give("inp.bias", {4}, false);
    for (const char* body : {"body.0", "body.1"}) {
        give(std::string(body) + ".weight", {4, 4, 3, 3}, true);
        give(std::string(body) + ".bias", {4}, false);
    }
    give("out.weight", {12, 4, 3, 3}, true);
    give("out.bias", {12}, false);
    give("qb", {2, 4}, false);
    give("qs", {2, 1}, false);
    members.emplace_back("a/data.pkl", state_dict(pickle));
    const std::string path = folder.file("w.pt");
    std::ofstream(path, std::ios::binary) << zip_of(members);
    const Status begun = begin_post_filter(path, net);
    INFO(begun.message());
    REQUIRE(begun.ok());

    // The same network by PyTorch's own operators.
    const torch::Tensor pixels = 50 * torch::randn({1, 3, 8, 10});
    const auto conv = [&](const torch::Tensor& x, const std::string& name) {
        return torch::conv2d(x, given[name + ".weight"], given[name + ".bias"], 1, 1);
    };
    torch::Tensor h = torch::conv2d(at::pixel_unshuffle(pixels / 64, 2), given["white"]);
    h = torch::leaky_relu(conv(h, "inp") + given["qb"][1].view({1, 4, 1, 1}), 0.125);
    h = h + conv(torch::leaky_relu(conv(h, "body.0"), 0.125), "body.1");
    const torch::Tensor want = at::pixel_shuffle(conv(h, "out"), 2) * given["qs"][1][0] * 8;
    CHECK(torch::allclose(net.forward(pixels, torch::full({1}, 100.0)), want, 1e-4, 1e-4));

    PostFilterNet wider = make_post_filter_net({6, 1, 2}), longer = make_post_filter_net({4, 2, 2});
    CHECK(begin_post_filter(path, wider).message().find("inp.weight") != std::string::npos);
    CHECK(begin_post_filter(path, longer).message().find("body.2.weight") != std::string::npos);
}
#endif
