// The restoration filter of a model in a file of its own, for a machine that trains without what reads model files.
// u8 fraction bits of the synthesis' output, then chunk FILT's payload (codec/restoration_filter.h).
#pragma once

#include <memory>
#include <string>

#include "codec/restoration_filter.h"

namespace nae::training {

// Each returns an error text or an empty string.
std::string write_restoration(const std::string& path, const RestorationFilter& filter, int output_frac_bits);
std::string read_restoration(const std::string& path, std::shared_ptr<const RestorationFilter>& filter,
                             int& output_frac_bits);

}  // namespace nae::training
