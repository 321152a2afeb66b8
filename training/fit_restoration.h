// Fits the restoration filter to what the integer decoder makes of training pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/model.h"

namespace nae::training {

struct RestorationOptions {
    int sets = 12;       // qualities, evenly spaced
    int activities = 8;  // levels, of equally many blocks each
};

// Replaces the model's filter. Crops of size x size RGB pixels, size a multiple of 16, are encoded at each quality and
// decoded without any filter; the weights of each class then minimise the squared error (Wiener's filter), every crop
// weighing in inversely to its error, since quality is judged in decibels. Of several clips the best is taken.
// Returns an error or nothing.
std::string fit_restoration(Model& model, const std::vector<std::vector<uint8_t>>& crops, int size,
                            const RestorationOptions& options = RestorationOptions());

}  // namespace nae::training
