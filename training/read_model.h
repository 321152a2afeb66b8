// Model files with everything in them: what a ReadyModel keeps of its graphs is arranged for the engine.
#pragma once

#include <string>

#include "codec/model.h"

namespace nae::training {

// Parses a whole model file. Errors, which name it: io; those of parse_model().
Result<Model> read_model(const std::string& path);

}  // namespace nae::training
