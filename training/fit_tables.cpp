#include "training/fit_tables.h"

#include <cmath>
#include <cstdlib>

#include "codec/encoder.h"
#include "codec/entropy/table_builder.h"
#include "codec/float_shadow.h"
#include "codec/symbol_search.h"
#include "codec/thread_pool.h"
#include "codec/tile_codec.h"
#include "format/byte_sink.h"
#include "training/in_process_analysis.h"

namespace nae::training {
namespace {

using Histogram = std::vector<std::vector<double>>;  // [table index][|symbol|]

class SymbolCounter : public TileObserver {
  public:
    explicit SymbolCounter(const Model& model)
        : channels_(size_t(model.latent_channels)),
          context_(!model.context.empty()),
          trellis_(model.has_trellis()),
          latent_{Histogram(size_t(model.latent_tables.count())),
                  Histogram(size_t(model.latent_tables.count()))},
          hyper_(size_t(model.hyper_tables.count())) {}
    void tile_coded(const TileSymbols& tile) override {
        count_squares(tile, context_ ? std::optional(Squares::first) : std::nullopt);
        if (context_) count_squares(tile, Squares::second);
        for (size_t i = 0; i < tile.z.size(); ++i)
            if (tile.z_index[i] != 0) count(hyper_[tile.z_index[i]], tile.z[i]);
    }
    void add(const SymbolCounter& other) {
        for (int q = 0; q < 2; ++q) add(latent_[q], other.latent_[q]);
        add(hyper_, other.hyper_);
    }
    const Histogram& latent(int quantiser) const { return latent_[quantiser]; }
    const Histogram& hyper() const { return hyper_; }

  private:
    static void add(Histogram& sum, const Histogram& other) {
        for (size_t i = 0; i < sum.size(); ++i) {
            if (sum[i].size() < other[i].size()) sum[i].resize(other[i].size(), 0.0);
            for (size_t k = 0; k < other[i].size(); ++k) sum[i][k] += other[i][k];
        }
    }
    static void count(std::vector<double>& bins, int value) {
        const auto magnitude = size_t(std::abs(value));
        if (magnitude >= bins.size()) bins.resize(magnitude + 1, 0.0);
        bins[magnitude] += 1;
    }
    void count_squares(const TileSymbols& tile, const std::optional<Squares>& squares) {
        for (const Stream& stream : streams_of(squares, tile)) count_stream(tile, stream);
    }
    void count_stream(const TileSymbols& tile, const Stream& stream) {
        std::vector<uint8_t> index(stream_positions(stream, tile.h) * channels_);
        std::vector<int16_t> symbols(index.size());
        take_stream(stream, tile.index.data(), tile.h, tile.w, channels_, index.data());
        take_stream(stream, tile.symbols.data(), tile.h, tile.w, channels_, symbols.data());
        const auto count_symbol = [&](size_t i, int quantiser) {
            count(latent_[quantiser][index[i]],
                  trellis_ ? trellis_level(symbols[i], quantiser) : int(symbols[i]));
        };
        for_coded(index.data(), symbols.data(), index.size(), trellis_, count_symbol, StreamKind::substream);
    }

    const size_t channels_;
    const bool context_, trellis_;
    Histogram latent_[2], hyper_;
};

// Normal symbols' magnitudes, and those of levels, which are twice as far apart.
std::vector<double> level_magnitudes(double sigma) { return gaussian_magnitudes(sigma / 2); }

void replace(TableSet& set, const Histogram& counts, double prior, std::vector<double> (*shape)(double)) {
    for (int i = 1; i < set.count(); ++i) {
        std::vector<double> p = shape(table_scale(set.bias, i));
        double sum = 0;
        for (double v : p) sum += v;
        for (double& v : p) v *= prior / sum;
        const std::vector<double>& seen = counts[size_t(i)];
        if (seen.size() > p.size()) p.resize(seen.size(), 0.0);
        for (size_t k = 0; k < seen.size(); ++k) p[k] += seen[k];
        set.tables[size_t(i)] = make_frequency_table(p);
    }
}

// What the encoder makes of the crops at a quality.
Status count_symbols(const Model& model, const ReadyModelPtr& ready, double quality,
                     const std::vector<std::vector<uint8_t>>& crops, int size, SymbolCounter& counter) {
    EncoderOptions options;
    options.model = ready;
    options.observer = &counter;
    options.quality = quality;
    options.threads = 1;
    const auto analysis = with_symbol_search(
        std::make_unique<InProcessAnalysis>(model, int(std::lround(quality * 100))),
        float_shadow(model.synthesis), 1.0F / float(1 << model.output_frac_bits), model.lap.empty(), 1);
    options.analysis = analysis.get();
    for (const std::vector<uint8_t>& pixels : crops) {
        MemoryImageSource image(pixels.data(), uint32_t(size), uint32_t(size), 3);
        MemorySink unused;
        NAE_RETURN_IF_ERROR(encode(options, image, Metadata(), unused));
    }
    return Status();
}

// At all of the model's gain anchors, one for each thread.
Status count_symbols(const Model& model, const std::vector<std::vector<uint8_t>>& crops, int size,
                     SymbolCounter& sum) {
    NAE_ASSIGN_OR_RETURN(const ReadyModelPtr ready, prepare_model(model, "model"));
    const int anchors = model.gains.latent.anchors;
    std::vector<SymbolCounter> counters(static_cast<size_t>(anchors), SymbolCounter(model));
    NAE_RETURN_IF_ERROR(ThreadPool().parallel_for(anchors, [&](int64_t k) {
        // The finest quality, which takes longest, first.
        return count_symbols(model, ready, 100 - 99.0 * double(k) / (anchors - 1), crops, size,
                             counters[size_t(k)]);
    }));
    for (const SymbolCounter& counter : counters) sum.add(counter);
    return Status();
}

}  // namespace

std::string fit_tables(Model& model, const std::vector<std::vector<uint8_t>>& crops, int size, int rounds,
                       double prior) {
    if (rounds == 0) rounds = model.has_trellis() ? 10 : 2;
    for (int round = 0; round < rounds; ++round) {
        SymbolCounter counter(model);
        if (const Status s = count_symbols(model, crops, size, counter); !s.ok()) return s.message();
        const auto shape = model.has_trellis() ? level_magnitudes : gaussian_magnitudes;
        replace(model.latent_tables, counter.latent(0), prior, shape);
        if (model.has_trellis()) replace(model.latent_tables_q1, counter.latent(1), prior, shape);
        replace(model.hyper_tables, counter.hyper(), prior, logistic_magnitudes);
    }
    return {};
}

void add_trellis(Model& model) {
    const auto finer = int32_t(std::lround(-256 * std::log2(kTrellisStep)));
    for (int32_t& gain : model.gains.latent.log2_gain) gain += finer;
    model.latent_tables.bias -= finer;  // the same indices, for scales counted in smaller steps
    for (int i = 1; i < model.latent_tables.count(); ++i)
        model.latent_tables.tables[size_t(i)] =
            make_frequency_table(level_magnitudes(table_scale(model.latent_tables.bias, i)));
    model.latent_tables_q1 = model.latent_tables;
}

}  // namespace nae::training
