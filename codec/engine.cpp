#include "codec/engine.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "codec/conv_bfloat16.h"
#include "codec/engine_kernels.h"
#include "codec/engine_plan.h"
#include "codec/thread_team.h"
#include "format/text.h"

namespace nae {
namespace {

// Less than so many multiplications are not shared out: they take some 50 us, and what the other threads would add they lose
// by fetching the values from one another's caches. A value that is only moved counts as kMoving of them.
constexpr int64_t kMinShared = 1 << 24;
constexpr int64_t kMoving = 64;
// Parts a thread, so that one that comes late is not waited for.
constexpr int64_t kPartsPerThread = 4;
// Rows of cells, of 192 values say, that stay in a core's cache until their pixels have been written.
constexpr int64_t kRowsInCache = 4;

// Values of one node: `rect` of its raster, dense.
struct Buffer {
    AlignedVector16 storage;
    int16_t* data = nullptr;
    Rect rect;
    int channels = 0;

    ptrdiff_t row() const { return static_cast<ptrdiff_t>(rect.w) * channels; }
    int16_t* at(int64_t y, int64_t x) { return data + (y - rect.y) * row() + (x - rect.x) * channels; }
    const int16_t* at(int64_t y, int64_t x) const {
        return data + (y - rect.y) * row() + (x - rect.x) * channels;
    }
};

// Zeroes what lies in `buffer` but not in `inner`.
void clear_frame(Buffer& buffer, const Rect& inner) {
    const Rect& r = buffer.rect;
    const auto clear = [&](int64_t y, int64_t x0, int64_t x1) {
        if (x1 > x0) {
            std::memset(buffer.at(y, x0), 0,
                        static_cast<size_t>((x1 - x0) * buffer.channels) * sizeof(int16_t));
        }
    };
    for (int64_t y = r.y; y < r.bottom(); ++y) {
        if (y < inner.y || y >= inner.bottom()) {
            clear(y, r.x, r.right());
        } else {
            clear(y, r.x, inner.x);
            clear(y, inner.right(), r.right());
        }
    }
}

// Copies `count` times `run` values; those from `from` are from_step apart, those to `to` to_step.
void copy_runs(const int16_t* from, ptrdiff_t from_step, int16_t* to, ptrdiff_t to_step, int64_t run,
               int64_t count) {
    // A size the compiler knows: a copy is then two moves instead of a call. A row of a cell of 2 x 2 pixels has it.
    constexpr int64_t kUsual = 6;
    if (run == kUsual) {
        for (; count > 0; --count, from += from_step, to += to_step)
            std::memcpy(to, from, kUsual * sizeof(*to));
        return;
    }
    for (; count > 0; --count, from += from_step, to += to_step)
        std::memcpy(to, from, static_cast<size_t>(run) * sizeof(*to));
}

int16_t clamp16(int64_t v, int32_t lo, int32_t hi) {
    return static_cast<int16_t>(v < lo ? lo : v > hi ? hi : v);
}

// Working memory of the kernels: each thread takes one for a part, and they are kept for the next parts.
class ScratchStock {
  public:
    std::unique_ptr<ConvScratch> take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (free_.empty()) return std::make_unique<ConvScratch>();
        std::unique_ptr<ConvScratch> scratch = std::move(free_.back());
        free_.pop_back();
        return scratch;
    }
    void give_back(std::unique_ptr<ConvScratch> scratch) {
        const std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(std::move(scratch));
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<ConvScratch>> free_;
};

// Where the last node's values go: to a tensor, which is resized, or to memory of their size.
struct Output {
    Tensor16* tensor = nullptr;
    int16_t* memory = nullptr;
};

// One call of Engine::run after its arguments have been checked.
class Execution {
  public:
    Execution(const PackedGraph::Data& data, const Plan& plan, const Kernels& kernels, ThreadTeam* team,
              const UnusedChannels& unused)
        : data_(data),
          plan_(plan),
          kernels_(kernels),
          team_(team),
          unused_(unused),
          buffers_(plan.nodes.size()) {}

    // `last`: the node whose values go to `out`; those behind it are left out.
    Status run(const TensorView16& input, const Rect& input_rect, size_t last, const Output& out,
               const Engine::RowsDone& rows_done) {
        for (size_t i = 0; i <= last; ++i) {
            const NodePlan& node = plan_.nodes[i];
            if (node.last_use < 0 || node.fused_into >= 0) continue;
            allocate(i, i == last ? &out : nullptr);
            const bool report = i == last && rows_done != nullptr;
            NAE_RETURN_IF_ERROR(by_rows(i, report, [&](const Rect& part) {
                if (i == 0) {
                    copy_input(input, input_rect, part);
                } else {
                    execute(i, part);
                }
                return report ? rows_done(part) : Status();
            }));
            clear_frame(buffers_[i], node.compute);
            for (size_t k = 0; k < i; ++k) {
                if (plan_.nodes[k].last_use == static_cast<int>(i)) release(buffers_[k]);
            }
        }
        return Status();
    }

  private:
    // body(convolution) for those that are executed with node `i`.
    template <class F>
    void for_convolutions(size_t i, F body) const {
        for (size_t k = 0; k <= i; ++k)
            if (data_.graph.nodes[k].op == Op::conv && (k == i || fused_into(k, i))) body(k);
    }

    // Operations that node `i` takes, roughly: multiplications, or values written.
    int64_t operations(size_t i) const {
        const Rect& r = plan_.nodes[i].compute;
        int64_t each = 0;
        for_convolutions(i, [&](size_t conv) {
            const Node& node = data_.graph.nodes[conv];
            each += int64_t{data_.info.nodes[conv].channels} * node.kernel * node.kernel *
                    data_.info.nodes[node.inputs[0]].channels;
        });
        return r.w * r.h * (each > 0 ? each : data_.info.nodes[i].channels * kMoving);
    }

    // Whether parts of node `i` should be of even height: Winograd's tiles have two rows.
    bool in_pairs_of_rows(size_t i) const {
        bool pairs = false;
        for_convolutions(i, [&](size_t conv) { pairs = pairs || data_.graph.nodes[conv].kernel == 3; });
        return pairs;
    }

    // What node `i` computes, in horizontal parts, shared out among the team's threads where that pays; in_parts: in any case in
    // parts that a core's cache holds.
    template <class F>
    Status by_rows(size_t i, bool in_parts, F body) {
        const Rect& r = plan_.nodes[i].compute;
        const bool shared =
            team_ != nullptr && team_->threads() > 1 && r.h >= 4 && (in_parts || operations(i) >= kMinShared);
        if (!shared && !in_parts) return body(r);
        const int64_t wanted = shared ? div_up(r.h, team_->threads() * kPartsPerThread) : r.h;
        const int64_t unit = in_pairs_of_rows(i) ? 2 : 1;
        const int64_t step = div_up(in_parts ? std::min(wanted, kRowsInCache) : wanted, unit) * unit;
        return share(shared ? team_ : nullptr, div_up(r.h, step), [&](int64_t k) {
            const int64_t y = r.y + k * step;
            return body(Rect{r.x, y, r.w, std::min(step, r.bottom() - y)});
        });
    }

    void allocate(size_t i, const Output* out) {
        Buffer& b = buffers_[i];
        b.rect = plan_.nodes[i].buffer;
        b.channels = data_.info.nodes[i].channels;
        const size_t size = static_cast<size_t>(b.row()) * static_cast<size_t>(b.rect.h);
        if (out != nullptr) {
            if (out->tensor != nullptr)
                out->tensor->resize(static_cast<int>(b.rect.h), static_cast<int>(b.rect.w), b.channels);
            b.data = out->tensor != nullptr ? out->tensor->data.data() : out->memory;
            return;
        }
        // Reuse memory that is already mapped: the free buffer that wastes least.
        AlignedVector16* best = nullptr;
        for (AlignedVector16& f : free_) {
            if (f.size() >= size + kTensorSlack && (best == nullptr || f.size() < best->size())) best = &f;
        }
        if (best != nullptr) {
            b.storage = std::move(*best);
            std::swap(*best, free_.back());
            free_.pop_back();
        } else {
            b.storage.resize(size + kTensorSlack);
        }
        // Paired input channels may read here; the weights there are 0, but the bytes should be defined.
        std::fill_n(b.storage.begin() + static_cast<ptrdiff_t>(size), kTensorSlack, int16_t{0});
        b.data = b.storage.data();
    }

    void release(Buffer& b) {
        if (!b.storage.empty()) free_.push_back(std::move(b.storage));
        b = Buffer();
    }

    void copy_input(const TensorView16& input, const Rect& input_rect, const Rect& r) {
        const NodeInfo& info = data_.info.nodes[0];
        const int16_t lo = static_cast<int16_t>(info.lo), hi = static_cast<int16_t>(info.hi);
        for (int64_t y = r.y; y < r.bottom(); ++y) {
            const int16_t* from =
                input.pixel(static_cast<int>(y - input_rect.y), static_cast<int>(r.x - input_rect.x));
            int16_t* to = buffers_[0].at(y, r.x);
            const int64_t n = r.w * info.channels;
            for (int64_t k = 0; k < n; ++k) to[k] = std::min(std::max(from[k], lo), hi);
        }
    }

    // The part `r` of node `i`.
    void execute(size_t i, const Rect& r) {
        if (plan_.nodes[i].fused_conv >= 0) return conv(static_cast<size_t>(plan_.nodes[i].fused_conv), i, r);
        switch (data_.graph.nodes[i].op) {
            case Op::conv:
                conv(i, i, r);
                break;
            case Op::add:
                add(i, r);
                break;
            case Op::concat:
                concat(i, r);
                break;
            case Op::slice:
                slice(i, r);
                break;
            case Op::depth_to_space:
                depth_to_space(i, r);
                break;
            case Op::space_to_depth:
                space_to_depth(i, r);
                break;
            default:
                pointwise(i, r);
                break;
        }
    }

    const Buffer& in(size_t i, size_t which = 0) const {
        return buffers_[data_.graph.nodes[i].inputs[which]];
    }

    bool fused_into(size_t conv, size_t i) const {
        return plan_.nodes[conv].fused_into == static_cast<int>(i);
    }

    // Part `r` of convolution `conv`, written to the buffer of node `i`: itself, or what it is fused into, of a concat from channel
    // `offset` on.
    void conv(size_t conv, size_t i, const Rect& r, int offset = 0) {
        const int64_t end =
            std::clamp(i + 1 == data_.graph.nodes.size() ? unused_.above : r.y, r.y, r.bottom());
        if (end > r.y) conv_rows(conv, i, Rect{r.x, r.y, r.w, end - r.y}, offset, unused_.channels - offset);
        if (end < r.bottom()) conv_rows(conv, i, Rect{r.x, end, r.w, r.bottom() - end}, offset, 0);
    }

    // Nobody looks at the first `unused` of its channels.
    void conv_rows(size_t conv, size_t i, const Rect& r, int offset, int unused) {
        if (unused >= data_.info.nodes[conv].channels) return;
        const Node& node = data_.graph.nodes[conv];
        const Buffer& from = in(conv);
        Buffer& to = buffers_[i];
        ConvTask t;
        t.node = &node;
        t.packed = &data_.convs[conv];
        t.in_channels = from.channels;
        t.in = from.at(r.y * node.stride - node.kernel / 2, r.x * node.stride - node.kernel / 2);
        t.in_row = from.row();
        t.out = to.at(r.y, r.x) + offset;
        t.out_row = to.row();
        t.out_pixel = to.channels;
        t.first_channel = std::max(unused, 0);
        t.h = static_cast<int>(r.h);
        t.w = static_cast<int>(r.w);
        std::unique_ptr<ConvScratch> scratch = scratch_.take();
        t.scratch = scratch.get();
        const Node& reader = data_.graph.nodes[i];
        if (reader.op == Op::leaky_relu) {
            t.slope = reader.slope;
        } else if (reader.op == Op::add) {
            const Buffer& other = in(i, reader.inputs[0] == conv ? 1 : 0);
            t.addend = other.at(r.y, r.x);
            t.addend_row = other.row();
            t.add_lo = reader.lo;
            t.add_hi = reader.hi;
        }
        kernels_.conv(t);
        scratch_.give_back(std::move(scratch));
    }

    void add(size_t i, const Rect& r) {
        const Node& node = data_.graph.nodes[i];
        for (int64_t y = r.y; y < r.bottom(); ++y) {
            kernels_.add(in(i, 0).at(y, r.x), in(i, 1).at(y, r.x), buffers_[i].at(y, r.x),
                         static_cast<size_t>(r.w * buffers_[i].channels), node.lo, node.hi);
        }
    }

    void pointwise(size_t i, const Rect& r) {
        const Node& node = data_.graph.nodes[i];
        const int channels = buffers_[i].channels;
        const int64_t n = r.w * channels;
        for (int64_t y = r.y; y < r.bottom(); ++y) {
            const int16_t* a = in(i).at(y, r.x);
            int16_t* out = buffers_[i].at(y, r.x);
            if (node.op == Op::relu) {
                for (int64_t k = 0; k < n; ++k) out[k] = std::max<int16_t>(a[k], 0);
            } else if (node.op == Op::leaky_relu) {
                for (int64_t k = 0; k < n; ++k) out[k] = leaky(a[k], node.slope);
            } else {  // gain
                for (int64_t x = 0; x < r.w; ++x, a += channels, out += channels) {
                    for (int c = 0; c < channels; ++c) {
                        const int64_t product =
                            static_cast<int64_t>(a[c]) * node.mult[static_cast<size_t>(c)];
                        out[c] = clamp16((product + (1 << 15)) >> 16, node.lo, node.hi);
                    }
                }
            }
        }
    }

    void concat(size_t i, const Rect& r) {
        int begin = 0;
        for (const uint16_t input : data_.graph.nodes[i].inputs) {
            const int channels = data_.info.nodes[input].channels;
            if (fused_into(input, i))
                conv(input, i, r, begin);
            else
                copy_channels(buffers_[input], 0, buffers_[i], begin, channels, r);
            begin += channels;
        }
    }

    void slice(size_t i, const Rect& r) {
        copy_channels(in(i), data_.graph.nodes[i].begin, buffers_[i], 0, buffers_[i].channels, r);
    }

    static void copy_channels(const Buffer& from, ptrdiff_t from_begin, Buffer& to, ptrdiff_t to_begin,
                              int count, const Rect& r) {
        for (int64_t y = r.y; y < r.bottom(); ++y) {
            const int16_t* a = from.at(y, r.x) + from_begin;
            int16_t* out = to.at(y, r.x) + to_begin;
            for (int64_t x = 0; x < r.w; ++x, a += from.channels, out += to.channels) {
                std::memcpy(out, a, static_cast<size_t>(count) * sizeof(int16_t));
            }
        }
    }

    // Values of one input pixel for output row y are adjacent, for all dx: whole runs are copied.
    void depth_to_space(size_t i, const Rect& r) {
        const int64_t b = data_.graph.nodes[i].block;
        Buffer& to = buffers_[i];
        const Buffer& from = in(i);
        const int64_t channels = to.channels, run = b * channels;
        const int64_t first = div_up(r.x, b), end = div_down(r.right(), b);  // whole cells
        for (int64_t y = r.y; y < r.bottom(); ++y) {
            const ptrdiff_t row = y % b * run;
            const auto part = [&](int64_t x, int64_t n) {  // of a cell
                copy_runs(from.at(y / b, x / b) + row + x % b * channels, 0, to.at(y, x), 0, n * channels, 1);
            };
            if (first > end) {  // within one cell
                part(r.x, r.w);
                continue;
            }
            if (r.x < first * b) part(r.x, first * b - r.x);
            if (first < end)
                copy_runs(from.at(y / b, first) + row, from.channels, to.at(y, first * b), run, run,
                          end - first);
            if (end * b < r.right()) part(end * b, r.right() - end * b);
        }
    }

    // The input's buffer contains the zeros beyond the extents.
    void space_to_depth(size_t i, const Rect& r) {
        const int64_t b = data_.graph.nodes[i].block;
        Buffer& to = buffers_[i];
        const Buffer& from = in(i);
        const int64_t run = b * from.channels;
        for (int64_t y = r.y; y < r.bottom(); ++y)
            for (int64_t dy = 0; dy < b; ++dy)
                copy_runs(from.at(y * b + dy, r.x * b), run, to.at(y, r.x) + dy * run, to.channels, run, r.w);
    }

    const PackedGraph::Data& data_;
    const Plan& plan_;
    const Kernels& kernels_;
    ThreadTeam* const team_;
    const UnusedChannels unused_;
    std::vector<Buffer> buffers_;
    std::vector<AlignedVector16> free_;
    ScratchStock scratch_;
};

constexpr EngineLevel kLevels[] = {EngineLevel::scalar, EngineLevel::other, EngineLevel::ssse3,
                                   EngineLevel::sse4,   EngineLevel::avx2,  EngineLevel::avx3,
                                   EngineLevel::avx3_dl};

const Kernels* kernels_of(EngineLevel level) {
    return level == EngineLevel::scalar ? &scalar_kernels() : simd_kernels(level);
}

// The level `automatic` stands for.
Result<EngineLevel> default_level() {
    const char* name = std::getenv("NAE_ENGINE");
    if (name != nullptr && *name != '\0') {
        const Result<EngineLevel> level = parse_engine_level(name);
        if (!level.ok()) return level.status().in("NAE_ENGINE");
        if (level.value() != EngineLevel::automatic) return level;
    }
    static const EngineLevel best = available_engine_levels().back();
    return best;
}

}  // namespace

const char* engine_level_name(EngineLevel level) {
    switch (level) {
        case EngineLevel::automatic:
            return "automatic";
        case EngineLevel::scalar:
            return "scalar";
        case EngineLevel::ssse3:
            return "ssse3";
        case EngineLevel::sse4:
            return "sse4";
        case EngineLevel::avx2:
            return "avx2";
        case EngineLevel::avx3:
            return "avx3";
        case EngineLevel::avx3_dl:
            return "avx3_dl";
        case EngineLevel::other:
            return "other";
    }
    return "unknown";
}

Result<EngineLevel> parse_engine_level(const char* name) {
    if (std::strcmp(name, "automatic") == 0) return EngineLevel::automatic;
    for (EngineLevel level : kLevels) {
        if (std::strcmp(name, engine_level_name(level)) == 0) return level;
    }
    return Status(ErrorCode::invalid_argument, cat("no engine level is called \"", name, "\""));
}

std::vector<EngineLevel> available_engine_levels() {
    std::vector<EngineLevel> levels;
    for (EngineLevel level : kLevels) {
        if (kernels_of(level) != nullptr) levels.push_back(level);
    }
    return levels;
}

Result<const Kernels*> kernels_for(EngineLevel level) {
    if (level == EngineLevel::automatic) {
        NAE_ASSIGN_OR_RETURN(level, default_level());
    }
    if (const Kernels* kernels = kernels_of(level)) return kernels;
    return Status(ErrorCode::unsupported, cat("engine level ", engine_level_name(level), " on this machine"));
}

bool bfloat16_by_default() {
    const Result<EngineLevel> level = default_level();
    return level.ok() && (level.value() == EngineLevel::avx3 || level.value() == EngineLevel::avx3_dl) &&
           has_bfloat16();
}

Result<PackedGraph> PackedGraph::create(Graph graph, const Limits& limits) {
    auto data = std::make_shared<Data>();
    NAE_ASSIGN_OR_RETURN(data->info, validate(graph, limits));
    data->graph = std::move(graph);
    data->convs.resize(data->graph.nodes.size());
    for (size_t i = 0; i < data->convs.size(); ++i) {
        const Node& node = data->graph.nodes[i];
        if (node.op != Op::conv) continue;
        const NodeInfo& in = data->info.nodes[node.inputs[0]];
        data->convs[i] = pack_conv(node, in.channels, std::max(std::abs(in.lo), std::abs(in.hi)));
    }
    PackedGraph packed;
    packed.data_ = std::move(data);
    return packed;
}

const Graph& PackedGraph::graph() const { return data_->graph; }
const GraphInfo& PackedGraph::info() const { return data_->info; }

Extents PackedGraph::output_extents(Extents input_extents) const {
    const Resolution& r = info().nodes.back().resolution;
    return Extents{r.apply(input_extents.h), r.apply(input_extents.w)};
}

int PackedGraph::last_block() const {
    const Node& last = graph().nodes.back();
    return last.op == Op::depth_to_space ? last.block : 1;
}

Rect required_input(const PackedGraph& graph, Extents input_extents, Rect out_rect) {
    const Rect inside = intersect(out_rect, whole(graph.output_extents(input_extents)));
    const Result<Plan> plan = make_plan(graph.data(), input_extents, inside);
    return plan.ok() ? plan.value().nodes[0].compute : Rect{};
}

uint64_t working_bytes(const PackedGraph& graph, Extents input_extents, Rect out_rect) {
    const Result<Plan> plan = make_plan(graph.data(), input_extents, out_rect);
    return plan.ok() ? plan.value().peak_bytes : UINT64_MAX;
}

namespace {

// Runs the nodes of the graph but for the last `left_out` ones.
Status run_nodes(const PackedGraph& graph, Extents input_extents, const TensorView16& input, Rect input_rect,
                 Rect out_rect, const Output& out, EngineLevel level, const Limits& limits, ThreadTeam* team,
                 size_t left_out, const Engine::RowsDone& rows_done, const UnusedChannels& unused) {
    if (graph.empty()) return Status(ErrorCode::invalid_argument, "network: empty");
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    NAE_ASSIGN_OR_RETURN(const Plan plan, make_plan(graph.data(), input_extents, out_rect));
    const Rect& needed = plan.nodes[0].compute;
    if (input.c != graph.input_channels() || input.h != input_rect.h || input.w != input_rect.w) {
        return Status(ErrorCode::invalid_argument,
                      cat("network input is ", input.w, " x ", input.h, " x ", input.c, ", expected ",
                          input_rect.w, " x ", input_rect.h, " x ", graph.input_channels()));
    }
    if (!input_rect.contains(needed)) {
        return Status(ErrorCode::invalid_argument, cat("network input does not cover ", needed.w, " x ",
                                                       needed.h, " at ", needed.x, ", ", needed.y));
    }
    if (plan.peak_bytes > limits.max_tensor_bytes || plan.out_bytes > limits.max_tensor_bytes) {
        return Status(ErrorCode::limit_exceeded, cat("tensors of ", std::max(plan.peak_bytes, plan.out_bytes),
                                                     " bytes, the limit is ", limits.max_tensor_bytes));
    }
    try {
        return Execution(graph.data(), plan, *kernels, team, unused)
            .run(input, input_rect, plan.nodes.size() - 1 - left_out, out, rows_done);
    } catch (const std::bad_alloc&) {
        return Status(ErrorCode::limit_exceeded, cat("no memory for tensors of ", plan.peak_bytes, " bytes"));
    }
}

}  // namespace

Status Engine::run(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                   Rect input_rect, Rect out_rect, Tensor16& out, EngineLevel level, const Limits& limits,
                   ThreadTeam* team, const UnusedChannels& unused) {
    return run_nodes(graph, input_extents, input, input_rect, out_rect, {&out}, level, limits, team, 0,
                     nullptr, unused);
}

Status Engine::run_into(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                        Rect input_rect, Rect out_rect, int16_t* out, EngineLevel level, const Limits& limits,
                        const UnusedChannels& unused) {
    return run_nodes(graph, input_extents, input, input_rect, out_rect, {nullptr, out}, level, limits,
                     nullptr, 0, nullptr, unused);
}

Status Engine::run_to_cells(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                            Rect input_rect, Rect out_rect, Tensor16& out, EngineLevel level,
                            const Limits& limits, ThreadTeam* team, const RowsDone& rows_done) {
    if (graph.empty() || graph.last_block() == 1)
        return Status(ErrorCode::invalid_argument, "network: its last operator is no depth_to_space");
    return run_nodes(graph, input_extents, input, input_rect, out_rect, {&out}, level, limits, team, 1,
                     rows_done, UnusedChannels());
}

}  // namespace nae
