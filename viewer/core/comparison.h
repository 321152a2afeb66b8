// One comparison: an original, its .nae file, and JPEG at the same size, with everything worth knowing about
// each.
#ifndef NAE_VIEWER_CORE_COMPARISON_H_
#define NAE_VIEWER_CORE_COMPARISON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/codec_run.h"
#include "viewer/core/picture.h"

namespace nae {

struct Comparison {
    std::string name;  // the original's file name without folders
    Picture original;
    uint64_t original_bytes = 0;  // its file's size; 0 when it is no plain file
    std::vector<CodecOutcome> codecs;
};

struct ComparisonOptions {
    std::optional<JpegSettings> jpeg;  // none: no JPEG
    // Encode the original once more in memory, with the .nae file's own settings, and take the time.
    bool time_writing = false;
};

// Reads both files through GDAL (which finds the NAE driver by GDAL_DRIVER_PATH) and compares.
// Times are in-process wall-clock times, drivers loaded: reading is the median of five opens and full reads,
// and so is JPEG's writing; NAE's writing is a single run, the encoder's start included. Errors: those of
// read_picture(), of the .nae file's headers, of run_jpeg(); invalid_argument when the pictures' shapes differ.
Result<Comparison> compare_files(const std::string& original_path, const std::string& nae_path,
                                 const ComparisonOptions& options);

// The figures as a text table, one line per codec, ending in a newline.
std::string comparison_table(const Comparison& comparison);

// The same figures as comma-separated values with a header line; empty fields for what is not known.
std::string comparison_csv(const Comparison& comparison);

// "28,412"
std::string grouped_digits(uint64_t number);
// printf's %.*f; "lossless" for infinity.
std::string fixed_digits(double value, int digits);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_COMPARISON_H_
