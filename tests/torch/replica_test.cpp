// Several threads, each with a replica of the model and a share of the batch, against one thread with the whole batch.
#include "codec/thread_pool.h"
#include "tests/torch/catch_after_torch.h"
#include "training/photo_model.h"

using namespace nae::training;

TEST_CASE("Replicas' gradients add up to the batch's, and updates reach every replica") {
    torch::manual_seed(11);
    PhotoConfig config;
    config.latent_channels = 24;
    config.hyper_channels = 8;
    config.encoder_width8 = config.encoder_width16 = config.decoder_width16 = config.decoder_width8 = 8;
    PcaStart start;
    start.basis = std::get<0>(torch::linalg_qr(torch::randn({768, 24}))).t().contiguous();
    start.stddev = torch::linspace(1.0, 0.05, 24);

    FlatAdam optimiser(torch::kCPU, torch::kFloat);
    PhotoModel model(config, start, optimiser);
    optimiser.seal();
    nae::ThreadPool workers(2);
    optimiser.use_workers(workers);
    std::vector<PhotoModel> models{model, model.replica(1)};

    const torch::Tensor blocks = torch::randn({4, 192, 8, 8}).contiguous(torch::MemoryFormat::ChannelsLast);
    const torch::Tensor quality = torch::tensor({0.1, 0.4, 0.6, 0.9});
    auto loss = [&](const PhotoModel& m, int64_t from, int64_t n) {
        const auto r = m.forward(blocks.narrow(0, from, n), quality.narrow(0, from, n), false);
        return (r.mse + r.bits_y + r.bits_z).sum();
    };
    loss(model, 0, 4).backward();
    std::vector<torch::Tensor> whole;
    for (const Parameter& p : optimiser.parameters()) {
        whole.push_back(p.leaf.grad());
        torch::Tensor leaf = p.leaf;
        leaf.mutable_grad() = torch::Tensor();
    }
    REQUIRE(workers
                .parallel_for(2,
                              [&](int64_t i) {
                                  loss(models[size_t(i)], 2 * i, 2).backward();
                                  return nae::Status();
                              })
                .ok());
    optimiser.add_gradients(models[1].leaves());
    for (size_t i = 0; i < whole.size(); ++i) {
        INFO(optimiser.parameters()[i].name);
        CHECK_FALSE(models[1].leaves()[i].grad().defined());
        if (!whole[i].defined()) continue;
        const double scale = whole[i].abs().max().item<double>();
        CHECK(torch::allclose(optimiser.leaf(int(i)).grad(), whole[i], 1e-4, 1e-5 * scale));
    }
    const torch::Tensor before = optimiser.value(0, false);
    optimiser.step(1e-2, 1e9, 0.9);
    REQUIRE(optimiser.norm() > 0);
    CHECK_FALSE(torch::equal(before, optimiser.value(0, false)));
    for (size_t i = 0; i < whole.size(); ++i)
        CHECK(torch::equal(models[1].leaves()[i].detach(), optimiser.leaf(int(i)).detach()));
}
