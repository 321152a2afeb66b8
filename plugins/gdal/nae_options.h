// Creation and open options as the user wrote them, turned into what the codec wants. A value out of range is
// an error, not a guess.
#pragma once

#include <cpl_string.h>

#include <memory>
#include <optional>
#include <string>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/model_store.h"
#include "codec/target_search.h"
#include "format/status.h"
#include "plugins/gdal/dataset_image_source.h"

namespace nae::gdal {

// NUM_THREADS, else GDAL_NUM_THREADS, else all cores: 1..256, or 0 for all. Error: invalid_argument for a
// NUM_THREADS that is neither a positive number nor ALL_CPUS; GDAL_NUM_THREADS is for everybody and is only
// ignored then.
Result<int> parse_threads(CSLConstList options);

// QUALITY, EFFORT, TUNE, MODEL, EMBED_MODEL, BLOCKSIZE, NUM_THREADS. `store` receives the model store to use when
// the NAE_MODEL_PATH configuration option names more than the environment does; it must outlive the result.
// Errors: invalid_argument, naming option and value.
Result<EncoderOptions> parse_creation_options(CSLConstList options, std::unique_ptr<ModelStore>& store);

// TARGET_BPP, TARGET_PSNR, TARGET_SIZE: nothing when there is none. Error: invalid_argument, also when more than one
// of them, or one of them and QUALITY, is given.
Result<std::optional<EncodeTarget>> parse_target(CSLConstList options, GDALDataset& source);

// How many levels the file gets, and where they come from.
struct Overviews {
    int levels = 1;
    OverviewOptions options;
};
// OVERVIEWS, OVERVIEW_RESAMPLING. Errors: invalid_argument, unsupported.
Result<Overviews> parse_overviews(CSLConstList options, GDALDataset& source, int tile_size);

// NUM_THREADS, MODEL_PATH, STRICT; `store` as above. The limits come from configuration options: NAE_MAX_PIXELS,
// NAE_MAX_TILES, NAE_MAX_METADATA_BYTES, NAE_MAX_MODEL_BYTES, NAE_MAX_OPERATIONS_PER_PIXEL, NAE_MAX_TENSOR_BYTES.
Result<DecoderOptions> parse_open_options(CSLConstList options, std::unique_ptr<ModelStore>& store);

}  // namespace nae::gdal
