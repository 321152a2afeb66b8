// The rate-distortion plot of the open picture; a click on a point takes its quality.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "viewer/app/plot.h"
#include "viewer/app/viewer.h"

namespace nae {
namespace {

enum class Measure { psnr, ssim, ms_ssim };

std::optional<double> value_of(const RdPoint& point, Measure measure) {
    if (measure == Measure::ssim) return point.ssim;
    if (measure == Measure::ms_ssim) return point.ms_ssim;
    return std::isfinite(point.psnr) ? std::optional<double>(point.psnr) : std::nullopt;
}

Entry entry_of_point(const RdPoint& point) { return point.codec == "JPEG" ? Entry::jpeg : Entry::nae; }

void take_point(Viewer& viewer, const RdPoint& point) {
    if (entry_of_point(point) == Entry::jpeg) {
        JpegSettings settings = viewer.bench.jpeg_settings();
        settings.match = JpegMatchMode::manual;
        settings.quality = point.quality;
        viewer.bench.set_jpeg(settings);
    } else {
        NaeSettings settings = viewer.bench.nae_settings();
        settings.quality = point.quality;
        viewer.bench.set_nae(settings);
    }
}

void draw_curves(Viewer& viewer, std::vector<RdPoint> points, Measure measure) {
    std::vector<RdPoint> current;
    for (const Entry entry : {Entry::nae, Entry::jpeg})
        if (const CodecOutcome* good = viewer.bench.outcome(entry))
            if (!good->error.values.empty()) current.push_back(rd_point(*good));
    double high_rate = 0.1;
    double low = 1e9;
    double high = -1e9;
    for (const auto* all : {&points, &current})
        for (const RdPoint& point : *all) {
            // Rates nobody uses for this would squeeze the rest into a corner.
            if (point.bpp <= 6) high_rate = std::max(high_rate, point.bpp);
            if (const std::optional<double> value = value_of(point, measure); value && point.bpp <= 6) {
                low = std::min(low, *value);
                high = std::max(high, *value);
            }
        }
    const Axis x = make_axis(0, high_rate * 1.03, 5, false);
    const Axis y = make_axis(low, high, 5, true);
    const char* label = measure == Measure::psnr ? "PSNR, dB" : measure == Measure::ssim ? "SSIM" : "MS-SSIM";
    const Plot plot(viewer, "rd", viewer.px(210), x, y, "bits per pixel", label);
    ImDrawList& list = plot.list();

    std::sort(points.begin(), points.end(), [](const RdPoint& a, const RdPoint& b) {
        return a.codec != b.codec ? a.codec < b.codec : a.bpp < b.bpp;
    });
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const RdPoint* near = nullptr;
    float nearest = viewer.px(9);
    list.PushClipRect(ImVec2(plot.low().x - viewer.px(4), plot.low().y - viewer.px(4)),
                      ImVec2(plot.high().x + viewer.px(4), plot.high().y + viewer.px(4)), true);
    const RdPoint* before = nullptr;
    for (const RdPoint& point : points) {
        const std::optional<double> value = value_of(point, measure);
        if (!value) continue;
        const ImVec2 here = plot.at(point.bpp, *value);
        const ImU32 colour = entry_colour(entry_of_point(point));
        if (before != nullptr && before->codec == point.codec)
            list.AddLine(plot.at(before->bpp, *value_of(*before, measure)), here, colour, viewer.px(1.7f));
        list.AddCircleFilled(here, viewer.px(3), colour);
        const float distance = std::hypot(here.x - mouse.x, here.y - mouse.y);
        if (plot.hovered() && distance < nearest) {
            nearest = distance;
            near = &point;
        }
        before = &point;
    }
    // Where the pictures on screen are.
    for (const RdPoint& point : current)
        if (const std::optional<double> value = value_of(point, measure)) {
            const ImVec2 here = plot.at(point.bpp, *value);
            list.AddCircle(here, viewer.px(6), IM_COL32(255, 255, 255, 255), 0, viewer.px(1.5f));
            list.AddCircleFilled(here, viewer.px(3), entry_colour(entry_of_point(point)));
        }
    list.PopClipRect();
    float right = plot.high().x - viewer.px(8);
    for (const Entry entry : {Entry::jpeg, Entry::nae}) {
        const ImVec2 size =
            viewer.fonts.bold->CalcTextSizeA(viewer.fonts.bold->FontSize, 1e9f, 0, entry_name(entry));
        right -= size.x;
        list.AddText(viewer.fonts.bold, viewer.fonts.bold->FontSize,
                     ImVec2(right, plot.high().y - size.y - viewer.px(5)), entry_colour(entry),
                     entry_name(entry));
        right -= viewer.px(12);
    }
    if (near == nullptr) return;
    ImGui::SetTooltip("%s quality %g\n%.3f bpp, PSNR %s dB\nClick to see this picture.", near->codec.c_str(),
                      near->quality, near->bpp, fixed_digits(near->psnr, 2).c_str());
    if (plot.clicked()) take_point(viewer, *near);
}

}  // namespace

void draw_rd_panel(Viewer& viewer) {
    static Measure measure = Measure::psnr;
    if (viewer.scroll_to_plot) ImGui::SetScrollHereY(0);
    viewer.scroll_to_plot = false;
    const JobPtr job = viewer.bench.rd_job();
    const std::vector<RdPoint> points = viewer.bench.rd_points();
    if (job) {
        ImGui::ProgressBar(static_cast<float>(job->fraction()), ImVec2(viewer.px(120), 0));
        ImGui::SameLine();
        if (ImGui::Button("Stop")) job->cancel();
    } else {
        action_button(viewer, "codec.rd_curve", points.empty() ? "Compute" : "Again", false);
    }
    ImGui::SameLine();
    const char* names[] = {"PSNR", "SSIM", "MS-SSIM"};
    int chosen = static_cast<int>(measure);
    ImGui::SetNextItemWidth(-1);
    if (ImGui::Combo("##measure", &chosen, names, 3)) measure = static_cast<Measure>(chosen);
    if (!points.empty()) draw_curves(viewer, points, measure);
}

}  // namespace nae
