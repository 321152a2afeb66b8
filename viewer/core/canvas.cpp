#include "viewer/core/canvas.h"

#include <algorithm>
#include <utility>

namespace nae {

Result<std::unique_ptr<Canvas>> Canvas::create(int width, int height, const Rgb& background) {
    std::unique_ptr<Canvas> canvas(new Canvas);
    NAE_ASSIGN_OR_RETURN(canvas->regular_, TextPainter::load(FontWeight::regular));
    NAE_ASSIGN_OR_RETURN(canvas->bold_, TextPainter::load(FontWeight::bold));
    canvas->picture_ = Picture(width, height, 3);
    canvas->fill(0, 0, width, height, background);
    return canvas;
}

void Canvas::fill(int x, int y, int width, int height, const Rgb& colour) {
    const int x_end = std::min(x + width, picture_.width);
    const int y_end = std::min(y + height, picture_.height);
    for (int py = std::max(y, 0); py < y_end; ++py)
        for (int px = std::max(x, 0); px < x_end; ++px)
            std::copy(colour.begin(), colour.end(), picture_.pixel(px, py));
}

void Canvas::outline(int x, int y, int width, int height, int thickness, const Rgb& colour) {
    fill(x, y, width, thickness, colour);
    fill(x, y + height - thickness, width, thickness, colour);
    fill(x, y, thickness, height, colour);
    fill(x + width - thickness, y, thickness, height, colour);
}

void Canvas::paste(int x, int y, const Picture& picture) {
    const int x_end = std::min(x + picture.width, picture_.width);
    const int y_end = std::min(y + picture.height, picture_.height);
    const bool gray = picture.bands == 1;
    for (int py = std::max(y, 0); py < y_end; ++py)
        for (int px = std::max(x, 0); px < x_end; ++px) {
            const uint8_t* from = picture.pixel(px - x, py - y);
            uint8_t* to = picture_.pixel(px, py);
            for (int band = 0; band < 3; ++band) to[band] = gray ? from[0] : from[band];
        }
}

void Canvas::text(int x, int baseline_y, const std::string& words, const TextStyle& style) {
    painter(style.weight).draw(picture_, x, baseline_y, words, style.size, style.colour);
}

void Canvas::text_to(int right_x, int baseline_y, const std::string& words, const TextStyle& style) {
    text(right_x - text_width(words, style), baseline_y, words, style);
}

int Canvas::text_width(const std::string& words, const TextStyle& style) const {
    return painter(style.weight).width(words, style.size);
}

}  // namespace nae
