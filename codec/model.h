// A model: everything needed to decode (integer networks, gains, entropy tables), and optionally what
// encoding needs besides (float analysis networks). Model files end in .nam and use the chunk syntax of
// format/FORMAT.md with signature 8E 'N' 'A' 'M' 0D 0A 1A 0A and these chunks in this order:
//   MHDR  u16 version = 1, u16 C, u16 Cz, u8 latent stride = 16, u8 hyper stride = 4, u8 fraction bits F,
//         u8 mean dead zone d, u8 name length, name (UTF-8)
//   HSYN  hyper-synthesis, graph_io.h        SYNT  synthesis
//   GAIN  gains.h                            TABL  two table sets, latent then hyper, entropy/tables.h
//   TRLS  optional: a table set for the second of two quantisers, entropy/trellis.h
//   CNTX  optional: context network, graph_io.h
//   LAPP  optional: block_lap.h
//   FILT  optional: restoration_filter.h
//   NNPF  optional: post_filter.h
//   aNLZ  optional: u32 length + analysis, u32 length + hyper-analysis, float_graph.h
//   aCND  optional, behind aNLZ: what the quality does to outputs of both, quality_affine.h
//   aLAP  beside LAPP and aNLZ, the encoder's part of the overlap, block_lap.h
//   tEXT  optional: free UTF-8 text (how it was trained, licence)
//   END
// The *decoding part* is the same file without lower-case chunks. The model's ID is the first 8 bytes of the
// SHA-256 of the decoding part; pictures name their model by it, and EMBED_MODEL=YES stores the decoding part
// in the picture.
#ifndef NAE_CODEC_MODEL_H_
#define NAE_CODEC_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/block_lap.h"
#include "codec/engine.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/entropy/tables.h"
#include "codec/float_graph.h"
#include "codec/gains.h"
#include "codec/graph.h"
#include "codec/post_filter.h"
#include "codec/quality_affine.h"
#include "codec/research_model.h"
#include "codec/restoration_filter.h"
#include "format/byte_source.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

class AnalysisEnginesCache;
class PostFilterEngines;  // codec/post_filter_engines.h

using ModelId = std::array<uint8_t, 8>;
std::string model_id_string(const ModelId& id);  // 16 hexadecimal digits

constexpr int kModelVersion = 1;
constexpr int kLatentStride = 16;  // picture pixels per latent position
constexpr int kHyperStride = 4;    // latent positions per hyper-latent position
constexpr int kMaxModelName = 64;  // bytes

struct Model {
    std::string name;          // UTF-8, 1..64 bytes, no control characters, no '/'
    int latent_channels = 0;   // C
    int hyper_channels = 0;    // Cz
    int output_frac_bits = 4;  // F, 1..7: pixel = ((v + 2^(F-1)) >> F) + 128
    // d, 0..255: predicted means of at most this magnitude count as 0. Where nothing is coded the latent then is 0
    // exactly, and the synthesis need not look at it.
    int mean_dead_zone = 0;
    // Cz channels at 1/64 -> 2C channels at 1/16: C means (integer units of the synthesis' input), then C
    // log2 scales (1/256 octave, real latent units). Before a context, features for it follow.
    Graph hyper_synthesis;
    // C channels at 1/16 -> 3 channels at 1/1.
    Graph synthesis;
    Gains gains;
    TableSet latent_tables;
    // May be empty. With it latent symbols depend on each other (entropy/trellis.h): it is for Q1, and the other set for Q0, of
    // the same bias and number of tables.
    TableSet latent_tables_q1;
    TableSet hyper_tables;
    // May be empty. The first 1 to C channels of the latent (symbols where a position is coded first, else 0), then the
    // hyper-synthesis' features, -> 2C channels of the same resolution: what is added to means and log2 scales of the
    // positions that are coded second. Units: latent_context.h.
    Graph context;
    BlockLap lap;                   // how blocks of the synthesis' output overlap; may be empty
    RestorationFilter restoration;  // what that goes through then; may be empty
    PostFilter post_filter;         // what that goes through last; may be empty

    // Encoding part; both empty or neither. analysis: 3 channels, (R, G, B - 128) / 128, at 1/1 -> C channels
    // at 1/16 in integer units of the synthesis' input (not rounded); hyper_analysis: those at 1/16 -> Cz
    // channels at 1/64 in integer units of the hyper-synthesis' input.
    FloatGraph analysis;
    FloatGraph hyper_analysis;
    AnalysisLap analysis_lap;  // what the analysis' input goes through; only with lap
    QualityAffines analysis_affines, hyper_analysis_affines;  // what they know of the quality; may be empty
    std::string text;

    bool has_analysis() const { return !analysis.empty(); }
    bool has_trellis() const { return !latent_tables_q1.tables.empty(); }
    // The two networks as they encode at a quality (100 .. 10000).
    FloatGraph analysis_at(int quality_centi) const;
    FloatGraph hyper_analysis_at(int quality_centi) const;
};

// Everything a decoder relies on, across parts: shapes, resolutions, ranges, bounds, limits. Call it after
// assembling a model in memory; parse_model() and save_model() do. Errors: corrupt or limit_exceeded, with
// the part's name.
Status validate(const Model& model, const Limits& limits = Limits());

// Multiply-adds per picture pixel of everything in decoding. The model must be valid.
double decoder_macs_per_pixel(const Model& model);

// Bytes of a whole model file, or of its decoding part only. Errors: those of validate().
Result<std::vector<uint8_t>> serialise_model(const Model& model);
Result<std::vector<uint8_t>> serialise_decoding_part(const Model& model);
Result<ModelId> model_id(const Model& model);

// Writes a model file (to a temporary beside it, then renamed). Errors: those of validate(), io.
Status save_model(const Model& model, const std::string& path);

// What naming and finding a model needs, without parsing its networks.
struct ModelSummary {
    std::string name;
    ModelId id{};
    bool has_analysis = false;
    bool research = false;  // research_model.h
};

// A model ready for use: validated, weights arranged for the engine, entropy tables for the coder. Immutable and
// thread-safe.
struct ReadyModel {
    Model model;  // without its integer graphs, which live in the packed graphs below, and its post-filter
    ModelId id{};
    PackedGraph hyper_synthesis;
    PackedGraph synthesis;
    PackedGraph context;            // may be empty; without its end,
    PackedGraph context_pointwise;  // which looks at no neighbours (split_graph.h); may be empty
    std::shared_ptr<PostFilterEngines> post_filter;  // null: the model has none
    SymbolCodec latent_codec;
    SymbolCodec hyper_codec;
    // Set for a research model; then graphs and codecs are empty, and of `model` only the name, the latent channels and
    // the fraction bits mean anything.
    std::shared_ptr<const ResearchModel> research;
    AlignedVector8 decoding_bytes;  // the decoding part of the model file, as it was read
    std::string origin;             // file name or "embedded", for messages
    std::shared_ptr<AnalysisEnginesCache>
        analysis_engines;  // native_analysis.h; null without an encoding part

    // A copy of it: what EMBED_MODEL stores.
    std::vector<uint8_t> decoding_part() const { return {decoding_bytes.begin(), decoding_bytes.end()}; }
    const std::string& name() const { return model.name; }
    int latent_channels() const { return model.latent_channels; }
    int hyper_channels() const { return model.hyper_channels; }
};
using ReadyModelPtr = std::shared_ptr<const ReadyModel>;

// Parses, checks CRCs and validates model bytes (whole file or decoding part). `decoding_only` skips the
// encoding part and the text. Errors, which start with `origin`: corrupt, truncated, unsupported,
// limit_exceeded, not_nae (another kind of file).
Result<Model> parse_model(const uint8_t* data, size_t size, const std::string& origin,
                          bool decoding_only = false, const Limits& limits = Limits());
// The name alone, from the first chunk.
Result<std::string> read_model_name(const ByteSource& source, const Limits& limits = Limits());
// Reads name and ID; networks are not parsed.
Result<ModelSummary> read_model_summary(const ByteSource& source, const Limits& limits = Limits());

Result<ReadyModelPtr> prepare_model(Model model, const std::string& origin, const Limits& limits = Limits());
// Parses and prepares; the origin of the second form is source.name().
Result<ReadyModelPtr> load_model(const uint8_t* data, size_t size, const std::string& origin,
                                 bool decoding_only = false, const Limits& limits = Limits());
Result<ReadyModelPtr> load_model(const ByteSource& source, bool decoding_only = false,
                                 const Limits& limits = Limits());
// The decoding part if its ID is `id`, null if it is another: cheap then, since nothing is parsed.
Result<ReadyModelPtr> load_model_if(const ByteSource& source, const ModelId& id,
                                    const Limits& limits = Limits());
Result<ReadyModelPtr> load_model_file(const std::string& path, bool decoding_only = false,
                                      const Limits& limits = Limits());

}  // namespace nae

#endif  // NAE_CODEC_MODEL_H_
