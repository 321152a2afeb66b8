// The encoder's search by gradient: symbols that cost less, together with the error that they leave after the decoder,
// than those found by rounding what the analysis says.
#pragma once

#include <string>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/torch/graph_runner.h"

namespace nae {

// Descent in the integers. Near the symbols q the error is taken as E + g d + h d²/2 for a change d of one symbol, with g
// its gradient through the synthesis and h its curvature, which is measured once per channel (Hutchinson 1989). In each
// round symbols move by one where that lowers bits + error; only a random share of them, since the error of neighbours is
// not independent, and a smaller one from round to round. The best symbols of all rounds are returned. Annealed draws from
// both neighbours (Yang, Bamler, Mandt 2020) ended no lower after twenty times as many rounds.
//
// Chance comes from a fixed seed: the same task gives the same symbols on the same machine. Returns an empty string or what
// is wrong. May throw c10::Error.
std::string refine_symbols(const FloatGraph& synthesis, const std::vector<NodeTensors>& tensors,
                           const nae_refinement& task, int16_t* symbols);

}  // namespace nae
