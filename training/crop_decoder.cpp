#include "training/crop_decoder.h"

#include <algorithm>

#include "codec/engine.h"
#include "codec/engine_kernels.h"
#include "codec/finisher.h"

namespace nae::training {

Status decode_crop(const TileCodec& codec, const TileSymbols& tile, int size, Tensor16& pixels) {
    const ReadyModel& model = codec.model();
    const auto channels = size_t(model.latent_channels());
    Tensor16 latent(tile.h, tile.w, model.latent_channels());
    for (size_t p = 0; p < size_t(tile.h) * size_t(tile.w); ++p)
        dequantise_position(codec.latent_scale(), tile.symbols.data() + p * channels,
                            tile.prediction.data.data() + p * size_t(tile.prediction.c),
                            latent.data.data() + p * channels);
    const Extents extents{tile.h, tile.w};
    const Rect all{0, 0, size, size};
    NAE_RETURN_IF_ERROR(Engine::run(model.synthesis, extents, latent, whole(extents), all, pixels));
    if (const Finisher& finisher = codec.finisher(); !finisher.empty()) {
        Tensor16 finished(size, size, kPixelChannels);
        NAE_RETURN_IF_ERROR(finisher.run(CellRows(pixels, all, 1), all, Extents{size, size}, all, nullptr,
                                         [&](int64_t y, const int16_t* row) {
                                             std::copy_n(row, 3 * size, finished.pixel(int(y), 0));
                                             return Status();
                                         }));
        pixels = std::move(finished);
    }
    const int frac_bits = model.model.output_frac_bits;
    for (int y = 0; y < size; ++y) {
        int16_t* row = pixels.pixel(y, 0);
        for (int i = 0; i < 3 * size; ++i) row[i] = std::clamp(row[i], black(frac_bits), white(frac_bits));
    }
    return Status();
}

}  // namespace nae::training
