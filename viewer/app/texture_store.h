// Pictures that the window can draw, whatever draws them: the graphics card or the processor.
#ifndef NAE_VIEWER_APP_TEXTURE_STORE_H_
#define NAE_VIEWER_APP_TEXTURE_STORE_H_

#include <imgui.h>

#include <cstdint>
#include <unordered_map>

#include "viewer/core/tile_cache.h"

namespace nae {

// What a shell offers. Calls come from the drawing thread, with its context current.
class TextureBackend {
  public:
    virtual ~TextureBackend() = default;
    // RGBA, rows from the top. Reduced smoothly, enlarged as squares: a pixel stays a pixel.
    virtual ImTextureID create(int width, int height, const uint8_t* rgba) = 0;
    virtual void destroy(ImTextureID texture) = 0;
};

// Tiles as textures: made when first drawn, few per frame so that panning never waits for uploads, and given
// back when they have not been drawn for long.
class TextureStore {
  public:
    explicit TextureStore(TextureBackend& backend) : backend_(backend) {}
    ~TextureStore() { clear(); }
    TextureStore(const TextureStore&) = delete;
    TextureStore& operator=(const TextureStore&) = delete;

    void begin_frame();
    // Null when this frame has made enough of them; ask again in the next.
    ImTextureID of(const TilePtr& tile);
    // Whether a texture was refused since begin_frame().
    bool pending() const { return pending_; }
    void clear();

  private:
    struct Entry {
        TilePtr tile;  // keeps its address unique
        ImTextureID texture = nullptr;
        uint64_t last_frame = 0;
    };
    TextureBackend& backend_;
    std::unordered_map<const Tile*, Entry> entries_;
    uint64_t frame_ = 0;
    int made_ = 0;
    bool pending_ = false;
};

}  // namespace nae

#endif  // NAE_VIEWER_APP_TEXTURE_STORE_H_
