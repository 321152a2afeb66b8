#include "viewer/app/software_renderer.h"

#include <cmath>

namespace nae {
namespace {

Vertex vertex_of(const ImDrawVert& in) {
    Vertex out{in.pos.x, in.pos.y, in.uv.x, in.uv.y, {}};
    const int shifts[] = {IM_COL32_R_SHIFT, IM_COL32_G_SHIFT, IM_COL32_B_SHIFT, IM_COL32_A_SHIFT};
    for (size_t i = 0; i < 4; ++i) out.rgba[i] = static_cast<uint8_t>(in.col >> shifts[i]);
    return out;
}

}  // namespace

ImTextureID SoftwareRenderer::create(int width, int height, const uint8_t* rgba) {
    auto texture = std::make_unique<Texture>();
    texture->width = width;
    texture->height = height;
    texture->rgba.assign(rgba, rgba + static_cast<ptrdiff_t>(width) * height * 4);
    const ImTextureID id = texture.get();
    textures_[id] = std::move(texture);
    return id;
}

void SoftwareRenderer::destroy(ImTextureID texture) { textures_.erase(texture); }

void SoftwareRenderer::make_font_texture() {
    unsigned char* pixels = nullptr;
    int width = 0;
    int height = 0;
    ImFontAtlas& fonts = *ImGui::GetIO().Fonts;
    fonts.GetTexDataAsRGBA32(&pixels, &width, &height);
    const ImTextureID id = create(width, height, pixels);
    textures_[id]->smooth_when_enlarged = true;
    fonts.SetTexID(id);
}

Picture SoftwareRenderer::render(const ImDrawData& data) {
    Picture target(static_cast<int>(data.DisplaySize.x), static_cast<int>(data.DisplaySize.y), 3);
    for (int l = 0; l < data.CmdListsCount; ++l) {
        const ImDrawList& list = *data.CmdLists[l];
        for (const ImDrawCmd& command : list.CmdBuffer) {
            const auto texture = textures_.find(command.GetTexID());
            if (command.UserCallback != nullptr || texture == textures_.end()) continue;
            const ClipBox clip{static_cast<int>(command.ClipRect.x), static_cast<int>(command.ClipRect.y),
                               static_cast<int>(command.ClipRect.z), static_cast<int>(command.ClipRect.w)};
            const ImDrawIdx* index = list.IdxBuffer.Data + command.IdxOffset;
            const ImDrawVert* vertices = list.VtxBuffer.Data + command.VtxOffset;
            for (unsigned i = 0; i + 2 < command.ElemCount; i += 3)
                paint_triangle(target, clip, vertex_of(vertices[index[i]]), vertex_of(vertices[index[i + 1]]),
                               vertex_of(vertices[index[i + 2]]), *texture->second);
        }
    }
    return target;
}

}  // namespace nae
