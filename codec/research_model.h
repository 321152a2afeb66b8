// A research model: the systems of other people's studies, kept to be compared with. Unlike model.h's, its synthesis
// is a float network that LibTorch runs (nae_torch.so, loaded on demand, on a read as well), so pixels may differ in
// the last bit from machine to machine; its symbols do not, because every latent channel has one fixed frequency table.
// A picture file says in its header that it needs one (kFlagResearch); it never carries one itself.
//
// Model file, chunks in this order, with syntax and ID as for model.h:
//   MHDR  u16 version = 1, u16 C, u16 0, u8 latent stride (pixels, 1 .. 64), u8 0 (there is no hyper-latent), u8 7,
//         u8 0, u8 name length, name
//   FSYN  u8 classes (0: unconditional), f32 centre[C], f32 step[C], then the synthesis, a float graph (float_graph.h):
//         C channels to 1 or 3 at `latent stride` times the resolution, 0 = black, 1 = white
//   TABL  one table set of C + 1 tables; table c + 1 is that of channel c, its bias has no meaning
//   aNLZ  optional: u32 length + analysis, a float graph: 1 or 3 channels (pixel - 128) / 128, and one more that holds
//         the class if there are classes, to C channels at 1 / `latent stride`
//   tEXT  optional
#ifndef NAE_CODEC_RESEARCH_MODEL_H_
#define NAE_CODEC_RESEARCH_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codec/entropy/tables.h"
#include "codec/float_graph.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr int kResearchFracBits = 7;       // of what the synthesis' output is rounded to
constexpr int kMaxResearchChannels = 255;  // there are 256 tables, and the first is "certain zero"
constexpr int kMaxResearchStride = 64;

struct ResearchModel {
    std::string name;
    int latent_channels = 0;   // C
    int stride = 0;            // picture pixels per latent position
    int picture_channels = 0;  // 1 or 3: what the synthesis makes
    // 0, or how many classes a picture can be of. The encoder must be told the class, 0 .. classes - 1; it travels as
    // an ordinary latent channel.
    int classes = 0;
    // y[c] = centre[c] + step[c] * symbol
    std::vector<float> centre, step;
    TableSet tables;
    FloatGraph synthesis;
    FloatGraph analysis;  // empty: cannot encode
    std::string text;
};

// Everything a decoder relies on. Errors: corrupt, limit_exceeded, with the part's name.
Status validate(const ResearchModel& model, const Limits& limits = Limits());

// A whole model file. Errors: those of validate().
Result<std::vector<uint8_t>> serialise_research_model(const ResearchModel& model);
// Writes it, to a temporary first. Errors: those of validate(), io.
Status save_research_model(const ResearchModel& model, const std::string& path);

// Payload of FSYN with `model`'s other fields from MHDR in place; for model_io.cpp.
Status parse_research_synthesis(ByteSpan payload, const Limits& limits, ResearchModel& model);
Status parse_research_analysis(ByteSpan payload, const Limits& limits, ResearchModel& model);

}  // namespace nae

#endif  // NAE_CODEC_RESEARCH_MODEL_H_
