// Figures of the rectangle that Shift+drag draws, and the histogram.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "viewer/app/plot.h"
#include "viewer/app/viewer.h"
#include "viewer/core/histogram.h"
#include "viewer/core/region_stats.h"

namespace nae {
namespace {

// The selection, or the whole window, relative to the pictures in memory.
Region measured_region(const Viewer& viewer) {
    const Region& window = viewer.bench.window();
    Region region = viewer.state.selection.empty() ? window : intersection(viewer.state.selection, window);
    region.x -= window.x;
    region.y -= window.y;
    return region;
}

// Measuring takes milliseconds: only when a picture or the region has changed.
template <class Figures>
struct Cached {
    std::shared_ptr<const Picture> original;
    std::shared_ptr<const Picture> picture;
    Region region;
    Figures figures{};

    bool fits(const std::shared_ptr<const Picture>& a, const std::shared_ptr<const Picture>& b,
              const Region& where) const {
        return original == a && picture == b && region == where;
    }
};

struct EntryFigures {
    std::vector<BandStats> bands;
    std::optional<RegionQuality> quality;
};

const EntryFigures& figures_of(Viewer& viewer, Entry entry, const Region& region) {
    static Cached<EntryFigures> cache[3];
    Cached<EntryFigures>& cached = cache[static_cast<size_t>(entry)];
    const auto original = viewer.bench.picture(Entry::original);
    const auto picture = viewer.bench.picture(entry);
    if (!cached.fits(original, picture, region)) {
        cached = {original, picture, region, {}};
        cached.figures.bands = band_stats(*picture, region);
        if (entry != Entry::original && original) {
            const Result<RegionQuality> quality = region_quality(*original, *picture, region);
            if (quality.ok()) cached.figures.quality = quality.value();
        }
    }
    return cached.figures;
}

std::string band_label(const Picture& picture, size_t band) {
    const char* names[] = {"R", "G", "B"};
    return picture.bands == 1 ? "gray" : names[band];
}

}  // namespace

void draw_numbers_panel(Viewer& viewer) {
    const Region& selection = viewer.state.selection;
    if (selection.empty()) {
        ImGui::TextDisabled("Shift+drag over a picture measures a rectangle.");
        return;
    }
    ImGui::Text("%d × %d at x %d  y %d", selection.width, selection.height, selection.x, selection.y);
    ImGui::SameLine();
    if (ImGui::SmallButton("clear")) viewer.state.selection = {};
    const Region region = measured_region(viewer);
    if (region.empty() || !ImGui::BeginTable("region", 5, ImGuiTableFlags_BordersInnerH)) return;
    for (const char* name : {"", "mean", "σ", "min", "max"}) ImGui::TableSetupColumn(name);
    ImGui::TableHeadersRow();
    for (const Entry entry : kEntries) {
        const auto picture = viewer.bench.picture(entry);
        if (!picture) continue;
        const EntryFigures& figures = figures_of(viewer, entry, region);
        for (size_t band = 0; band < figures.bands.size(); ++band) {
            const BandStats& stats = figures.bands[band];
            ImGui::TableNextRow();
            ImGui::TableNextColumn();
            ImGui::PushStyleColor(ImGuiCol_Text, entry_colour(entry));
            ImGui::Text("%s %s", entry_name(entry), band_label(*picture, band).c_str());
            ImGui::PopStyleColor();
            ImGui::TableNextColumn();
            ImGui::Text("%.1f", stats.mean);
            ImGui::TableNextColumn();
            ImGui::Text("%.1f", stats.deviation);
            ImGui::TableNextColumn();
            ImGui::Text("%d", stats.lowest);
            ImGui::TableNextColumn();
            ImGui::Text("%d", stats.highest);
        }
    }
    ImGui::EndTable();
    for (const Entry entry : {Entry::nae, Entry::jpeg}) {
        if (!viewer.bench.picture(entry)) continue;
        const std::optional<RegionQuality>& quality = figures_of(viewer, entry, region).quality;
        if (!quality) continue;
        ImGui::PushStyleColor(ImGuiCol_Text, entry_colour(entry));
        ImGui::TextUnformatted(entry_name(entry));
        ImGui::PopStyleColor();
        ImGui::SameLine(viewer.px(56));
        std::string words = std::isfinite(quality->psnr) ? fixed_digits(quality->psnr, 2) + " dB" : "equal";
        if (quality->ssim) words += "   SSIM " + fixed_digits(*quality->ssim, 4);
        words += "   largest error " + std::to_string(quality->largest_error);
        ImGui::TextUnformatted(words.c_str());
    }
}

void draw_histogram_panel(Viewer& viewer) {
    static Entry entry = Entry::original;
    static Cached<std::vector<Histogram>> cached;
    if (!viewer.bench.picture(entry)) entry = Entry::original;
    const auto picture = viewer.bench.picture(entry);
    if (!picture) {
        ImGui::TextDisabled("The original is not read yet.");
        return;
    }
    for (const Entry each : kEntries) {
        if (!viewer.bench.picture(each)) continue;
        if (ImGui::RadioButton(entry_name(each), each == entry)) entry = each;
        ImGui::SameLine();
    }
    ImGui::NewLine();
    const Region region = measured_region(viewer);
    if (!cached.fits(nullptr, picture, region))
        cached = {nullptr, picture, region, histograms(*picture, region)};
    const std::vector<Histogram>& all = cached.figures;
    const double top = static_cast<double>(histogram_axis_end(all));
    // Labels are the raster's own values where the picture is a stretch of them.
    const Display& display = viewer.bench.display();
    const bool one_range =
        picture->bands == 1 ||
        (display.ranges.size() == 3 && display.ranges[0].low == display.ranges[1].low &&
         display.ranges[1].low == display.ranges[2].low && display.ranges[0].high == display.ranges[1].high &&
         display.ranges[1].high == display.ranges[2].high);
    const ValueRange range = one_range && !display.ranges.empty() ? display.ranges[0] : ValueRange{};
    const Axis x = make_axis(range.low, range.high, 5, false);
    Axis y = make_axis(0, top, 3, false);
    const Plot plot(viewer, "histogram", viewer.px(140), x, y,
                    one_range ? (range.identity() ? "gray level" : "value") : "gray level after the stretch",
                    "pixels");
    const ImU32 colours[] = {IM_COL32(255, 92, 92, 255), IM_COL32(98, 214, 98, 255),
                             IM_COL32(108, 150, 255, 255)};
    ImDrawList& list = plot.list();
    list.PushClipRect(plot.low(), plot.high(), true);
    for (size_t band = 0; band < all.size(); ++band) {
        const ImU32 colour = all.size() == 1 ? IM_COL32(210, 210, 214, 255) : colours[band];
        ImVec2 before;
        for (size_t level = 0; level < 256; ++level) {
            const ImVec2 here =
                plot.at(range.undo(static_cast<double>(level)), static_cast<double>(all[band][level]));
            if (level > 0) list.AddLine(before, here, colour, viewer.px(1.2f));
            before = here;
        }
    }
    list.PopClipRect();
}

void draw_bands_panel(Viewer& viewer) {
    const RasterInfo* info =
        viewer.bench.has_original() ? viewer.bench.original_info() : viewer.bench.coded_info();
    if (info == nullptr) return;
    const Display& display = viewer.bench.display();
    std::vector<int> bands = display.bands;
    bool changed = false;
    const char* channels[] = {"Red", "Green", "Blue"};
    for (size_t i = 0; i < bands.size(); ++i) {
        ImGui::AlignTextToFramePadding();
        ImGui::TextUnformatted(bands.size() == 1 ? "Band" : channels[i]);
        ImGui::SameLine(viewer.px(70));
        ImGui::SetNextItemWidth(-1);
        const auto name = [&](int band) {
            return std::to_string(band) + "  " + info->bands[static_cast<size_t>(band) - 1].name + "  " +
                   info->bands[static_cast<size_t>(band) - 1].type;
        };
        if (ImGui::BeginCombo(("##band" + std::to_string(i)).c_str(), name(bands[i]).c_str())) {
            for (int band = 1; band <= static_cast<int>(info->bands.size()); ++band)
                if (ImGui::Selectable(name(band).c_str(), band == bands[i])) {
                    bands[i] = band;
                    changed = true;
                }
            ImGui::EndCombo();
        }
    }
    if (info->bands.size() >= 3 && !info->palette) {
        bool colour = bands.size() == 3;
        if (ImGui::Checkbox("three bands as colour", &colour)) {
            bands = colour ? info->default_bands() : std::vector<int>{bands[0]};
            changed = true;
        }
    }
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted("Stretch");
    ImGui::SameLine(viewer.px(70));
    const auto ticked = [&](const char* id) { return viewer.ticked(*find_action(id)); };
    action_button(viewer, "bands.stretch_none", "none", ticked("bands.stretch_none"));
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "bands.stretch_min_max", "min–max", ticked("bands.stretch_min_max"));
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "bands.stretch_percentile", "2–98 %", ticked("bands.stretch_percentile"));
    for (size_t i = 0; i < display.ranges.size(); ++i)
        if (!display.ranges[i].identity())
            ImGui::TextDisabled("band %d: %g to %g", display.bands[i], display.ranges[i].low,
                                display.ranges[i].high);
    if (!info->eight_bit()) ImGui::TextDisabled("Codecs are compared on this 8-bit view.");
    if (changed) viewer.bench.set_display(bands, viewer.bench.stretch_mode());
}

}  // namespace nae
