// What the integer decoder makes of a crop that has just been encoded: the values that the parts of a model
// behind its synthesis are fitted to.
#pragma once

#include "codec/encoder.h"
#include "codec/tensor.h"
#include "codec/tile_codec.h"
#include "format/status.h"

namespace nae::training {

// Keeps what encode() has chosen for the tile it has coded last.
class SymbolKeeper : public TileObserver {
  public:
    void tile_coded(const TileSymbols& tile) override { last = tile; }
    TileSymbols last;
};

// Decodes a picture that is a single tile of size x size pixels, size a multiple of 16: synthesis and what
// the codec's model lets follow it. pixels: size x size x 3 values in units of the synthesis' output, within
// black .. white (engine_kernels.h) but not rounded to samples. Thread-safe. Errors: those of Engine::run().
Status decode_crop(const TileCodec& codec, const TileSymbols& tile, int size, Tensor16& pixels);

}  // namespace nae::training
