// An RGB picture one draws on: rectangles, other pictures, text.
#ifndef NAE_VIEWER_CORE_CANVAS_H_
#define NAE_VIEWER_CORE_CANVAS_H_

#include <memory>
#include <string>

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/picture.h"
#include "viewer/core/text_painter.h"

namespace nae {

struct TextStyle {
    int size = 18;  // pixels from the top of capitals with accents to the bottom of descenders
    Rgb colour{};
    FontWeight weight = FontWeight::regular;
};

// What falls outside is cut off, for every function. Not thread-safe.
class Canvas {
  public:
    // Errors: those of TextPainter::load().
    static Result<std::unique_ptr<Canvas>> create(int width, int height, const Rgb& background);

    void fill(int x, int y, int width, int height, const Rgb& colour);
    // A frame `thickness` wide whose outer edge is the rectangle.
    void outline(int x, int y, int width, int height, int thickness, const Rgb& colour);
    void paste(int x, int y, const Picture& picture);  // gray or RGB
    void text(int x, int baseline_y, const std::string& words, const TextStyle& style);
    // The same, but x is where the text ends.
    void text_to(int right_x, int baseline_y, const std::string& words, const TextStyle& style);
    int text_width(const std::string& words, const TextStyle& style) const;

    const Picture& picture() const { return picture_; }

  private:
    Canvas() = default;
    const TextPainter& painter(FontWeight weight) const {
        return weight == FontWeight::bold ? *bold_ : *regular_;
    }

    Picture picture_;
    std::unique_ptr<TextPainter> regular_;
    std::unique_ptr<TextPainter> bold_;
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_CANVAS_H_
