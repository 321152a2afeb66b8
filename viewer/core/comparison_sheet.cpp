#include "viewer/core/comparison_sheet.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "viewer/core/canvas.h"
#include "viewer/core/error_map.h"
#include "viewer/core/resample.h"

namespace nae {
namespace {

// Neutral grays around the pictures, so that nothing on the sheet tints the judgement.
constexpr Rgb kBackground{30, 30, 30};
constexpr Rgb kPanel{42, 42, 42};
constexpr Rgb kRule{78, 78, 78};
constexpr Rgb kStrong{240, 240, 240};
constexpr Rgb kPlain{196, 196, 196};
constexpr Rgb kFaint{144, 144, 144};
constexpr Rgb kMark{255, 214, 64};

const TextStyle kTitle{34, kStrong, FontWeight::bold};
const TextStyle kSubtitle{21, kPlain, FontWeight::regular};
const TextStyle kPaneTitle{24, kStrong, FontWeight::bold};
const TextStyle kCaption{19, kPlain, FontWeight::regular};
const TextStyle kNote{17, kFaint, FontWeight::regular};
const TextStyle kFigure{21, kPlain, FontWeight::regular};
const TextStyle kBest{21, kStrong, FontWeight::bold};

constexpr int kMargin = 28;        // around the sheet
constexpr int kGap = 20;           // between panes
constexpr int kHeader = 92;        // title and subtitle
constexpr int kPaneHeader = 62;    // pane title and caption above each picture
constexpr int kDetailHeader = 34;  // one line above each detail
constexpr int kMinColumn = 560;    // what the captions need
constexpr int kMinFigures = 400;   // height that the table and the legend need

// Where everything goes; all in pixels of the sheet.
struct Layout {
    int columns = 0;
    int column_width = 0;
    int pane_width = 0;  // of a whole picture as shown
    int pane_height = 0;
    int enlarged = 1;  // small pictures are shown larger by this factor
    Region region;     // of the detail, in the picture's pixels
    int detail_zoom = 1;
    int top_y = 0;  // of each row
    int detail_y = 0;
    int error_y = 0;
    int width = 0;
    int height = 0;

    int column_x(int column) const { return kMargin + column * (column_width + kGap); }
};

Layout plan(const Comparison& comparison, const SheetOptions& options) {
    const Picture& original = comparison.original;
    Layout layout;
    layout.columns = 1 + static_cast<int>(comparison.codecs.size());
    const double scale = std::min({1.0, double{1.0} * options.pane_width / original.width,
                                   double{1.0} * options.pane_height / original.height});
    layout.enlarged = std::clamp(std::min(kMinColumn / original.width, kMinFigures / original.height), 1, 16);
    layout.pane_width = std::max(1, static_cast<int>(std::lround(original.width * scale))) * layout.enlarged;
    layout.pane_height =
        std::max(1, static_cast<int>(std::lround(original.height * scale))) * layout.enlarged;
    layout.column_width = std::max(layout.pane_width, kMinColumn);

    // A detail as wide as the column and two thirds as high, at 3:1.
    layout.detail_zoom = 3;
    const int detail_width = layout.column_width / layout.detail_zoom;
    const int detail_height = std::min(layout.column_width * 9 / 16, 400) / layout.detail_zoom;
    layout.region = worst_region(comparison.codecs.front().error, detail_width, detail_height);

    layout.top_y = kMargin + kHeader;
    layout.detail_y = layout.top_y + kPaneHeader + layout.pane_height + kGap;
    layout.error_y = layout.detail_y + kDetailHeader + layout.region.height * layout.detail_zoom + kGap;
    layout.width = 2 * kMargin + layout.columns * layout.column_width + (layout.columns - 1) * kGap;
    layout.height = layout.error_y + kPaneHeader + std::max(layout.pane_height, kMinFigures) + kMargin;
    return layout;
}

Picture fitted(const Picture& picture, const Layout& layout) {
    if (layout.enlarged > 1) return enlarge(picture, layout.enlarged);
    return reduce_by_area(picture, layout.pane_width, layout.pane_height);
}

std::string quality_caption(const CodecOutcome& codec) {
    std::string caption = fixed_digits(codec.bpp, 3) + " bpp  ·  PSNR " + fixed_digits(codec.psnr, 2);
    if (std::isfinite(codec.psnr)) caption += " dB";
    if (codec.ssim) caption += "  ·  SSIM " + fixed_digits(*codec.ssim, 4);
    return caption;
}

void draw_header(Canvas& canvas, const Comparison& comparison, const Layout& layout) {
    const Picture& original = comparison.original;
    canvas.text(kMargin, kMargin + 34, comparison.name, kTitle);
    std::string subtitle = std::to_string(original.width) + " × " + std::to_string(original.height) +
                           (original.bands == 3 ? " pixels, RGB" : " pixels, gray");
    subtitle += comparison.codecs.size() > 1 ? "  ·  NAE beside JPEG at the same size in bytes" : "  ·  NAE";
    canvas.text(kMargin, kMargin + 68, subtitle, kSubtitle);
    canvas.fill(kMargin, kMargin + kHeader - 12, layout.width - 2 * kMargin, 1, kRule);
}

void draw_pane(Canvas& canvas, const Layout& layout, int column, int y, const std::string& title,
               const std::string& settings, const std::string& caption, const Picture& picture) {
    const int x = layout.column_x(column);
    canvas.text(x, y + 22, title, kPaneTitle);
    canvas.text(x + canvas.text_width(title, kPaneTitle) + 14, y + 22, settings, kNote);
    canvas.text(x, y + 50, caption, kCaption);
    canvas.paste(x, y + kPaneHeader, picture);
}

void draw_whole_pictures(Canvas& canvas, const Comparison& comparison, const Layout& layout) {
    const Picture& original = comparison.original;
    std::string caption;
    if (comparison.original_bytes > 0) {
        const double bpp = 8.0 * static_cast<double>(comparison.original_bytes) /
                           static_cast<double>(original.pixel_count());
        caption = grouped_digits(comparison.original_bytes) + " bytes  ·  " + fixed_digits(bpp, 2) + " bpp";
    }
    std::string scale_note;
    if (layout.enlarged > 1) scale_note = "shown at " + std::to_string(layout.enlarged) + ":1";
    if (layout.pane_width < original.width) {
        const int percent = static_cast<int>(std::lround(100.0 * layout.pane_width / original.width));
        scale_note = "shown at " + std::to_string(percent) + " %";
    }
    draw_pane(canvas, layout, 0, layout.top_y, "Original", scale_note, caption, fitted(original, layout));
    // Where the detail in the next row comes from.
    const double scale = double{1.0} * layout.pane_width / original.width;
    const Region& region = layout.region;
    canvas.outline(layout.column_x(0) + static_cast<int>(region.x * scale),
                   layout.top_y + kPaneHeader + static_cast<int>(region.y * scale),
                   std::max(4, static_cast<int>(region.width * scale)),
                   std::max(4, static_cast<int>(region.height * scale)), 2, kMark);

    int column = 1;
    for (const CodecOutcome& codec : comparison.codecs) {
        draw_pane(canvas, layout, column, layout.top_y, codec.codec, codec.settings,
                  grouped_digits(codec.bytes) + " bytes  ·  " + quality_caption(codec),
                  fitted(codec.picture, layout));
        ++column;
    }
}

void draw_details(Canvas& canvas, const Comparison& comparison, const Layout& layout) {
    const Region& region = layout.region;
    const auto draw = [&](int column, const std::string& title, const Picture& picture) {
        const int x = layout.column_x(column);
        canvas.text(x, layout.detail_y + 22, title, kCaption);
        const Picture detail =
            enlarge(crop(picture, region.x, region.y, region.width, region.height), layout.detail_zoom);
        canvas.paste(x, layout.detail_y + kDetailHeader, detail);
    };
    const std::string zoom = " at " + std::to_string(layout.detail_zoom) + ":1";
    draw(0, "Original" + zoom + ", where NAE errs most", comparison.original);
    int column = 1;
    for (const CodecOutcome& codec : comparison.codecs) draw(column++, codec.codec + zoom, codec.picture);
}

// One line of the table: a label, then one figure per codec; the better of two is bold.
struct FigureRow {
    std::string label;
    std::vector<std::string> figures;
    int best = -1;
};

enum class Better { lower, higher, neither };

// Works on the printed figures: what reads equal is not called better.
FigureRow figure_row(const std::string& label, const std::vector<std::string>& figures,
                     const std::vector<double>& values, Better better) {
    FigureRow row{label, figures, -1};
    if (better == Better::neither || figures.size() != 2 || figures[0] == figures[1]) return row;
    if (figures[0] == "–" || figures[1] == "–") return row;
    const bool first = better == Better::higher ? values[0] > values[1] : values[0] < values[1];
    row.best = first ? 0 : 1;
    return row;
}

std::vector<FigureRow> figure_rows(const Comparison& comparison) {
    using Text = std::vector<std::string>;
    using Numbers = std::vector<double>;
    Text bytes, bpp, psnr_text, ssim_text, write, read;
    Numbers psnr_value, ssim_value, write_value, read_value, none;
    for (const CodecOutcome& codec : comparison.codecs) {
        bytes.push_back(grouped_digits(codec.bytes));
        bpp.push_back(fixed_digits(codec.bpp, 3));
        psnr_text.push_back(fixed_digits(codec.psnr, 2));
        ssim_text.push_back(codec.ssim ? fixed_digits(*codec.ssim, 4) : "–");
        write.push_back(codec.write_seconds ? fixed_digits(*codec.write_seconds, 4) : "–");
        read.push_back(fixed_digits(codec.read_seconds, 4));
        psnr_value.push_back(codec.psnr);
        ssim_value.push_back(codec.ssim.value_or(0));
        write_value.push_back(codec.write_seconds.value_or(0));
        read_value.push_back(codec.read_seconds);
    }
    return {figure_row("bytes", bytes, none, Better::neither),
            figure_row("bits per pixel", bpp, none, Better::neither),
            figure_row("PSNR, dB", psnr_text, psnr_value, Better::higher),
            figure_row("SSIM", ssim_text, ssim_value, Better::higher),
            figure_row("write, s", write, write_value, Better::lower),
            figure_row("read, s", read, read_value, Better::lower)};
}

void draw_legend(Canvas& canvas, int x, int y, int width, int range, ColourMap colours) {
    canvas.text(x, y, "Error maps: absolute error, gray levels", kFigure);
    constexpr int kBar = 22;
    const int bar_y = y + 14;
    for (int i = 0; i < width; ++i)
        canvas.fill(x + i, bar_y, 1, kBar, map_colour(colours, (i + 0.5) / width));
    constexpr int kTicks = 4;
    for (int tick = 0; tick <= kTicks; ++tick) {
        const int tick_x = x + (width - 1) * tick / kTicks;
        canvas.fill(tick_x, bar_y + kBar, 1, 6, kPlain);
        const double value = double{1.0} * range * tick / kTicks;
        std::string label = fixed_digits(value, value == std::floor(value) ? 0 : 1);
        if (tick == kTicks) label = "≥ " + label;
        const int label_width = canvas.text_width(label, kNote);
        const int label_x = tick == 0        ? tick_x
                            : tick == kTicks ? tick_x - label_width
                                             : tick_x - label_width / 2;
        canvas.text(label_x, bar_y + kBar + 24, label, kNote);
    }
    canvas.text(x, bar_y + kBar + 50, "mean over the bands; the same scale for every map", kNote);
}

void draw_figures(Canvas& canvas, const Comparison& comparison, const Layout& layout, int range,
                  ColourMap colours) {
    const int x = layout.column_x(0);
    const int width = layout.column_width;
    const int top = layout.error_y;
    canvas.text(x, top + 22, "Figures", kPaneTitle);
    canvas.text(x, top + 50, "times within one process, drivers loaded", kCaption);
    canvas.fill(x, top + kPaneHeader, width, std::max(layout.pane_height, kMinFigures), kPanel);

    constexpr int kInset = 26;
    constexpr int kLine = 34;
    const int codecs = static_cast<int>(comparison.codecs.size());
    const int figure_width = 150;
    const auto figure_x = [&](int codec) { return x + width - kInset - (codecs - 1 - codec) * figure_width; };
    int y = top + kPaneHeader + 42;
    for (int codec = 0; codec < codecs; ++codec)
        canvas.text_to(figure_x(codec), y, comparison.codecs[static_cast<size_t>(codec)].codec, kBest);
    canvas.fill(x + kInset, y + 11, width - 2 * kInset, 1, kRule);
    y += kLine + 4;
    for (const FigureRow& row : figure_rows(comparison)) {
        canvas.text(x + kInset, y, row.label, kFigure);
        for (int codec = 0; codec < codecs; ++codec)
            canvas.text_to(figure_x(codec), y, row.figures[static_cast<size_t>(codec)],
                           codec == row.best ? kBest : kFigure);
        y += kLine;
    }
    canvas.fill(x + kInset, y - 14, width - 2 * kInset, 1, kRule);
    draw_legend(canvas, x + kInset, y + 22, width - 2 * kInset, range, colours);
}

void draw_error_maps(Canvas& canvas, const Comparison& comparison, const Layout& layout, int range,
                     ColourMap colours) {
    int column = 1;
    for (const CodecOutcome& codec : comparison.codecs) {
        std::string caption = "half of the pixels within ";
        caption += fixed_digits(static_cast<double>(error_percentile(codec.error, 0.5)), 1);
        caption += ", 99 % within ";
        caption += fixed_digits(static_cast<double>(error_percentile(codec.error, 0.99)), 1);
        draw_pane(canvas, layout, column, layout.error_y, "Error of " + codec.codec, "", caption,
                  fitted(paint_error_map(codec.error, range, colours), layout));
        ++column;
    }
}

}  // namespace

Result<Picture> render_comparison_sheet(const Comparison& comparison, const SheetOptions& options) {
    if (comparison.codecs.empty() || comparison.original.empty())
        return Status(ErrorCode::invalid_argument, "comparison sheet: nothing to compare");
    const Layout layout = plan(comparison, options);
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<Canvas> canvas,
                         Canvas::create(layout.width, layout.height, kBackground));

    std::vector<const ErrorMap*> maps;
    for (const CodecOutcome& codec : comparison.codecs) maps.push_back(&codec.error);
    const int range = common_error_range(maps);

    draw_header(*canvas, comparison, layout);
    draw_whole_pictures(*canvas, comparison, layout);
    draw_details(*canvas, comparison, layout);
    draw_figures(*canvas, comparison, layout, range, options.colours);
    draw_error_maps(*canvas, comparison, layout, range, options.colours);
    return canvas->picture();
}

}  // namespace nae
