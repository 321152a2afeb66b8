// Adam (Kingma & Ba 2015) over one flat buffer, with bfloat16 working copies and averaged weights; hidden layers may be
// updated by Muon instead (orthogonalise.h).
//
// Every parameter is a slice of one float32 master buffer. The forward pass sees bfloat16 leaf tensors (or float32
// ones for the few parameters that need it), so nothing is cast per layer, and one fused pass per step reads each
// gradient once and updates moments, master, average and working copy together.
#pragma once

#include <string>
#include <vector>

#include "codec/thread_pool.h"
#include "codec/torch/libtorch.h"

namespace nae::training {

struct Parameter {
    std::string name;
    torch::Tensor leaf;  // what the forward pass uses; requires grad; bfloat16 or float32
    int64_t offset = 0, size = 0;
    double lr_scale = 1.0;
    bool hidden = false;  // a weight between two hidden layers: Muon's business when that is on
};

struct AdamRates {
    float lr, bias1, bias2, clip, keep;  // keep: decay of the average
};

class FlatAdam {
  public:
    // `device`: where everything lives. `working`: dtype of the leaves of parameters added with low_precision.
    FlatAdam(torch::Device device, torch::ScalarType working) : device_(device), working_(working) {}

    // Adds a parameter with these initial values (any float tensor; 4-D ones are kept channels-last). Returns its
    // index. All parameters must be added before seal().
    int add(const std::string& name, const torch::Tensor& initial, bool low_precision, double lr_scale = 1.0,
            bool hidden = false);
    // Parameters added from here on joined the model later than others: a restored state may lack all of them, and they
    // then keep their initial values.
    void later_parameters() { later_from_ = total_; }
    void seal();
    // On the CPU these threads share the parameters between them from now on. They must outlive the optimiser's use.
    void use_workers(ThreadPool& workers) { workers_ = &workers; }
    // Updates the hidden weights by Muon from now on, the others by Adam as before.
    void use_muon(bool on) { muon_ = on; }
    // Steps on the CPU as they are done on other devices from now on, to rehearse and test those. Before seal().
    void use_tensors() { tensors_ = true; }

    torch::Tensor leaf(int i) const { return parameters_[size_t(i)].leaf; }
    const std::vector<Parameter>& parameters() const { return parameters_; }
    torch::ScalarType working_type() const { return working_; }
    int64_t size() const { return total_; }

    // One update from the leaves' gradients, which are then dropped. Gradients are scaled down to a global norm of at
    // most `max_norm`; when it is not finite, the update is skipped on the CPU, elsewhere it is one with gradients of zero.
    // Does not wait for the device.
    void step(double lr, double max_norm, double average_decay);
    // That norm of the last step, before scaling. Waits for the device.
    double norm() const { return norm_.defined() ? norm_.item<double>() : cpu_norm_; }
    // Adds the gradients of other leaves, given in the order of the parameters, to those of this optimiser's, and drops them
    // there.
    void add_gradients(const std::vector<torch::Tensor>& leaves);

    // Float32 copy of one parameter's averaged (or latest) value, in its own shape.
    torch::Tensor value(int i, bool averaged) const;

    // State for checkpoints: master, first and second moments, average (flat, float32), step count.
    std::vector<torch::Tensor> state() const { return {master_, m_, v_, average_}; }
    int64_t steps() const { return steps_; }
    // Takes over a state of the same size, or of that without the later parameters; returns false when it is another.
    bool restore(const std::vector<torch::Tensor>& state, int64_t steps);
    // Parameters whose name `which` picks are not trained from now on; call it before replicas are made.
    void freeze(const std::function<bool(const std::string& name)>& which);
    // Puts averaged (or latest) values into the leaves, for evaluation; refresh(false) goes back.
    void refresh(bool averaged);

  private:
    double step_cpu(double lr, double max_norm, double average_decay);
    void make_leaves_flat();
    void group_hidden();
    void update(Parameter& p, AdamRates r, double lr);
    void update_by_muon(Parameter& p, const AdamRates& r);
    // Each on whichever thread is free. Throws what a job throws, as std::runtime_error.
    void for_each_parameter(const std::function<void(size_t)>& job);
    void step_tensors(double lr, double max_norm, double average_decay);
    // Puts what Muon takes off the hidden weights at learning rate 1 into their parts of `update`. Their momentum has this
    // step's gradient, grad_, already.
    void muon_directions(torch::Tensor& update) const;

    torch::Device device_;
    torch::ScalarType working_;
    std::vector<Parameter> parameters_;
    std::vector<torch::Tensor> initial_;
    std::vector<size_t> by_size_;  // parameters, the largest first, so that threads end together
    torch::Tensor master_, m_, v_, average_;
    // With tensors: all leaves of one type are parts of one tensor, so that a step takes few, large operations.
    torch::Tensor grad_, lr_scale_, low_leaves_, full_leaves_, norm_;
    std::vector<std::vector<size_t>> hidden_groups_;  // parameters whose matrices have one shape
    double cpu_norm_ = 0;
    int64_t total_ = 0, later_from_ = -1, steps_ = 0;
    bool muon_ = false, tensors_ = false;
    ThreadPool* workers_ = nullptr;
};

}  // namespace nae::training
