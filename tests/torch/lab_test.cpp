// The laboratory: reading of foreign files, losses, and a run from digits to a .nae file and back.
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/torch/torch_analysis.h"
#include "format/byte_sink.h"
#include "tests/support/torch_file.h"
#include "tests/torch/catch_after_torch.h"
#include "training/lab/idx_file.h"
#include "training/lab/linear_start.h"
#include "training/lab/losses.h"
#include "training/lab/tensor_file.h"
#include "training/lab/trainer.h"
#include "training/lab/vgg16.h"

using namespace nae;
using namespace nae::training;
namespace fs = std::filesystem;
using namespace nae::test;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("nae_lab_" + std::to_string(getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    std::string operator/(const std::string& name) const { return (path / name).string(); }
    std::string write(const std::string& name, const Bytes& bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
        return *this / name;
    }
    std::string write_gz(const std::string& name, const Bytes& bytes) const {
        const std::string file = *this / name;
        gzFile gz = gzopen(file.c_str(), "wb");
        gzwrite(gz, bytes.data(), unsigned(bytes.size()));
        gzclose(gz);
        return file;
    }
};

Bytes big(uint32_t v) { return {char(v >> 24), char(v >> 16), char(v >> 8), char(v)}; }
Bytes idx_images(uint32_t n) {
    Bytes out = Bytes("\0\0\x08\x03", 4) + big(n) + big(28) + big(28);
    for (uint32_t i = 0; i < n; ++i)
        for (int p = 0; p < 784; ++p) {
            const int y = p / 28, x = p % 28, r = 4 + int(i % 5);
            out += char((y - 14) * (y - 14) + (x - 14) * (x - 14) < r * r ? 220 : 0);
        }
    return out;
}
Bytes idx_labels(uint32_t n) {
    Bytes out = Bytes("\0\0\x08\x01", 4) + big(n);
    for (uint32_t i = 0; i < n; ++i) out += char(i % 5);
    return out;
}

Bytes npy(const std::string& shape, const std::vector<float>& v, const std::string& type = "<f4") {
    const Bytes header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }\n";
    return Bytes("\x93NUMPY\1\0", 8) + little(header.size(), 2) + header + floats(v);
}

// VGG16's first ten convolutions with 2 channels each.
std::vector<std::pair<std::string, Bytes>> small_vgg() {
    std::vector<std::pair<std::string, Bytes>> members;
    int in = 3, k = 0;
    for (int n : {0, 2, 5, 7, 10, 12, 14, 17, 19, 21}) {
        std::vector<float> w(size_t(2 * in * 9));
        for (float& v : w) v = float(std::sin(k++)) * 0.3f;
        const std::string name = "features." + std::to_string(n);
        members.emplace_back(name + ".weight.npy", npy("2, " + std::to_string(in) + ", 3, 3", w));
        members.emplace_back(name + ".bias.npy", npy("2,", {0.1f, -0.1f}));
        in = 2;
    }
    return members;
}

const LabReport kQuiet = [](double, double, const std::string&) { return true; };

}  // namespace

TEST_CASE("IDX files, plain and gz, whole and damaged") {
    Folder f;
    const Bytes images = idx_images(7);
    const auto plain = read_idx(f.write("plain", images));
    REQUIRE(plain.ok());
    CHECK(plain.value().dimensions == std::vector<uint32_t>{7, 28, 28});
    const auto packed = read_idx(f.write_gz("packed.gz", images));
    REQUIRE(packed.ok());
    CHECK(packed.value().values == plain.value().values);
    const auto fails = [](const std::string& path, const char* words) {
        const auto r = read_idx(path);
        INFO(r.status().message());
        return !r.ok() && r.status().message().find(words) != std::string::npos &&
               r.status().message().find(path) == 0;
    };
    CHECK(fails(f / "absent", "no such file"));
    CHECK(fails(f.write("short", images.substr(0, 1000)), "ends after"));
    CHECK(fails(f.write("long", images + "x"), "longer"));
    CHECK(fails(f.write("text", "hello, world"), "not an IDX file"));
    CHECK(fails(f.write("huge", Bytes("\0\0\x08\x03", 4) + big(1 << 20) + big(1 << 20) + big(28)),
                "dimension 2"));
    std::ifstream in(f / "packed.gz", std::ios::binary);
    Bytes gz{std::istreambuf_iterator<char>(in), {}};
    CHECK(fails(f.write("cut.gz", gz.substr(0, gz.size() / 2)), "ends after"));
    gz[gz.size() / 2] = char(gz[gz.size() / 2] ^ 0x55);
    CHECK_FALSE(read_idx(f.write("flipped.gz", gz)).ok());

    f.write("train-images-idx3-ubyte", images);
    CHECK(read_digits(f.path.string(), "train").status().message().find("train-labels-idx1-ubyte") !=
          std::string::npos);
    f.write_gz("train-labels-idx1-ubyte.gz", idx_labels(6));
    CHECK(read_digits(f.path.string(), "train").status().message().find("a label for each") !=
          std::string::npos);
    f.write_gz("train-labels-idx1-ubyte.gz", idx_labels(7));
    CHECK(read_digits(f.path.string(), "train").ok());
    CHECK(read_digits(f / "nowhere", "train").status().message().find("no such folder") != std::string::npos);
}

TEST_CASE("losses are what their formulas say") {
    torch::manual_seed(4);
    const torch::Tensor a = torch::rand({2, 1, 13, 12}), b = (a + 0.1 * torch::randn_like(a)).clamp(0, 1);
    // SSIM by the paper's double sum over each window.
    double g[11], sum = 0, total = 0;
    for (int i = 0; i < 11; ++i) sum += g[i] = std::exp(-(i - 5) * (i - 5) / 4.5);
    for (double& v : g) v /= sum;
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 2; ++x) {
            double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
            for (int i = 0; i < 121; ++i) {
                const double w = g[i / 11] * g[i % 11], p = a[1][0][y + i / 11][x + i % 11].item<double>(),
                             q = b[1][0][y + i / 11][x + i % 11].item<double>();
                ma += w * p, mb += w * q, aa += w * p * p, bb += w * q * q, ab += w * p * q;
            }
            total += (2 * ma * mb + 1e-4) * (2 * (ab - ma * mb) + 9e-4) /
                     ((ma * ma + mb * mb + 1e-4) * (aa - ma * ma + bb - mb * mb + 9e-4)) / 6;
        }
    CHECK(ssim(a, b)[1].item<double>() == Approx(total).epsilon(1e-4));
    CHECK(ssim(a, a)[0].item<double>() == Approx(1));
    CHECK(mse(torch::zeros({1, 1, 2, 2}), torch::full({1, 1, 2, 2}, 0.5))[0].item<double>() == Approx(0.25));
    CHECK(cross_entropy(torch::full({1, 1, 1, 2}, 0.25), torch::tensor({1.f, 0.f}).reshape({1, 1, 1, 2}))[0]
              .item<double>() == Approx(-std::log(0.25) - std::log(0.75)));
    // N(1, e) against N(0, 1).
    CHECK(kl_divergence(torch::ones({1, 1}), torch::ones({1, 1}))[0].item<double>() ==
          Approx(0.5 * (1 + std::exp(1) - 1 - 1)));
}

TEST_CASE("the mixture's bits sum to a probability of one, and the file's tables agree with them") {
    torch::manual_seed(5);
    const LabModel m = make_lab_model("mnist-ae").value();
    torch::NoGradGuard no_grad;
    m.centre[2] = 0.3;
    const torch::Tensor integers =
        torch::arange(-200, 201).to(torch::kFloat).reshape({401, 1, 1, 1}).expand({401, 6, 1, 1});
    const torch::Tensor p = torch::exp2(-m.bits(integers)).sum(0).flatten();
    for (int c = 0; c < 6; ++c) CHECK(p[c].item<double>() == Approx(1).epsilon(1e-3));
}

TEST_CASE("named arrays out of .npz and .pt files") {
    Folder f;
    const std::string npz = f.write("v.npz", zip_of({{"a.npy", npy("2, 3", {1, 2, 3, 4, 5, 6})},
                                                     {"b.npy", npy("2,", {7, 8})},
                                                     {"i.npy", npy("1,", {0}, "<i4")}}));
    const auto arrays = read_tensor_file(npz);
    REQUIRE(arrays.ok());
    CHECK(arrays.value().size() == 2);
    CHECK(arrays.value().at("a")[1][2].item<float>() == 6);
    CHECK(arrays.value().at("b")[1].item<float>() == 8);

    const Bytes pickle = state_dict(pickled_text("x.weight") + tensor_pickle("0", {2, 2}) +
                                    pickled_text("x.bias") + tensor_pickle("1", {2}));
    const std::vector<std::pair<std::string, Bytes>> members = {{"archive/data.pkl", pickle},
                                                                {"archive/data/0", floats({1, 2, 3, 4})},
                                                                {"archive/data/1", floats({5, 6})}};
    const auto state = read_tensor_file(f.write("v.pt", zip_of(members)));
    INFO(state.status().message());
    REQUIRE(state.ok());
    CHECK(state.value().at("x.weight")[1][0].item<float>() == 3);
    CHECK(state.value().at("x.bias")[1].item<float>() == 6);

    // In any order that has each value once.
    const auto with_strides = [&](const std::vector<int64_t>& strides) {
        return zip_of({{"a/data.pkl", state_dict(pickled_text("t") + tensor_pickle("0", {2, 3}, strides))},
                       {"a/data/0", floats({1, 2, 3, 4, 5, 6})}});
    };
    const auto turned = read_tensor_file(f.write("turned.pt", with_strides({1, 2})));
    REQUIRE(turned.ok());
    CHECK(turned.value().at("t").is_contiguous());
    CHECK(turned.value().at("t")[0][1].item<float>() == 3);
    CHECK(turned.value().at("t")[1][2].item<float>() == 6);

    const auto fails = [&](const std::string& name, const Bytes& bytes, const char* words) {
        const auto r = read_tensor_file(f.write(name, bytes));
        INFO(r.status().message());
        return !r.ok() && r.status().message().find(words) != std::string::npos;
    };
    // A pickle is a program; one that calls anything else is not run.
    CHECK(fails(
        "evil.pt",
        zip_of({{"a/data.pkl", Bytes("\x80\x02", 2) + "cos\nsystem\n(" + pickled_text("true") + "tR."}}),
        "os.system"));
    CHECK(fails("none.npz", "no zip at all", "zip"));
    CHECK(fails("short.pt",
                zip_of({{"a/data.pkl", pickle}, {"a/data/0", floats({1, 2})}, {"a/data/1", floats({5, 6})}}),
                "end early"));
    CHECK(fails("twice.pt", with_strides({0, 1}), "twice"));
    CHECK(fails("far.pt", with_strides({4, 1}), "end early"));
    CHECK(fails("gone.pt", zip_of({{"a/data.pkl", pickle}}), "missing"));
    CHECK(fails("big.npz", zip_of({{"a.npy", npy("9, 9", {1, 2})}}), "ends early"));
    // Any single damaged byte: an error, or the right numbers (a byte that means nothing), but no crash.
    const Bytes whole = zip_of(members);
    for (size_t i = 0; i < whole.size(); ++i) {
        Bytes broken = whole;
        broken[i] = char(broken[i] ^ 0x41);
        static_cast<void>(read_tensor_file(f.write("broken.pt", broken)).ok());
    }
    for (size_t n = 0; n < pickle.size(); ++n)
        CHECK_FALSE(read_tensor_file(f.write("cut.pt", zip_of({{"a/data.pkl", pickle.substr(0, n)}}))).ok());
}

TEST_CASE("VGG16 from a small made-up file") {
    Folder f;
    auto members = small_vgg();
    const auto vgg = Vgg16::load(f.write("vgg.npz", zip_of(members)));
    INFO(vgg.status().message());
    REQUIRE(vgg.ok());
    torch::manual_seed(6);
    const torch::Tensor a = torch::rand({2, 3, 16, 16}), b = torch::rand({2, 3, 16, 16});
    CHECK(vgg.value().difference(a, a).abs().max().item<double>() == 0);
    CHECK(vgg.value().difference(a, b).min().item<double>() > 0);
    members.pop_back();
    CHECK(Vgg16::load(f.write("less.npz", zip_of(members))).status().message().find("features.21.bias") !=
          std::string::npos);
    members = small_vgg();
    members[2].second = npy("2, 3, 3, 3", std::vector<float>(54));
    CHECK(Vgg16::load(f.write("other.npz", zip_of(members))).status().message().find("features.2") !=
          std::string::npos);
}

TEST_CASE(
    "a run can be repeated, stopped and resumed, and its file decodes to the model's own reconstruction") {
    Folder f;
    f.write("train-images-idx3-ubyte", idx_images(60));
    f.write_gz("train-labels-idx1-ubyte.gz", idx_labels(60));
    LabSettings s;
    s.data = {f.path.string()};
    s.epochs = 2;
    s.batch = 16;
    s.muon = 1;
    s.average = 0.9;
    REQUIRE(run_lab(s, f / "a", kQuiet).ok());
    for (const char* name :
         {"settings.txt", "log.csv", "checkpoint.bin", "curves.svg", "reconstructions.png", "model.nam"})
        CHECK(fs::file_size(f.path / "a" / name) > 50);
    REQUIRE(run_lab(s, f / "c", kQuiet).ok());
    const auto bytes_of = [&](const std::string& name) {
        std::ifstream in(f / name, std::ios::binary);
        return Bytes{std::istreambuf_iterator<char>(in), {}};
    };
    const auto same_model = [&](const std::string& x, const std::string& y) {
        const auto a = load_model_file(f / x), b = load_model_file(f / y);
        return a.ok() && b.ok() && a.value()->id == b.value()->id;
    };
    CHECK(same_model("a/model.nam", "c/model.nam"));
    // Stopped after one epoch, then resumed: the same weights.
    const Status stopped =
        run_lab(s, f / "d", [](double share, double, const std::string&) { return share < 0.5; });
    CHECK(stopped.code() == ErrorCode::cancelled);
    CHECK(read_log(f / "d/log.csv").value().size() == 1);
    CHECK_FALSE(fs::exists(f.path / "d/model.nam"));
    REQUIRE(run_lab(s, f / "d", kQuiet).ok());
    CHECK(same_model("a/model.nam", "d/model.nam"));
    // Other settings are refused in a folder that holds a run.
    s.lr = 0.01;
    CHECK(run_lab(s, f / "a", kQuiet).message().find("other settings") != std::string::npos);

    // From the file: encode a digit, decode it, compare with the networks themselves.
    const ReadyModelPtr model = load_model_file(f / "a/model.nam").value();
    class InProcess : public AnalysisBackend {
      public:
        explicit InProcess(const ResearchModel& m)
            : networks_(TorchAnalysis::create(m.analysis, m.synthesis, 1)) {}
        int halo_px() const override { return 0; }
        Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int oh, int ow,
                   int oc) override {
            const std::string wrong = networks_->run(int(graph), in, h, w, c, out, oh, ow, oc);
            return wrong.empty() ? Status() : Status(ErrorCode::internal, wrong);
        }

      private:
        std::unique_ptr<TorchAnalysis> networks_;
    } backend(*model->research);
    const Bytes digit = idx_images(5).substr(16, 784);
    EncoderOptions e;
    e.model = model;
    e.analysis = &backend;
    MemoryImageSource image(reinterpret_cast<const uint8_t*>(digit.data()), 28, 28, 1);
    MemorySink sink;
    REQUIRE(encode(e, image, Metadata(), sink).ok());
    ModelStore store({f / "a"});
    DecoderOptions d;
    d.model_store = &store;
    d.research_backend = &backend;
    auto decoder = Decoder::open(std::make_shared<MemorySource>(sink.take(), "digit"), d);
    REQUIRE(decoder.ok());
    std::vector<uint8_t> back(784);
    REQUIRE(decoder.value()->read_window(0, 0, 28, 28, back.data(), 28).ok());
    // By torch alone, from the stored graphs.
    const ResearchModel& m = *model->research;
    std::vector<float> in(784), y(size_t(49 * m.latent_channels)), made(784);
    for (size_t i = 0; i < 784; ++i) in[i] = (float(uint8_t(digit[i])) - 128) / 128;
    REQUIRE(
        backend.run(AnalysisGraph::analysis, in.data(), 28, 28, 1, y.data(), 7, 7, m.latent_channels).ok());
    for (size_t i = 0; i < y.size(); ++i) {
        const size_t c = i % size_t(m.latent_channels);
        y[i] = m.centre[c] + m.step[c] * std::round((y[i] - m.centre[c]) / m.step[c]);
    }
    REQUIRE(backend.run(AnalysisGraph::synthesis, y.data(), 7, 7, m.latent_channels, made.data(), 28, 28, 1)
                .ok());
    for (size_t i = 0; i < 784; ++i) REQUIRE(std::abs(int(back[i]) - int(std::lround(made[i] * 255))) <= 1);

    // Pruning leaves a curve and smaller files.
    REQUIRE(prune_lab(f / "a", f / "pruned", {0.75, 0.5}, 1, kQuiet).ok());
    CHECK(fs::file_size(f / "pruned/mnist-ae-50.nam") < fs::file_size(f / "a/model.nam"));
    CHECK(bytes_of("pruned/pruning.csv").find("\n0.5,") != std::string::npos);
}

TEST_CASE("a new model of colour pictures starts as a transform that works") {
    // A few smooth pictures. Latents are real numbers here: what is lost is what the layers have no channels for.
    torch::manual_seed(2);
    const torch::Tensor waves = torch::linspace(0, 6, 32);
    torch::Tensor x = torch::empty({12, 3, 32, 32});
    for (int i = 0; i < x.size(0); ++i)
        for (int c = 0; c < 3; ++c)
            x[i][c] = 0.5 +
                      0.2 * torch::sin(waves * (1 + i % 5) + c).unsqueeze(1) *
                          torch::cos(waves * (1 + i % 3)).unsqueeze(0) +
                      0.1 * torch::sin(waves * 4 + i).unsqueeze(0);
    for (const std::string& name : lab_model_names()) {
        INFO(name);
        LabModel m = make_lab_model(name).value();
        if (m.digits) continue;
        const torch::NoGradGuard no_grad;
        const double before = mse(m.decode(m.latent(x, {}), {}), x).mean().item<double>();
        start_linear(m, x, 12);
        const double after = mse(m.decode(m.latent(x, {}), {}), x).mean().item<double>();
        CHECK(after < 0.008);  // 21 dB
        CHECK(after < before / 2);
        // The prior fits: a code made for this latent is within a bit or two of its entropy.
        const torch::Tensor y = m.latent(x, {});
        const double bits = m.bits(m.quantise(y)).mean().item<double>();
        const double spread = y.var({0, 2, 3}).clamp_min(1.0 / 12).log2().mean().item<double>() / 2 + 2.05;
        CHECK(bits < spread + 1);
    }
}

TEST_CASE("every model of the laboratory exports and loads") {
    for (const std::string& name : lab_model_names()) {
        INFO(name);
        torch::manual_seed(1);
        auto made = make_lab_model(name);
        REQUIRE(made.ok());
        LabModel& m = made.value();
        const int side = m.digits ? 28 : 32;
        const torch::Tensor x = torch::rand({2, m.picture_channels, side, side}),
                            labels = torch::tensor({3, 7});
        const auto file = export_lab_model(m, x, labels, "test");
        INFO(file.status().message());
        REQUIRE(file.ok());
        const auto bytes = serialise_research_model(file.value());
        REQUIRE(bytes.ok());
        CHECK(bytes.value().size() < 12u << 20);
        CHECK(load_model(bytes.value().data(), bytes.value().size(), name).ok());
    }
    CHECK(make_lab_model("vae-9").status().message().find("mnist-cvae") != std::string::npos);
}

TEST_CASE("a conditional model's class travels in the file's latent") {
    torch::manual_seed(2);
    LabModel m = make_lab_model("mnist-cvae").value();
    const torch::Tensor x = torch::rand({4, 1, 28, 28}), labels = torch::tensor({0, 4, 7, 9});
    const ResearchModel file = export_lab_model(m, x, labels, "").value();
    auto networks = TorchAnalysis::create(file.analysis, file.synthesis, 1);
    for (int label : {0, 4, 9}) {
        std::vector<float> in(784 * 2), y(33);
        for (size_t i = 0; i < 784; ++i) in[2 * i + 1] = float(label);
        REQUIRE(networks->run(0, in.data(), 28, 28, 2, y.data(), 1, 1, 33).empty());
        CHECK(double(y[32]) == Approx(label).margin(1e-3));
    }
}
