// Text in a TrueType font, drawn into a picture. DejaVu, where the build found it.
#ifndef NAE_VIEWER_CORE_TEXT_PAINTER_H_
#define NAE_VIEWER_CORE_TEXT_PAINTER_H_

#include <memory>
#include <string>

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/picture.h"

namespace nae {

enum class FontWeight { regular, bold };

// One font at any size. Not thread-safe.
class TextPainter {
  public:
    // Errors: io when the font file is not where the build found it.
    static Result<std::unique_ptr<TextPainter>> load(FontWeight weight);
    ~TextPainter();
    TextPainter(const TextPainter&) = delete;
    TextPainter& operator=(const TextPainter&) = delete;

    // Advance width in pixels of UTF-8 text whose capitals and descenders fill `size` pixels.
    int width(const std::string& text, int size) const;

    // Draws one line, its baseline at y, from x on, into an RGB picture; what falls outside is cut off.
    void draw(Picture& picture, int x, int baseline_y, const std::string& text, int size,
              const Rgb& colour) const;

  private:
    struct Font;
    explicit TextPainter(std::unique_ptr<Font> font);
    std::unique_ptr<Font> font_;
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_TEXT_PAINTER_H_
