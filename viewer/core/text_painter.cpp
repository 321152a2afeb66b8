#include "viewer/core/text_painter.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

// The rasteriser is a header with its body in it. Static, so that the copy inside another library of the same
// program (Dear ImGui brings one) is not confused with this; unused functions of it are then no fault of
// ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb_truetype.h>
#pragma GCC diagnostic pop

namespace nae {
namespace {

// Next code point of UTF-8 text; malformed bytes count as themselves (Latin-1), which is never worse than a
// gap.
int next_code_point(const std::string& text, size_t& at) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned first = byte(at++);
    const auto continues = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    if (first >= 0xC2 && first < 0xE0 && continues(at)) {
        const unsigned code = ((first & 0x1Fu) << 6) | (byte(at) & 0x3Fu);
        at += 1;
        return static_cast<int>(code);
    }
    if (first >= 0xE0 && first < 0xF0 && continues(at) && continues(at + 1)) {
        const unsigned code = ((first & 0x0Fu) << 12) | ((byte(at) & 0x3Fu) << 6) | (byte(at + 1) & 0x3Fu);
        at += 2;
        return static_cast<int>(code);
    }
    return static_cast<int>(first);
}

}  // namespace

struct TextPainter::Font {
    std::vector<unsigned char> file;
    stbtt_fontinfo info{};
};

TextPainter::TextPainter(std::unique_ptr<Font> font) : font_(std::move(font)) {}
TextPainter::~TextPainter() = default;

Result<std::unique_ptr<TextPainter>> TextPainter::load(FontWeight weight) {
    const std::string path = weight == FontWeight::bold ? NAE_FONT_BOLD : NAE_FONT_REGULAR;
    std::ifstream stream(path, std::ios::binary);
    auto font = std::make_unique<Font>();
    font->file.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    if (font->file.empty())
        return Status(ErrorCode::io,
                      path + ": the captions' font cannot be read (Debian: fonts-dejavu-core)");
    if (stbtt_InitFont(&font->info, font->file.data(), 0) == 0)
        return Status(ErrorCode::corrupt, path + ": not a TrueType font");
    return std::unique_ptr<TextPainter>(new TextPainter(std::move(font)));
}

int TextPainter::width(const std::string& text, int size) const {
    const float scale = stbtt_ScaleForPixelHeight(&font_->info, static_cast<float>(size));
    float x = 0;
    for (size_t at = 0; at < text.size();) {
        int advance = 0;
        int bearing = 0;
        stbtt_GetCodepointHMetrics(&font_->info, next_code_point(text, at), &advance, &bearing);
        x += scale * static_cast<float>(advance);
    }
    return static_cast<int>(std::ceil(x));
}

void TextPainter::draw(Picture& picture, int x, int baseline_y, const std::string& text, int size,
                       const Rgb& colour) const {
    const stbtt_fontinfo* info = &font_->info;
    const float scale = stbtt_ScaleForPixelHeight(info, static_cast<float>(size));
    float pen = static_cast<float>(x);
    std::vector<unsigned char> coverage;
    for (size_t at = 0; at < text.size();) {
        const int code = next_code_point(text, at);
        int advance = 0;
        int bearing = 0;
        stbtt_GetCodepointHMetrics(info, code, &advance, &bearing);
        const float shift = pen - std::floor(pen);  // glyphs stand at fractions of a pixel: even spacing
        int x0 = 0;
        int y0 = 0;
        int x1 = 0;
        int y1 = 0;
        stbtt_GetCodepointBitmapBoxSubpixel(info, code, scale, scale, shift, 0, &x0, &y0, &x1, &y1);
        const int glyph_width = x1 - x0;
        const int glyph_height = y1 - y0;
        if (glyph_width > 0 && glyph_height > 0) {
            coverage.assign(static_cast<size_t>(glyph_width) * static_cast<size_t>(glyph_height), 0);
            stbtt_MakeCodepointBitmapSubpixel(info, coverage.data(), glyph_width, glyph_height, glyph_width,
                                              scale, scale, shift, 0, code);
        }
        for (int gy = 0; gy < glyph_height; ++gy)
            for (int gx = 0; gx < glyph_width; ++gx) {
                const int px = static_cast<int>(std::floor(pen)) + x0 + gx;
                const int py = baseline_y + y0 + gy;
                if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) continue;
                const int alpha = coverage[static_cast<size_t>(gy) * static_cast<size_t>(glyph_width) +
                                           static_cast<size_t>(gx)];
                uint8_t* pixel = picture.pixel(px, py);
                for (size_t band = 0; band < 3; ++band)
                    pixel[band] = static_cast<uint8_t>(
                        (pixel[band] * (255 - alpha) + colour[band] * alpha + 127) / 255);
            }
        pen += scale * static_cast<float>(advance);
    }
}

}  // namespace nae
