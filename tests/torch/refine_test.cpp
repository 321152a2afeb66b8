// Gradients through the integer decoder's shadow: the shadow is faithful, and following it pays.
#include "codec/torch/refine.h"

#include <random>

#include "codec/float_shadow.h"
#include "codec/latent_quantiser.h"
#include "codec/torch/torch_analysis.h"
#include "tests/support/tiny_model.h"
#include "tests/torch/catch_after_torch.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

void check_shadow(const Graph& graph, int side, int output_side, int spread, double off) {
    auto packed = PackedGraph::create(graph);
    REQUIRE(packed.ok());
    const int c = packed.value().input_channels(), out_c = packed.value().output_channels();
    Tensor16 in(side, side, c), out;
    std::mt19937 random(3);
    std::vector<float> real;
    for (int16_t& v : in.data) {
        v = int16_t(int(random() % unsigned(2 * spread + 1)) - spread);
        real.push_back(v);
    }
    REQUIRE(Engine::run(packed.value(), Extents{side, side}, in, Rect{0, 0, side, side},
                        Rect{0, 0, output_side, output_side}, out)
                .ok());
    const FloatGraph shadow = float_shadow(graph);
    REQUIRE(validate(shadow).ok());
    auto networks = TorchAnalysis::create(shadow, shadow, 1);
    std::vector<float> found(out.data.size());
    REQUIRE(
        networks->run(0, real.data(), side, side, c, found.data(), output_side, output_side, out_c).empty());
    double largest = 0;
    for (size_t i = 0; i < found.size(); ++i)
        largest = std::max(largest, std::fabs(double(found[i]) - double(out.data[i])));
    CHECK(largest < off);
}

// BlockMeans with gradients.
class Refining : public BlockMeans {
  public:
    explicit Refining(const Model& m)
        : networks_(TorchAnalysis::create(nothing(), nothing(), 1, float_shadow(m.synthesis))) {}
    Status refine(const nae_refinement& task, int16_t* symbols) override {
        const std::string wrong = networks_->refine(task, symbols);
        return wrong.empty() ? Status() : Status(ErrorCode::internal, wrong);
    }

  private:
    static FloatGraph nothing() { return FloatGraphBuilder(1).take(); }
    std::unique_ptr<TorchAnalysis> networks_;
};

}  // namespace

TEST_CASE("the shadow of an integer network computes the same but for roundings") {
    check_shadow(small_model().synthesis, 6, 96, 500, 3);
    check_shadow(make_tiny_model().synthesis, 4, 64, 100, 8);
}

TEST_CASE("higher efforts lower bits + weight * squared error") {
    const Model model = small_model();
    const Picture picture = make_picture(150, 100, 3);
    for (const double quality : {50.0, 70.0, 90.0}) {
        double last = 0;
        for (const int effort : {5, 6, 9}) {
            Refining analysis(model);
            EncoderOptions options = small_options(small_ready_model(), analysis);
            options.quality = quality;
            options.effort = effort;
            EncodeStatistics statistics;
            const auto bytes = encode_bytes(options, picture, &statistics);
            const double noise = std::pow(10.0, -psnr(picture, decode_all(*open_bytes(bytes))) / 10);
            const double squares = 255.0 * 255.0 * noise * double(picture.pixels.size());
            const double cost = 8.0 * double(statistics.latent_bytes) +
                                distortion_weight_at(int(100 * quality)) / 3 * squares;
            INFO("quality " << quality << ", effort " << effort << ": " << cost << " after " << last);
            if (effort == 6) CHECK(cost < 0.999 * last);
            if (effort == 9) CHECK(cost <= last);
            last = cost;
        }
    }
}

TEST_CASE("the same refinement gives the same file") {
    const Model model = small_model();
    const Picture picture = make_picture(100, 80, 3);
    std::vector<uint8_t> first;
    for (int i = 0; i < 2; ++i) {
        Refining analysis(model);
        EncoderOptions options = small_options(small_ready_model(), analysis);
        options.effort = 7;
        const auto bytes = encode_bytes(options, picture);
        if (i > 0) CHECK((bytes == first));
        first = bytes;
    }
}

TEST_CASE("without a synthesis, or of nothing, refinement says so") {
    const FloatGraph nothing = FloatGraphBuilder(1).take();
    nae_refinement task{};
    int16_t symbol = 0;
    CHECK_FALSE(TorchAnalysis::create(nothing, nothing, 1)->refine(task, &symbol).empty());
    CHECK_FALSE(TorchAnalysis::create(nothing, nothing, 1, nothing)->refine(task, &symbol).empty());
}
