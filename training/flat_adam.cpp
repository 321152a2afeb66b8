#include "training/flat_adam.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <stdexcept>

#include "training/orthogonalise.h"

// The inner loops are compiled for several instruction sets and chosen at run time.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NAE_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define NAE_CLONES
#endif

namespace nae::training {
namespace {

constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;

inline float from_bf16(uint16_t b) {
    const uint32_t u = uint32_t{b} << 16;
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}

inline uint16_t to_bf16(float f) {  // round to nearest even; parameters are never NaN here
    uint32_t u;
    std::memcpy(&u, &f, 4);
    return uint16_t((u + 0x7FFFu + ((u >> 16) & 1u)) >> 16);
}

inline float adam(float g, float& m, float& v, float p, const AdamRates& r) {
    m = kBeta1 * m + (1 - kBeta1) * g;
    v = kBeta2 * v + (1 - kBeta2) * g * g;
    return p - r.lr * (m * r.bias1) / (std::sqrt(v * r.bias2) + kEpsilon);
}

NAE_CLONES void update_bf16(int64_t n, const uint16_t* g, float* p, float* m, float* v, float* avg,
                            uint16_t* w, AdamRates r) {
    for (int64_t i = 0; i < n; ++i) {
        p[i] = adam(from_bf16(g[i]) * r.clip, m[i], v[i], p[i], r);
        avg[i] = p[i] + r.keep * (avg[i] - p[i]);
        w[i] = to_bf16(p[i]);
    }
}

NAE_CLONES void update_f32(int64_t n, const float* g, float* p, float* m, float* v, float* avg, float* w,
                           AdamRates r) {
    for (int64_t i = 0; i < n; ++i) {
        p[i] = adam(g[i] * r.clip, m[i], v[i], p[i], r);
        avg[i] = p[i] + r.keep * (avg[i] - p[i]);
        w[i] = p[i];
    }
}

// Muon's momentum m takes in a gradient g; what it will be when this step is over, by Nesterov, goes to `ahead`.
inline float take_in(float g, float& m) {
    m += (1 - kBeta1) * (g - m);
    return g + kBeta1 * (m - g);
}

NAE_CLONES void momentum_bf16(int64_t n, const uint16_t* g, float clip, float* m, uint16_t* ahead) {
    for (int64_t i = 0; i < n; ++i) ahead[i] = to_bf16(take_in(from_bf16(g[i]) * clip, m[i]));
}

NAE_CLONES void momentum_f32(int64_t n, const float* g, float clip, float* m, float* ahead) {
    for (int64_t i = 0; i < n; ++i) ahead[i] = take_in(g[i] * clip, m[i]);
}

NAE_CLONES void descend_bf16(int64_t n, const uint16_t* direction, float lr, float keep, float* p, float* avg,
                             uint16_t* w) {
    for (int64_t i = 0; i < n; ++i) {
        p[i] -= lr * from_bf16(direction[i]);
        avg[i] = p[i] + keep * (avg[i] - p[i]);
        w[i] = to_bf16(p[i]);
    }
}

NAE_CLONES void descend_f32(int64_t n, const float* direction, float lr, float keep, float* p, float* avg,
                            float* w) {
    for (int64_t i = 0; i < n; ++i) {
        p[i] -= lr * direction[i];
        avg[i] = p[i] + keep * (avg[i] - p[i]);
        w[i] = p[i];
    }
}

// Steps as large as Adam's usually are (Liu et al. 2025, "Muon is scalable for LLM training").
double muon_step(int64_t rows, int64_t columns) { return 0.2 * std::sqrt(double(std::max(rows, columns))); }

// Weights are stored the way the convolutions want them: channels-last, so that slices stay dense.
torch::Tensor dense(const torch::Tensor& t) {
    return t.dim() == 4 ? t.contiguous(torch::MemoryFormat::ChannelsLast) : t.contiguous();
}

torch::Tensor slice_like(const torch::Tensor& flat, const Parameter& p, const torch::Tensor& shape_of) {
    return flat.as_strided(shape_of.sizes(), shape_of.strides(), p.offset);
}

}  // namespace

int FlatAdam::add(const std::string& name, const torch::Tensor& initial, bool low_precision, double lr_scale,
                  bool hidden) {
    Parameter p;
    p.name = name;
    p.offset = total_;
    p.size = initial.numel();
    p.lr_scale = lr_scale;
    p.hidden = hidden;
    const auto dtype = low_precision ? working_ : torch::kFloat;
    p.leaf = dense(initial.detach().to(device_, dtype)).clone();
    p.leaf.set_requires_grad(true);
    initial_.push_back(dense(initial.detach().to(device_, torch::kFloat)));
    total_ += p.size;
    parameters_.push_back(p);
    return int(parameters_.size()) - 1;
}

void FlatAdam::seal() {
    const auto options = torch::TensorOptions().device(device_).dtype(torch::kFloat);
    master_ = torch::empty({total_}, options);
    for (size_t i = 0; i < parameters_.size(); ++i)
        slice_like(master_, parameters_[i], initial_[i]).copy_(initial_[i]);
    m_ = torch::zeros({total_}, options);
    v_ = torch::zeros({total_}, options);
    average_ = master_.clone();
    initial_.clear();
    by_size_.resize(parameters_.size());
    std::iota(by_size_.begin(), by_size_.end(), size_t{0});
    std::stable_sort(by_size_.begin(), by_size_.end(),
                     [&](size_t a, size_t b) { return parameters_[a].size > parameters_[b].size; });
    tensors_ = tensors_ || !device_.is_cpu();
    if (!tensors_) return;
    make_leaves_flat();
    group_hidden();
}

void FlatAdam::step(double lr, double max_norm, double average_decay) {
    torch::NoGradGuard no_grad;
    if (tensors_)
        step_tensors(lr, max_norm, average_decay);
    else
        cpu_norm_ = step_cpu(lr, max_norm, average_decay);
}

void FlatAdam::for_each_parameter(const std::function<void(size_t)>& job) {
    const auto one = [&](int64_t k) {
        const torch::NoGradGuard no_grad;  // a setting of the thread
        job(by_size_[size_t(k)]);
        return Status();
    };
    ThreadPool alone(1);
    const Status status =
        (workers_ != nullptr ? *workers_ : alone).parallel_for(int64_t(by_size_.size()), one);
    if (!status.ok()) throw std::runtime_error(status.message());
}

void FlatAdam::add_gradients(const std::vector<torch::Tensor>& leaves) {
    for_each_parameter([&](size_t i) {
        torch::Tensor other = leaves[i];
        if (!other.grad().defined()) return;
        torch::Tensor& sum = parameters_[i].leaf.mutable_grad();
        if (sum.defined())
            sum.add_(other.grad());
        else
            sum = other.grad();
        other.mutable_grad() = torch::Tensor();
    });
}

double FlatAdam::step_cpu(double lr, double max_norm, double average_decay) {
    std::vector<double> squares(parameters_.size());
    for_each_parameter([&](size_t i) {
        Parameter& p = parameters_[i];
        torch::Tensor& g = p.leaf.mutable_grad();
        if (!g.defined()) return;
        if (g.strides() != p.leaf.strides()) g = torch::empty_like(p.leaf).copy_(g);
        const double n = g.norm(2, torch::kFloat).item<double>();
        squares[i] = n * n;
    });
    const double norm = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
    if (std::isfinite(norm)) {
        ++steps_;
        AdamRates r;
        r.clip = float(norm > max_norm ? max_norm / norm : 1.0);
        r.bias1 = float(1.0 / (1.0 - std::pow(double(kBeta1), double(steps_))));
        r.bias2 = float(1.0 / (1.0 - std::pow(double(kBeta2), double(steps_))));
        r.keep = float(std::min(average_decay, (1.0 + double(steps_)) / (10.0 + double(steps_))));
        for_each_parameter([&](size_t i) { update(parameters_[i], r, lr); });
    }
    for (Parameter& p : parameters_) p.leaf.mutable_grad() = torch::Tensor();
    return norm;
}

void FlatAdam::update(Parameter& p, AdamRates r, double lr) {
    const torch::Tensor& g = p.leaf.grad();
    if (!g.defined()) return;
    r.lr = float(lr * p.lr_scale);
    if (muon_ && p.hidden) return update_by_muon(p, r);
    float* const master = master_.data_ptr<float>() + p.offset;
    float* const m = m_.data_ptr<float>() + p.offset;
    float* const v = v_.data_ptr<float>() + p.offset;
    float* const average = average_.data_ptr<float>() + p.offset;
    if (p.leaf.scalar_type() == torch::kBFloat16)
        update_bf16(p.size, static_cast<const uint16_t*>(g.data_ptr()), master, m, v, average,
                    static_cast<uint16_t*>(p.leaf.data_ptr()), r);
    else
        update_f32(p.size, g.data_ptr<float>(), master, m, v, average, p.leaf.data_ptr<float>(), r);
}

void FlatAdam::update_by_muon(Parameter& p, const AdamRates& r) {
    // Channels-last storage read straight through: a matrix whose columns are permuted, which changes nothing here.
    const int64_t rows = p.leaf.size(0), columns = p.size / rows;
    const torch::Tensor& g = p.leaf.grad();
    float* const master = master_.data_ptr<float>() + p.offset;
    float* const m = m_.data_ptr<float>() + p.offset;
    float* const average = average_.data_ptr<float>() + p.offset;
    const auto type = p.leaf.scalar_type();
    const torch::Tensor ahead = torch::empty({rows, columns}, torch::dtype(type));
    const auto lr = float(r.lr * muon_step(rows, columns));
    if (type == torch::kBFloat16) {
        momentum_bf16(p.size, static_cast<const uint16_t*>(g.data_ptr()), r.clip, m,
                      static_cast<uint16_t*>(ahead.data_ptr()));
        const torch::Tensor direction = orthogonalise(ahead, type);
        descend_bf16(p.size, static_cast<const uint16_t*>(direction.data_ptr()), lr, r.keep, master, average,
                     static_cast<uint16_t*>(p.leaf.data_ptr()));
    } else {
        momentum_f32(p.size, g.data_ptr<float>(), r.clip, m, ahead.data_ptr<float>());
        const torch::Tensor direction = orthogonalise(ahead, type);
        descend_f32(p.size, direction.data_ptr<float>(), lr, r.keep, master, average,
                    p.leaf.data_ptr<float>());
    }
}

void FlatAdam::make_leaves_flat() {
    const auto options = master_.options();
    low_leaves_ = torch::empty({total_}, options.dtype(working_));
    full_leaves_ = torch::empty({total_}, options);
    lr_scale_ = torch::ones({total_}, options);
    grad_ = torch::zeros({total_}, options);
    for (Parameter& p : parameters_) {
        const bool low = p.leaf.scalar_type() == working_;
        p.leaf.set_data(slice_like(low ? low_leaves_ : full_leaves_, p, p.leaf.detach()));
        lr_scale_.narrow(0, p.offset, p.size).fill_(p.lr_scale);
    }
    refresh(false);
}

void FlatAdam::group_hidden() {
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> groups;
    for (size_t i = 0; i < parameters_.size(); ++i)
        if (const Parameter& p = parameters_[i]; p.hidden)
            groups[{p.leaf.size(0), p.size / p.leaf.size(0)}].push_back(i);
    for (auto& [shape, members] : groups) hidden_groups_.push_back(std::move(members));
}

void FlatAdam::muon_directions(torch::Tensor& update) const {
    for (const std::vector<size_t>& group : hidden_groups_) {
        std::vector<torch::Tensor> gradients, momenta;
        const Parameter& first = parameters_[group[0]];
        // Channels-last storage read straight through: see update_by_muon().
        const int64_t rows = first.leaf.size(0), columns = first.size / rows;
        const auto matrix = [&](const torch::Tensor& flat, size_t i) {
            return flat.narrow(0, parameters_[i].offset, first.size).view({rows, columns});
        };
        for (const size_t i : group) {
            gradients.push_back(matrix(grad_, i));
            momenta.push_back(matrix(m_, i));
        }
        const torch::Tensor ahead =
            torch::lerp(torch::stack(gradients), torch::stack(momenta), kBeta1);  // Nesterov
        const torch::Tensor directions =
            orthogonalise(ahead, working_).to(torch::kFloat).mul_(muon_step(rows, columns));
        for (size_t k = 0; k < group.size(); ++k) matrix(update, group[k]).copy_(directions[int64_t(k)]);
    }
}

void FlatAdam::step_tensors(double lr, double max_norm, double average_decay) {
    for (Parameter& p : parameters_) {
        torch::Tensor& g = p.leaf.mutable_grad();
        if (g.defined())
            slice_like(grad_, p, p.leaf).copy_(g);
        else
            grad_.narrow(0, p.offset, p.size).zero_();
        g = torch::Tensor();
    }
    ++steps_;
    norm_ = grad_.norm();
    const torch::Tensor clip = (max_norm / norm_).clamp_max(1.0);
    grad_ = torch::where(norm_.isfinite(), grad_ * clip, torch::zeros_like(grad_));
    m_.lerp_(grad_, 1.0 - kBeta1);
    v_.mul_(kBeta2).addcmul_(grad_, grad_, 1.0 - kBeta2);
    const double b1 = 1.0 - std::pow(double(kBeta1), double(steps_));
    const double b2 = 1.0 - std::pow(double(kBeta2), double(steps_));
    torch::Tensor update = (m_ / b1).div_((v_ / b2).sqrt_().add_(kEpsilon));
    if (muon_) muon_directions(update);
    master_.sub_(update.mul_(lr_scale_), lr);
    average_.lerp_(master_, 1.0 - std::min(average_decay, (1.0 + double(steps_)) / (10.0 + double(steps_))));
    refresh(false);
}

torch::Tensor FlatAdam::value(int i, bool averaged) const {
    const Parameter& p = parameters_[size_t(i)];
    return slice_like(averaged ? average_ : master_, p, p.leaf.detach()).clone();
}

bool FlatAdam::restore(const std::vector<torch::Tensor>& state, int64_t steps) {
    if (state.size() != 4) return false;
    const int64_t n = state[0].numel();
    if (n != total_ && n != later_from_) return false;
    for (const torch::Tensor& t : state)
        if (t.numel() != n) return false;
    master_.narrow(0, 0, n).copy_(state[0]);
    m_.narrow(0, 0, n).copy_(state[1]);
    v_.narrow(0, 0, n).copy_(state[2]);
    average_.narrow(0, 0, n).copy_(state[3]);
    steps_ = steps;
    refresh(false);
    return true;
}

void FlatAdam::freeze(const std::function<bool(const std::string& name)>& which) {
    for (Parameter& p : parameters_)
        if (which(p.name)) p.leaf.set_requires_grad(false);
}

void FlatAdam::refresh(bool averaged) {
    torch::NoGradGuard no_grad;
    const torch::Tensor& from = averaged ? average_ : master_;
    if (low_leaves_.defined()) {
        low_leaves_.copy_(from);
        full_leaves_.copy_(from);
        return;
    }
    for (Parameter& p : parameters_) {
        torch::Tensor dst = p.leaf.detach();
        dst.copy_(slice_like(from, p, dst));
    }
}

}  // namespace nae::training
