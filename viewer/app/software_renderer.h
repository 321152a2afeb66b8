// Dear ImGui's drawing by the processor: the same window as a picture, where there is no display.
#ifndef NAE_VIEWER_APP_SOFTWARE_RENDERER_H_
#define NAE_VIEWER_APP_SOFTWARE_RENDERER_H_

#include <memory>
#include <unordered_map>

#include "viewer/app/texture_store.h"
#include "viewer/core/picture.h"
#include "viewer/core/triangle_raster.h"

namespace nae {

class SoftwareRenderer : public TextureBackend {
  public:
    ImTextureID create(int width, int height, const uint8_t* rgba) override;
    void destroy(ImTextureID texture) override;

    // After the fonts were added; before the first frame.
    void make_font_texture();
    // The window as RGB.
    Picture render(const ImDrawData& data);

  private:
    std::unordered_map<ImTextureID, std::unique_ptr<Texture>> textures_;
};

}  // namespace nae

#endif  // NAE_VIEWER_APP_SOFTWARE_RENDERER_H_
