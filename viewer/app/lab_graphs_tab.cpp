// Loss curves, histograms, rate against distortion.
#include <algorithm>
#include <cmath>

#include "viewer/app/lab_window.h"
#include "viewer/app/plot.h"
#include "viewer/app/viewer.h"

namespace nae {
namespace {

// Okabe and Ito 2008, which colour-blind people can tell apart, brighter for the dark window; then four more for those with
// many runs.
constexpr ImU32 kColours[] = {
    IM_COL32(86, 180, 233, 255),  IM_COL32(230, 159, 0, 255),  IM_COL32(0, 178, 135, 255),
    IM_COL32(240, 228, 66, 255),  IM_COL32(225, 110, 40, 255), IM_COL32(214, 140, 185, 255),
    IM_COL32(220, 220, 220, 255), IM_COL32(90, 130, 235, 255), IM_COL32(160, 220, 80, 255),
    IM_COL32(250, 110, 150, 255), IM_COL32(175, 125, 85, 255), IM_COL32(150, 150, 150, 255)};
ImU32 colour_of(size_t i) { return kColours[i % (sizeof kColours / sizeof kColours[0])]; }

struct Range {
    double low = 1e300, high = -1e300;
    void add(double v) {
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
};

void draw_legend(Viewer& viewer, const std::vector<LabSeries>& all) {
    for (size_t i = 0; i < all.size(); ++i) {
        if (i > 0) ImGui::SameLine(0, viewer.px(16));
        ImGui::PushStyleColor(ImGuiCol_Text, colour_of(i));
        ImGui::TextUnformatted(all[i].name.c_str());
        ImGui::PopStyleColor();
    }
}

void draw_lines(Viewer& viewer, const std::vector<LabSeries>& all, const char* x_label, const char* y_label) {
    Range xs, ys;
    for (const LabSeries& s : all) {
        for (const double v : s.x) xs.add(v);
        for (const double v : s.y) ys.add(v);
    }
    if (!(xs.low <= xs.high) || !(ys.low <= ys.high))
        return ImGui::TextDisabled("There is nothing to draw yet.");
    draw_legend(viewer, all);
    const Plot plot(viewer, "lines", ImGui::GetContentRegionAvail().y - viewer.px(8),
                    make_axis(xs.low, xs.high, 8, false), make_axis(ys.low, ys.high, 6, true), x_label,
                    y_label);
    for (size_t i = 0; i < all.size(); ++i) {
        const LabSeries& s = all[i];
        for (size_t k = 0; k < std::min(s.x.size(), s.y.size()); ++k) {
            const ImVec2 here = plot.at(s.x[k], s.y[k]);
            if (k > 0)
                plot.list().AddLine(plot.at(s.x[k - 1], s.y[k - 1]), here, colour_of(i), viewer.px(1.6f));
            plot.list().AddCircleFilled(here, viewer.px(s.x.size() == 1 ? 5.f : 2.5f), colour_of(i));
        }
    }
}

void draw_histograms(Viewer& viewer, const std::vector<LabSeries>& all, const char* label, int bins) {
    Range values;
    size_t most = 1;
    for (const LabSeries& s : all)
        for (const double v : s.y) values.add(v);
    if (!(values.low < values.high)) return ImGui::TextDisabled("There is nothing to draw yet.");
    std::vector<std::vector<size_t>> counts(all.size(), std::vector<size_t>(static_cast<size_t>(bins)));
    for (size_t i = 0; i < all.size(); ++i)
        for (const double v : all[i].y) {
            if (!std::isfinite(v)) continue;
            const double at = (v - values.low) / (values.high - values.low) * bins;
            size_t& count = counts[i][static_cast<size_t>(std::min(bins - 1, static_cast<int>(at)))];
            most = std::max(most, ++count);
        }
    draw_legend(viewer, all);
    const Plot plot(viewer, "bars", ImGui::GetContentRegionAvail().y - viewer.px(8),
                    make_axis(values.low, values.high, 8, false),
                    make_axis(0, static_cast<double>(most), 5, true), label, "crops");
    const double width = (values.high - values.low) / bins;
    for (size_t i = 0; i < all.size(); ++i) {
        ImVec2 before = plot.at(values.low, 0);
        for (int b = 0; b < bins; ++b) {
            const auto count = static_cast<double>(counts[i][static_cast<size_t>(b)]);
            const ImVec2 left = plot.at(values.low + b * width, count),
                         right = plot.at(values.low + (b + 1) * width, count);
            plot.list().AddLine(before, left, colour_of(i), viewer.px(1.6f));
            plot.list().AddLine(left, right, colour_of(i), viewer.px(1.6f));
            before = right;
        }
        plot.list().AddLine(before, plot.at(values.high, 0), colour_of(i), viewer.px(1.6f));
    }
}

}  // namespace

void draw_lab_graphs(Viewer& viewer) {
    LabWindow& lab = viewer.lab;
    const Laboratory& laboratory = lab.laboratory;
    ImGui::RadioButton("Loss by epoch", &lab.graph, 0);
    ImGui::SameLine();
    ImGui::RadioButton("Histograms", &lab.graph, 1);
    ImGui::SameLine();
    ImGui::RadioButton("Rate–distortion", &lab.graph, 2);
    ImGui::SameLine(0, viewer.px(24));
    if (lab.graph == 0) {
        ImGui::Checkbox("of what was held out", &lab.held_out);
        draw_lines(viewer, laboratory.loss_curves(lab.held_out), "epoch", "loss");
    } else if (lab.graph == 1) {
        for (const char* measure : {"ssim", "psnr", "ratio"}) {
            if (ImGui::RadioButton(measure, lab.measure == measure)) lab.measure = measure;
            ImGui::SameLine();
        }
        ImGui::NewLine();
        draw_histograms(viewer, laboratory.distributions(lab.measure), lab.measure.c_str(), lab.bins);
    } else {
        ImGui::Checkbox("without headers", &lab.coded_data_only);
        draw_lines(viewer, laboratory.rate_distortion(lab.coded_data_only), "bits per pixel", "SSIM");
    }
}

}  // namespace nae
