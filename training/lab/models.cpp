#include "training/lab/models.h"

#include <cmath>

#include "codec/entropy/table_builder.h"
#include "format/text.h"
#include "training/rate.h"

namespace nae::training {
namespace {

constexpr int kDigitSide = 28, kDigits = 10;
constexpr int kMixture = 3;

// One convolution of an encoder; the decoder mirrors it.
struct Layer {
    int channels, kernel, stride;
};

// Convolutions with ReLU between them, none after the last.
FloatGraph convolutions(int in, const std::vector<Layer>& layers) {
    FloatGraphBuilder b(in);
    int x = b.input();
    for (size_t i = 0; i < layers.size(); ++i) {
        x = b.conv(x, conv_shape(layers[i].channels, layers[i].kernel, layers[i].stride));
        if (i + 1 < layers.size()) x = b.relu(x);
    }
    return b.take();
}

// The way back: transposed convolutions, ReLU, sigmoid at the end.
FloatGraph mirrored(int out, const std::vector<Layer>& layers) {
    FloatGraphBuilder b(layers.back().channels);
    int x = b.input();
    for (size_t i = layers.size(); i-- > 0;) {
        x = b.conv_transpose(
            x, conv_shape(i == 0 ? out : layers[i - 1].channels, layers[i].kernel, layers[i].stride));
        if (i > 0) x = b.relu(x);
    }
    b.sigmoid(x);
    return b.take();
}

void make_autoencoder(LabModel& m, int colours, const std::vector<Layer>& layers) {
    m.picture_channels = colours;
    m.latent_channels = layers.back().channels;
    m.stride = 1;
    for (const Layer& l : layers) m.stride *= l.stride;
    m.analysis = Network(convolutions(colours, layers));
    m.synthesis = Network(mirrored(colours, layers));
}

void make_factorized(LabModel& m, int width, int latent) {
    FloatGraphBuilder a(3), s(latent);
    int x = a.input();
    for (int i = 0; i < 3; ++i) x = a.gdn(a.conv(x, conv_shape(width, 5, 2)), Op::gdn, {}, {});
    a.conv(x, conv_shape(latent, 5, 2));
    int y = s.input();
    for (int i = 0; i < 3; ++i)
        y = s.gdn(s.conv_transpose(y, conv_shape(width, 5, 2)), Op::inverse_gdn, {}, {});
    s.conv_transpose(y, conv_shape(3, 5, 2));
    m.picture_channels = 3;
    m.latent_channels = latent;
    m.stride = 16;
    m.noise = true;
    m.analysis = Network(a.take());
    m.synthesis = Network(s.take());
}

// One-hot code of a plane that holds a class: 1 - |v - k|, not below 0.
int one_hot(FloatGraphBuilder& b, int plane, int classes) {
    const auto n = size_t(classes);
    std::vector<float> shift(n);
    for (size_t k = 0; k < n; ++k) shift[k] = -float(k);
    const int away = b.abs(b.conv(plane, fixed_conv(classes, std::vector<float>(n, 1.f), shift)));
    std::vector<float> minus(n * n);
    for (size_t k = 0; k < n; ++k) minus[k * n + k] = -1;
    return b.relu(b.conv(away, fixed_conv(classes, minus, std::vector<float>(n, 1.f))));
}

void make_variational(LabModel& m, int latent, int classes) {
    constexpr int kWide = 64, kNarrow = 32, kBlock = 7;
    FloatGraphBuilder a(classes > 0 ? 2 : 1), s(latent + (classes > 0 ? 1 : 0));
    int x = a.input(), label = -1;
    if (classes > 0) {
        label = a.slice(a.input(), 1, 1);
        x = a.concat({a.slice(a.input(), 0, 1), one_hot(a, label, classes)});
        // The class of a picture, from the mean of its plane.
        label = a.space_to_depth(a.space_to_depth(label, 4), kBlock);
        constexpr size_t kPixels = kDigitSide * kDigitSide;
        label = a.conv(label, fixed_conv(1, std::vector<float>(kPixels, 1.f / kPixels), {0.f}));
    }
    x = a.relu(a.conv(x, conv_shape(kNarrow, 3, 2)));
    x = a.relu(a.conv(x, conv_shape(kWide, 3, 2)));
    // A 1x1 convolution of all that is left of a picture is a fully connected layer.
    x = a.space_to_depth(x, kBlock);
    int mean = a.conv(x, conv_shape(latent, 1, 1));
    if (classes > 0) mean = a.concat({mean, label});
    a.concat({mean, a.conv(x, conv_shape(latent, 1, 1))});
    m.drop_last = 2;

    int y = s.input();
    if (classes > 0) y = s.concat({s.slice(y, 0, latent), one_hot(s, s.slice(y, latent, 1), classes)});
    y = s.relu(s.conv(y, conv_shape(kWide * kBlock * kBlock, 1, 1)));
    y = s.depth_to_space(y, kBlock);
    y = s.relu(s.conv_transpose(y, conv_shape(kNarrow, 3, 2)));
    s.sigmoid(s.conv_transpose(y, conv_shape(1, 3, 2)));

    m.variational = true;
    m.classes = classes;
    m.picture_channels = 1;
    m.latent_channels = latent;
    m.stride = kDigitSide;
    m.analysis = Network(a.take());
    m.synthesis = Network(s.take());
}

// Frequencies of |symbol|, smoothed so that rare symbols stay cheap enough.
FrequencyTable table_of(const torch::Tensor& symbols) {
    const torch::Tensor magnitude = symbols.reshape({-1}).abs().clamp_max(kMaxTableSymbol).to(torch::kLong);
    const torch::Tensor counts = torch::bincount(magnitude, {}, 2).to(torch::kDouble) + 0.02;
    return make_frequency_table({counts.data_ptr<double>(), counts.data_ptr<double>() + counts.numel()});
}

std::vector<float> floats_of(const torch::Tensor& t) {
    const torch::Tensor c = t.detach().contiguous();
    return {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()};
}

torch::Tensor per_channel(const torch::Tensor& t) { return t.reshape({1, -1, 1, 1}); }

}  // namespace

std::vector<torch::Tensor> LabModel::parameters() const {
    std::vector<torch::Tensor> all = analysis.parameters();
    all.insert(all.end(), synthesis.parameters().begin(), synthesis.parameters().end());
    if (!variational) all.insert(all.end(), {centre, log_scale, mix});
    return all;
}

std::vector<bool> LabModel::hidden() const {
    std::vector<bool> all = analysis.hidden();
    const std::vector<bool> more = synthesis.hidden();
    all.insert(all.end(), more.begin(), more.end());
    all.resize(parameters().size(), false);
    return all;
}

void LabModel::use(const std::vector<torch::Tensor>& all) {
    const auto first = all.begin(), second = first + int64_t(analysis.parameters().size()),
               rest = second + int64_t(synthesis.parameters().size());
    analysis.use({first, second});
    synthesis.use({second, rest});
    if (!variational) centre = rest[0], log_scale = rest[1], mix = rest[2];
}

torch::Tensor LabModel::bits(const torch::Tensor& y) const {
    // [N, C, h, w, 1] against [C, 1, 1, K].
    const torch::Tensor away = (y - per_channel(centre)).abs().unsqueeze(-1);
    const auto shape = [](const torch::Tensor& t) { return t.reshape({t.size(0), 1, 1, t.size(1)}); };
    const torch::Tensor inverse = torch::exp(-shape(log_scale));
    const torch::Tensor p = torch::sigmoid((0.5 - away) * inverse) - torch::sigmoid((-0.5 - away) * inverse);
    const torch::Tensor sum = (p * shape(torch::softmax(mix, 1))).sum(-1);
    return -(sum + 1e-7).log2();
}

torch::Tensor LabModel::quantise(const torch::Tensor& y) const {
    const torch::Tensor c = per_channel(centre), s = per_channel(step);
    return y + (((y - c) / s).round() * s + c - y).detach();
}

torch::Tensor LabModel::analysis_input(const torch::Tensor& x, const torch::Tensor& labels) const {
    const torch::Tensor in = x * (255.0 / 128) - 1;
    if (classes == 0) return in;
    const torch::Tensor plane =
        labels.to(torch::kFloat).reshape({-1, 1, 1, 1}).expand({x.size(0), 1, x.size(2), x.size(3)});
    return torch::cat({in, plane}, 1);
}

torch::Tensor LabModel::latent(const torch::Tensor& x, const torch::Tensor& labels) const {
    return analysis.run(analysis_input(x, labels), drop_last).narrow(1, 0, latent_channels);
}

torch::Tensor LabModel::decode(const torch::Tensor& y, const torch::Tensor& labels) const {
    if (classes == 0) return synthesis.run(y);
    const torch::Tensor plane =
        labels.to(torch::kFloat).reshape({-1, 1, 1, 1}).expand({y.size(0), 1, y.size(2), y.size(3)});
    return synthesis.run(torch::cat({y, plane}, 1));
}

std::vector<std::string> lab_model_names() {
    return {"mnist-ae", "mnist-vae", "mnist-cvae",   "ae-3",         "ae-5",
            "ae-7",     "ae-10",     "factorized-1", "factorized-2", "factorized-3"};
}

Result<LabModel> make_lab_model(const std::string& name) {
    LabModel m;
    m.name = name;
    m.digits = name.rfind("mnist", 0) == 0;
    if (name == "mnist-ae") make_autoencoder(m, 1, {{32, 3, 2}, {48, 3, 2}, {6, 3, 1}});
    if (name == "mnist-vae") make_variational(m, 32, 0);
    if (name == "mnist-cvae") make_variational(m, 32, kDigits);
    if (name == "ae-3") make_autoencoder(m, 3, {{32, 5, 2}, {48, 5, 2}, {48, 5, 2}});
    if (name == "ae-5") make_autoencoder(m, 3, {{32, 5, 2}, {48, 5, 2}, {48, 3, 1}, {64, 3, 2}, {48, 3, 1}});
    if (name == "ae-7")
        make_autoencoder(
            m, 3, {{32, 5, 2}, {48, 5, 2}, {48, 3, 1}, {64, 3, 2}, {64, 3, 1}, {96, 3, 2}, {64, 3, 1}});
    if (name == "ae-10")
        make_autoencoder(m, 3,
                         {{32, 5, 2},
                          {48, 3, 2},
                          {48, 3, 1},
                          {48, 3, 1},
                          {64, 3, 2},
                          {64, 3, 1},
                          {64, 3, 1},
                          {96, 3, 2},
                          {96, 3, 1},
                          {64, 3, 1}});
    if (name.rfind("factorized-", 0) == 0 && name.size() == 12 && name[11] >= '1' && name[11] <= '3')
        make_factorized(m, 48, name[11] == '3' ? 96 : 64);
    if (m.stride == 0) {
        std::string all;
        for (const std::string& n : lab_model_names()) all += (all.empty() ? "" : ", ") + n;
        return Status(ErrorCode::invalid_argument, cat("there is no model \"", name, "\"; there are ", all));
    }
    m.centre = torch::zeros({m.latent_channels});
    m.step = torch::ones({m.latent_channels});
    m.log_scale = torch::tensor({-1.0, 0.3, 1.6}).reshape({1, kMixture}).repeat({m.latent_channels, 1});
    m.mix = torch::zeros({m.latent_channels, kMixture});
    if (!m.variational)
        for (torch::Tensor* t : {&m.centre, &m.log_scale, &m.mix}) t->requires_grad_(true);
    return m;
}

Result<ResearchModel> export_lab_model(LabModel& m, const torch::Tensor& pictures,
                                       const torch::Tensor& labels, const std::string& text) {
    const torch::NoGradGuard no_grad;
    m.analysis.round_to_stored();
    m.synthesis.round_to_stored();
    constexpr int64_t kBatch = 32;
    std::vector<torch::Tensor> parts;
    for (int64_t i = 0; i < pictures.size(0); i += kBatch) {
        const int64_t end = std::min(i + kBatch, pictures.size(0));
        const auto some = [&](const torch::Tensor& t) { return t.defined() ? t.slice(0, i, end) : t; };
        parts.push_back(m.latent(some(pictures), some(labels)));
    }
    const torch::Tensor y = torch::cat(parts);
    const torch::Tensor symbols = ((y - per_channel(m.centre)) / per_channel(m.step)).round();
    ResearchModel out;
    out.name = m.name;
    out.stride = m.stride;
    out.picture_channels = m.picture_channels;
    out.classes = m.classes;
    out.latent_channels = m.latent_channels + (m.classes > 0 ? 1 : 0);
    out.centre = floats_of(m.centre);
    out.step = floats_of(m.step);
    out.tables.tables.resize(1);
    for (int c = 0; c < m.latent_channels; ++c) out.tables.tables.push_back(table_of(symbols.select(1, c)));
    if (m.classes > 0) {
        const int middle = (m.classes - 1) / 2;
        out.centre.push_back(float(middle));
        out.step.push_back(1);
        out.tables.tables.push_back(table_of(torch::arange(m.classes) - middle));
    }
    out.analysis = m.analysis.to_graph(m.drop_last);
    out.synthesis = m.synthesis.to_graph();
    out.text = text;
    NAE_RETURN_IF_ERROR(validate(out));
    return out;
}

}  // namespace nae::training
