// EFFORT 5 and above: what the encoder asks of a backend that refines symbols, and what it makes of the answer.
#include <catch2/catch.hpp>
#include <functional>

#include "codec/band_refiner.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

// Answers as the test says: where symbols should lie, whatever their bits.
class Refiner : public BlockMeans {
  public:
    using Answer = std::function<Status(const Refinement&, const int16_t*, float* target)>;
    explicit Refiner(Answer answer) : answer_(std::move(answer)) {}
    Status refine(const Refinement& task, const int16_t* symbols, float* target, float* weight) override {
        ++calls;
        const auto count =
            static_cast<size_t>(task.h) * static_cast<size_t>(task.w) * static_cast<size_t>(task.channels);
        std::copy_n(symbols, count, target);
        std::fill_n(weight, count, 1e6F);
        return answer_(task, symbols, target);
    }
    int calls = 0;

  private:
    Answer answer_;
};

std::vector<uint8_t> pixels_with(AnalysisBackend& analysis, const Picture& picture, int effort) {
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.effort = effort;
    return decode_all(*open_bytes(encode_bytes(options, picture)));
}

}  // namespace

TEST_CASE("refinement: asked for from effort 5 on, and more of it the higher the effort", "[refine]") {
    for (int effort = 1; effort < 5; ++effort) CHECK(refinement_rounds(effort) == 0);
    for (int effort = 5; effort <= 9; ++effort)
        CHECK(refinement_rounds(effort) > refinement_rounds(effort - 1));
}

TEST_CASE("refinement: a worse answer changes nothing (symbol_search_test.cpp has better ones)", "[refine]") {
    const Picture picture = make_picture(150, 90, 3);
    Refiner worse([](const Refinement& t, const int16_t* symbols, float* target) {
        for (int i = 0; i < t.h * t.w * t.channels; ++i)
            if (t.index[i] != 0 && t.free[i / t.channels] != 0)
                target[i] = static_cast<float>(symbols[i] + 40 * (i % 5 - 2));
        return Status();
    });
    BlockMeans plain;
    CHECK((pixels_with(worse, picture, 9) == pixels_with(plain, picture, 4)));
    CHECK(worse.calls == 1);  // the next gradient would be the same
}

TEST_CASE("refinement: each gradient begins where the last good one has ended", "[refine]") {
    const Picture picture = make_picture(80, 60, 3);
    std::vector<int16_t> begun[2];
    int call = 0;
    Refiner spy([&](const Refinement& t, const int16_t* symbols, float* target) {
        const auto count = static_cast<ptrdiff_t>(t.h) * t.w * t.channels;
        if (call < 2) begun[call].assign(symbols, symbols + count);
        // No bits at all for the first, which cannot be worse than the bits of noise; nonsense for the others. What is aimed at is
        // taken half-heartedly, so from further away.
        for (ptrdiff_t i = 0; i < count; ++i)
            if (t.index[i] != 0 && t.free[i / t.channels] != 0)
                target[i] = call == 0 ? -static_cast<float>(symbols[i]) : 300;
        ++call;
        return Status();
    });
    EncoderOptions options = small_options(small_ready_model(), spy);
    options.effort = 9;
    options.distortion_weight = 1e-9;  // bits are all that counts
    encode_bytes(options, picture);
    CHECK(call == 2);
    const auto bits = [](const std::vector<int16_t>& symbols) {
        double sum = 0;
        for (const int16_t s : symbols) sum += std::log2(1.0 + std::abs(s));
        return sum;
    };
    CHECK(bits(begun[0]) > 0);
    CHECK(bits(begun[1]) < 0.5 * bits(begun[0]));
}

TEST_CASE("refinement: what the decoder cannot confirm is left alone", "[refine]") {
    // A synthesis that reaches further than the last strip is high: five positions behind the first 1024 rows.
    Model model = small_model();
    GraphBuilder b(kSmallLatents, -4000, 4000);
    int x = b.input();
    std::mt19937 random(1);
    for (int i = 0; i < 3; ++i) {
        ConvParams same = conv_params(kSmallLatents, kSmallLatents, 5, random, 0);
        for (int c = 0; c < kSmallLatents; ++c) centre_tap(same, kSmallLatents, c, c) = 4096;
        x = b.conv(x, same);
    }
    ConvParams paint = conv_params(3, 192, 1, random, 0);
    for (int c = 0; c < 192; ++c) centre_tap(paint, 3, c, c % 3) = 4096;
    b.depth_to_space(b.conv(b.depth_to_space(x, 2), paint), 8);
    model.synthesis = b.take();
    auto ready = prepare_model(std::move(model), "far.nam");
    REQUIRE(ready.ok());

    const Picture picture = make_picture(64, 1024 + 80, 3);
    Refiner nothing_left([](const Refinement& t, const int16_t*, float* target) {
        if (t.h == 5) std::fill_n(target, t.h * t.w * t.channels, 0.0F);  // no bits at all
        return Status();
    });
    BlockMeans plain;
    std::vector<uint8_t> pixels[2];
    for (const int effort : {4, 9}) {
        EncoderOptions options =
            small_options(ready.value(), effort == 4 ? plain : static_cast<AnalysisBackend&>(nothing_left));
        options.effort = effort;
        pixels[effort == 9] = decode_all(*open_bytes(encode_bytes(options, picture)));
    }
    CHECK((pixels[0] == pixels[1]));
}

TEST_CASE("refinement: tasks are consistent, and what is beyond a block stays as it is", "[refine]") {
    // Wider than a block and higher than a strip.
    const Picture picture = make_picture(1100, 1100, 3);
    Refiner spy([&](const Refinement& t, const int16_t* symbols, float* target) {
        CHECK(t.channels == kSmallLatents);
        CHECK(t.bits_per_error > 0);
        CHECK(t.pixel_unit == 1.0F / 16);
        int free = 0;
        bool zeros = true;
        for (int i = 0; i < t.h * t.w * t.channels; ++i) zeros &= t.index[i] != 0 || symbols[i] == 0;
        for (int i = 0; i < t.h * t.w; ++i) free += t.free[i];
        CHECK(zeros);
        CHECK(free > 0);
        for (int i = 0; i < t.h * t.w * t.channels; ++i)
            if (t.free[i / t.channels] == 0)
                target[i] = 0;  // not theirs to change; must not get into the file
        return Status();
    });
    BlockMeans plain;
    CHECK((pixels_with(spy, picture, 6) == pixels_with(plain, picture, 4)));
    CHECK(spy.calls == 6);  // two blocks across, three down
}

TEST_CASE("refinement: a backend that cannot leaves the symbols as they are, other failures are the caller's",
          "[refine]") {
    const Picture picture = make_picture(70, 50, 1);
    BlockMeans cannot;
    CHECK((pixels_with(cannot, picture, 9) == pixels_with(cannot, picture, 4)));

    Refiner fails(
        [](const Refinement&, const int16_t*, float*) { return Status(ErrorCode::internal, "no gradient"); });
    EncoderOptions options = small_options(small_ready_model(), fails);
    options.effort = 9;
    MemoryImageSource image(picture.pixels.data(), picture.width, picture.height, picture.bands);
    MemorySink sink;
    const Status status = encode(options, image, Metadata(), sink);
    CHECK(status.code() == ErrorCode::internal);
    CHECK(status.message() == "refinement: no gradient");
}

TEST_CASE("refinement: progress moves with the rounds, and can cancel in the midst of them", "[refine]") {
    const Picture picture = make_picture(200, 200, 3);
    Refiner rounds([](const Refinement& t, const int16_t*, float*) {
        return t.go_on() ? Status() : Status(ErrorCode::cancelled, "stopped");
    });
    EncoderOptions options = small_options(small_ready_model(), rounds);
    options.effort = 9;
    double last = 0;
    int calls = 0;
    options.progress = [&](double done) {
        CHECK(done >= last);
        CHECK(done <= 1);
        last = done;
        ++calls;
        return true;
    };
    encode_bytes(options, picture);
    CHECK(last == 1);
    CHECK(calls > 2);

    options.progress = [](double done) { return done < 0.5; };
    MemoryImageSource image(picture.pixels.data(), picture.width, picture.height, picture.bands);
    MemorySink sink;
    CHECK(encode(options, image, Metadata(), sink).code() == ErrorCode::cancelled);
}
