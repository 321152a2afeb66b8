#include "training/fit_tables.h"

#include <cmath>
#include <cstdlib>

#include "codec/encoder.h"
#include "codec/entropy/table_builder.h"
#include "codec/float_shadow.h"
#include "codec/symbol_search.h"
#include "codec/tile_codec.h"
#include "format/byte_sink.h"
#include "training/in_process_analysis.h"

namespace nae::training {
namespace {

using Histogram = std::vector<std::vector<double>>;  // [table index][|symbol|]

class SymbolCounter : public TileObserver {
  public:
    explicit SymbolCounter(const Model& model)
        : latent_(size_t(model.latent_tables.count())), hyper_(size_t(model.hyper_tables.count())) {}
    void tile_coded(const TileSymbols& tile) override {
        count(latent_, tile.index, tile.symbols);
        count(hyper_, tile.z_index, tile.z);
    }
    const Histogram& latent() const { return latent_; }
    const Histogram& hyper() const { return hyper_; }

  private:
    template <class Indices>
    static void count(Histogram& histogram, const Indices& index, const std::vector<int16_t>& symbols) {
        for (size_t i = 0; i < index.size(); ++i) {
            if (index[i] == 0) continue;
            std::vector<double>& bins = histogram[index[i]];
            const auto magnitude = size_t(std::abs(symbols[i]));
            if (magnitude >= bins.size()) bins.resize(magnitude + 1, 0.0);
            bins[magnitude] += 1;
        }
    }
    Histogram latent_, hyper_;
};

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

Status count_symbols(const Model& model, const std::vector<std::vector<uint8_t>>& crops, int size,
                     SymbolCounter& counter) {
    EncoderOptions options;
    NAE_ASSIGN_OR_RETURN(options.model, prepare_model(model, "model"));
    options.observer = &counter;
    const int anchors = model.gains.latent.anchors;
    for (int k = 0; k < anchors; ++k) {
        options.quality = 1 + 99.0 * k / (anchors - 1);
        const auto analysis = with_symbol_search(
            std::make_unique<InProcessAnalysis>(model, int(std::lround(options.quality * 100))),
            float_shadow(model.synthesis), 1.0F / float(1 << model.output_frac_bits), model.lap.empty(), 0);
        options.analysis = analysis.get();
        for (const std::vector<uint8_t>& pixels : crops) {
            MemoryImageSource image(pixels.data(), uint32_t(size), uint32_t(size), 3);
            MemorySink unused;
            NAE_RETURN_IF_ERROR(encode(options, image, Metadata(), unused));
        }
    }
    return Status();
}

}  // namespace

std::string fit_tables(Model& model, const std::vector<std::vector<uint8_t>>& crops, int size, int rounds,
                       double prior) {
    for (int round = 0; round < rounds; ++round) {
        SymbolCounter counter(model);
        if (const Status s = count_symbols(model, crops, size, counter); !s.ok()) return s.message();
        replace(model.latent_tables, counter.latent(), prior, gaussian_magnitudes);
        replace(model.hyper_tables, counter.hyper(), prior, logistic_magnitudes);
    }
    return {};
}

}  // namespace nae::training
