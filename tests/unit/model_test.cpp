#include "codec/model.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "codec/model_store.h"
#include "codec/sha256.h"
#include "format/container.h"
#include "format/crc32.h"
#include "format/little_endian.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

// A directory that goes away with the object.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/nae-model-test-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TemporaryDirectory() {
        const std::string command = "rm -rf '" + path_ + "'";
        if (std::system(command.c_str()) != 0) std::perror("rm");
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

Result<Model> parse(const std::vector<uint8_t>& bytes) {
    return parse_model(bytes.data(), bytes.size(), "x.nam");
}

// Corrects the CRC of every chunk, so that damage reaches the parsers behind it.
void fix_crcs(std::vector<uint8_t>& bytes) {
    size_t at = 8;
    while (at + 16 <= bytes.size()) {
        const uint64_t length = load_le<uint64_t>(bytes.data() + at + 4);
        if (length > bytes.size() - at - 16) return;
        std::vector<uint8_t> covered(bytes.begin() + static_cast<ptrdiff_t>(at),
                                     bytes.begin() + static_cast<ptrdiff_t>(at + 4));
        covered.insert(covered.end(), bytes.begin() + static_cast<ptrdiff_t>(at + 12),
                       bytes.begin() + static_cast<ptrdiff_t>(at + 12 + length));
        store_le(crc32_of(covered.data(), covered.size()), bytes.data() + at + 12 + length);
        at += 16 + static_cast<size_t>(length);
    }
}

}  // namespace

TEST_CASE("A model survives its file", "[model]") {
    const Model m = small_model();
    REQUIRE(validate(m).message() == "");
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const Result<Model> back = parse(bytes);
    REQUIRE(back.ok());
    CHECK(back.value().name == "test");
    CHECK(back.value().text == m.text);
    CHECK(back.value().has_analysis());
    CHECK(back.value().latent_tables == m.latent_tables);
    CHECK(back.value().hyper_tables == m.hyper_tables);
    CHECK(serialise_model(back.value()).value() == bytes);

    // The ID covers the decoding part only, which is itself a model file.
    const std::vector<uint8_t> part = serialise_decoding_part(m).value();
    CHECK(part.size() < bytes.size());
    const auto hash = sha256(part.data(), part.size());
    const ModelId id = model_id(m).value();
    CHECK(std::equal(id.begin(), id.end(), hash.begin()));
    const Result<Model> decoder = parse(part);
    REQUIRE(decoder.ok());
    CHECK_FALSE(decoder.value().has_analysis());
    CHECK(model_id(decoder.value()).value() == id);
    Model other = m;
    other.text = "another text";
    other.analysis = FloatGraph();
    other.hyper_analysis = FloatGraph();
    CHECK(model_id(other).value() == id);
    other.gains.latent.log2_gain[0] += 1;
    CHECK(model_id(other).value() != id);

    const Result<ReadyModelPtr> ready = load_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(ready.ok());
    CHECK(ready.value()->id == id);
    CHECK(ready.value()->decoding_part() == part);
    CHECK(ready.value()->model.has_analysis());
    CHECK(ready.value()->synthesis.output_channels() == 3);
    const Result<ReadyModelPtr> lean = load_model(bytes.data(), bytes.size(), "x.nam", true);
    REQUIRE(lean.ok());
    CHECK(lean.value()->id == id);
    CHECK_FALSE(lean.value()->model.has_analysis());
    CHECK(prepare_model(m, "memory").value()->id == id);
    CHECK(decoder_macs_per_pixel(m) ==
          Approx((12 * 768 + 12 * 16 + 2 * 9 * 16 * 16 + 16 * 768 + (4 * 32 * 9 / 16.0 + 8 * 96 / 4.0)) /
                 256.0));
}

TEST_CASE("Models that contradict themselves are refused", "[model]") {
    const Model m = small_model();
    const auto broken = [&](auto change) {
        Model copy = m;
        change(copy);
        return !validate(copy).ok() && !serialise_model(copy).ok();
    };
    CHECK(broken([](Model& x) { x.name = ""; }));
    CHECK(broken([](Model& x) { x.name = "a/b"; }));
    CHECK(broken([](Model& x) { x.name = "\xff"; }));
    CHECK(broken([](Model& x) { x.name = std::string(65, 'a'); }));
    CHECK(broken([](Model& x) { x.latent_channels = 11; }));
    CHECK(broken([](Model& x) { x.hyper_channels = 5; }));
    CHECK(broken([](Model& x) { x.output_frac_bits = 0; }));
    CHECK(broken([](Model& x) { x.output_frac_bits = 8; }));
    CHECK(broken([](Model& x) { x.synthesis = x.hyper_synthesis; }));
    CHECK(
        broken([](Model& x) { x.synthesis.nodes.pop_back(); }));  // right channels only after depth_to_space
    CHECK(broken([](Model& x) { x.gains.latent.channels = 11; }));
    CHECK(broken([](Model& x) { x.latent_tables.tables.resize(1); }));
    CHECK(broken([](Model& x) { x.hyper_tables.tables[2].escape_frequency += 1; }));
    CHECK(broken([](Model& x) { x.analysis = FloatGraph(); }));
    CHECK(broken([](Model& x) { std::swap(x.analysis, x.hyper_analysis); }));
    CHECK(broken([](Model& x) { x.synthesis.nodes[1].bias[0] = std::numeric_limits<int32_t>::max(); }));
    Limits limits;
    limits.max_macs_per_pixel = 100;
    CHECK(validate(m, limits).code() == ErrorCode::limit_exceeded);
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    CHECK(parse_model(bytes.data(), bytes.size(), "x.nam", false, limits).status().code() ==
          ErrorCode::limit_exceeded);
    limits = Limits();
    limits.max_model_bytes = bytes.size() - 1;
    CHECK(parse_model(bytes.data(), bytes.size(), "x.nam", false, limits).status().code() ==
          ErrorCode::limit_exceeded);
}

TEST_CASE("Bounds violated in a file are refused by name", "[model]") {
    Model m = small_model();
    // Written by hand, since serialise_model() would refuse: find the bias of the synthesis' first
    // convolution.
    std::vector<uint8_t> bytes = serialise_model(m).value();
    const int32_t bias = m.synthesis.nodes[1].bias[0], next = m.synthesis.nodes[1].bias[1];
    uint8_t pattern[8];
    store_le(bias, pattern);
    store_le(next, pattern + 4);
    const auto at = std::search(bytes.begin(), bytes.end(), pattern, pattern + 8);
    REQUIRE(at != bytes.end());
    store_le(std::numeric_limits<int32_t>::max(), &*at);
    CHECK(parse(bytes).status().code() == ErrorCode::corrupt);  // the CRC
    fix_crcs(bytes);
    const Status s = parse(bytes).status();
    CHECK(s.code() == ErrorCode::corrupt);
    CHECK(s.message().find("x.nam: SYNT: node 1 (conv): accumulator bound") != std::string::npos);
}

TEST_CASE("Damaged model files never crash and are never accepted as they were", "[model]") {
    const Model m = small_model(2, 6, 2);
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const ModelId id = model_id(m).value();
    for (size_t n = 0; n < bytes.size(); n += n < 200 ? 1 : 97) {
        CHECK_FALSE(parse_model(bytes.data(), n, "x.nam").ok());
    }
    Random rng(9);
    int accepted = 0;
    for (int round = 0; round < 3000; ++round) {
        std::vector<uint8_t> copy = bytes;
        // Mostly where structure is dense: the first bytes of chunks.
        const size_t span = pick(rng, 0, 2) == 0 ? copy.size() : std::min<size_t>(copy.size(), 400);
        const size_t base = pick(rng, 0, 1) ? 0 : copy.size() - span;
        for (int k = pick(rng, 1, 4); k > 0; --k) {
            uint8_t& b = copy[base + static_cast<size_t>(pick(rng, 0, static_cast<int>(span) - 1))];
            b = static_cast<uint8_t>(pick(rng, 0, 1) ? pick(rng, 0, 255) : b ^ (1 << pick(rng, 0, 7)));
        }
        if (copy == bytes) continue;
        const bool fixed = pick(rng, 0, 3) != 0;
        if (fixed) fix_crcs(copy);
        const Result<ReadyModelPtr> model = load_model(copy.data(), copy.size(), "x.nam");
        if (!model.ok()) {
            CHECK(model.status().code() != ErrorCode::internal);
            continue;
        }
        // With CRCs recomputed a changed weight is simply another model; what parses must also run.
        ++accepted;
        REQUIRE(fixed);
        const PackedGraph& s = model.value()->synthesis;
        Tensor16 input = random_tensor(rng, 2, 3, s.input_channels(), -32768, 32767), out;
        CHECK(Engine::run(s, {2, 3}, input, Rect{0, 0, 3, 2}, Rect{5, 6, 20, 20}, out).ok());
        CHECK(validate(model.value()->model.gains).ok());
    }
    CHECK(accepted > 0);
    CHECK(model_id(parse(bytes).value()).value() == id);
}

TEST_CASE("Chunks missing, repeated, unknown or out of order", "[model]") {
    const std::vector<uint8_t> part = serialise_decoding_part(small_model()).value();
    std::vector<std::vector<uint8_t>> chunks;
    for (size_t at = 8; at < part.size();) {
        const size_t length = static_cast<size_t>(load_le<uint64_t>(part.data() + at + 4)) + 16;
        chunks.emplace_back(part.begin() + static_cast<ptrdiff_t>(at),
                            part.begin() + static_cast<ptrdiff_t>(at + length));
        at += length;
    }
    REQUIRE(chunks.size() == 6);
    const auto join = [&](const std::vector<std::vector<uint8_t>>& list) {
        std::vector<uint8_t> out(part.begin(), part.begin() + 8);
        for (const auto& c : list) out.insert(out.end(), c.begin(), c.end());
        return out;
    };
    REQUIRE(parse(join(chunks)).ok());
    for (size_t i = 0; i < chunks.size(); ++i) {
        auto list = chunks;
        list.erase(list.begin() + static_cast<ptrdiff_t>(i));
        CHECK_FALSE(parse(join(list)).ok());
        list = chunks;
        list.insert(list.begin() + static_cast<ptrdiff_t>(i), chunks[i]);
        CHECK_FALSE(parse(join(list)).ok());
        if (i + 1 < chunks.size()) {
            list = chunks;
            std::swap(list[i], list[i + 1]);
            CHECK_FALSE(parse(join(list)).ok());
        }
        for (const bool critical : {true, false}) {
            MemorySink sink;
            ChunkWriter writer(sink, kModelSignature);
            REQUIRE(
                writer.write_chunk(critical ? ChunkType("XTRA") : ChunkType("xTRA"), std::vector<uint8_t>{1})
                    .ok());
            std::vector<uint8_t> extra = sink.take();
            extra.erase(extra.begin(), extra.begin() + 8);
            list = chunks;
            list.insert(list.begin() + static_cast<ptrdiff_t>(i), extra);
            const Result<Model> m = parse(join(list));
            CHECK(m.ok() == !critical);
            if (critical) CHECK(m.status().code() == ErrorCode::unsupported);
        }
    }
}

TEST_CASE("The store finds models by content and says where it looked", "[model]") {
    TemporaryDirectory dir;
    const Model a = small_model(1);
    Model b = small_model(2);
    b.name = "second";
    REQUIRE(save_model(a, dir.path() + "/zzz.nam").ok());
    REQUIRE(save_model(b, dir.path() + "/aaa.nam").ok());
    std::ofstream(dir.path() + "/broken.nam") << "this is not a model";
    std::ofstream(dir.path() + "/photo.txt") << "neither";

    ModelStore store({dir.path()});
    CHECK(store.search_path().front() == dir.path());
    const ModelId id = model_id(a).value();
    const Result<ReadyModelPtr> found = store.by_id(id, "whatever");
    REQUIRE(found.ok());
    CHECK(found.value()->name() == "test");
    CHECK(found.value()->origin == dir.path() + "/zzz.nam");
    CHECK(store.by_id(id, "").value() == found.value());  // the same object
    const Result<ReadyModelPtr> named = store.by_name("second");
    REQUIRE(named.ok());
    CHECK(named.value()->model.has_analysis());
    CHECK(store.by_name(dir.path() + "/aaa.nam").value() == named.value());
    CHECK(store.by_id(model_id(b).value(), "second").ok());

    ModelId unknown{};
    const Status s = store.by_id(unknown, "photo").status();
    CHECK(s.code() == ErrorCode::model_not_found);
    CHECK(s.message().find("photo") != std::string::npos);
    CHECK(s.message().find("0000000000000000") != std::string::npos);
    CHECK(s.message().find(dir.path()) != std::string::npos);
    CHECK(s.message().find("broken.nam") != std::string::npos);
    CHECK(store.by_name("third").status().code() == ErrorCode::model_not_found);
    CHECK(store.by_name("/nowhere/x.nam").status().code() == ErrorCode::io);

    size_t usable = 0, listed = 0;
    for (const ModelStore::Entry& e : store.list()) {
        if (e.path.compare(0, dir.path().size(), dir.path()) != 0) continue;
        ++listed;
        usable += e.status.ok() ? 1 : 0;
    }
    CHECK(listed == 3);
    CHECK(usable == 2);

    TemporaryDirectory other;
    Model c = small_model(3);
    c.name = "third";
    REQUIRE(save_model(c, other.path() + "/c.nam").ok());
    setenv("NAE_MODEL_PATH", ("/nowhere::" + other.path()).c_str(), 1);
    const Result<ReadyModelPtr> third = store.by_name("third");
    unsetenv("NAE_MODEL_PATH");
    CHECK(third.ok());
}

TEST_CASE("A model file that was changed is not found under its old ID", "[model]") {
    const Model m = small_model(6);
    const ModelId id = model_id(m).value();
    const std::vector<uint8_t> file = serialise_decoding_part(m).value();
    size_t other_models = 0;
    for (size_t at = 30; at < file.size(); at += 1 + file.size() / 80) {
        CAPTURE(at);
        TemporaryDirectory dir;
        std::vector<uint8_t> changed = file;
        changed[at] ^= 1;
        fix_crcs(changed);
        std::ofstream(dir.path() + "/m.nam", std::ios::binary)
            .write(reinterpret_cast<const char*>(changed.data()),
                   static_cast<std::streamsize>(changed.size()));
        ModelStore store({dir.path()});
        CHECK(store.by_id(id, m.name).status().code() == ErrorCode::model_not_found);
        other_models += store.by_name(dir.path() + "/m.nam").ok() ? 1 : 0;
    }
    CHECK(other_models > 10);  // readable, but for their ID
}

TEST_CASE("An embedded model must have the ID the picture names", "[model]") {
    const Model m = small_model(4);
    const std::vector<uint8_t> part = serialise_decoding_part(m).value();
    ModelStore store;
    ModelId id = model_id(m).value();
    id[0] ^= 1;
    CHECK(store.embedded(part.data(), part.size(), id, "p.nae", Limits()).status().code() ==
          ErrorCode::model_mismatch);
    id[0] ^= 1;
    const Result<ReadyModelPtr> ready = store.embedded(part.data(), part.size(), id, "p.nae", Limits());
    REQUIRE(ready.ok());
    CHECK(ready.value()->origin == "p.nae: embedded model");
    // What a store finds by ID does not depend on the pictures opened before.
    CHECK_FALSE(store.by_id(id, "").ok());
    CHECK(store.embedded(part.data(), part.size(), id, "q.nae", Limits()).value() == ready.value());
    CHECK_FALSE(ModelStore().embedded(part.data(), part.size() - 1, id, "p.nae", Limits()).ok());
}
