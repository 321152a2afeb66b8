// Sliders that encode again while the picture stays on screen.
#include <algorithm>
#include <cmath>

#include "viewer/app/viewer.h"

namespace nae {
namespace {

void codec_name(Viewer& viewer, Entry entry) {
    ImGui::PushFont(viewer.fonts.bold);
    ImGui::PushStyleColor(ImGuiCol_Text, entry_colour(entry));
    ImGui::TextUnformatted(entry_name(entry));
    ImGui::PopStyleColor();
    ImGui::PopFont();
}

bool slider(Viewer& viewer, const char* label, float* value, float low, float high, const char* format) {
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(label);
    ImGui::SameLine(viewer.px(70));
    ImGui::SetNextItemWidth(-1);
    const bool changed = ImGui::SliderFloat((std::string("##") + label).c_str(), value, low, high, format,
                                            ImGuiSliderFlags_AlwaysClamp);
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("Ctrl+click types a number");
    return changed;
}

void draw_nae(Viewer& viewer) {
    codec_name(viewer, Entry::nae);
    ImGui::SameLine(viewer.px(70));
    action_button(viewer, "codec.tune_ssim", "tune for SSIM", viewer.ticked(*find_action("codec.tune_ssim")));
    if (viewer.bench.reencoded()) {
        ImGui::SameLine(0, viewer.px(3));
        action_button(viewer, "codec.revert", "Back to the file", false);
    }
    NaeSettings settings = viewer.bench.nae_settings();
    auto quality = static_cast<float>(settings.quality);
    auto effort = static_cast<float>(settings.effort);
    bool changed = slider(viewer, "Quality", &quality, 1, 100, "%.0f");
    changed |= slider(viewer, "Effort", &effort, 1, 9, "%.0f");
    if (!changed) return;
    settings.quality = std::round(static_cast<double>(quality));
    settings.effort = static_cast<int>(std::lround(effort));
    viewer.bench.set_nae(settings);
}

void draw_jpeg(Viewer& viewer) {
    codec_name(viewer, Entry::jpeg);
    ImGui::SameLine(viewer.px(70));
    const auto ticked = [&](const char* id) { return viewer.ticked(*find_action(id)); };
    action_button(viewer, "codec.match_size", "same size", ticked("codec.match_size"));
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "codec.match_ssim", "same SSIM", ticked("codec.match_ssim"));
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "codec.match_manual", "by hand", ticked("codec.match_manual"));
    JpegSettings settings = viewer.bench.jpeg_settings();
    const CodecOutcome* good = viewer.bench.outcome(Entry::jpeg);
    const bool manual = settings.match == JpegMatchMode::manual;
    auto quality = static_cast<float>(manual || good == nullptr ? settings.quality : good->quality);
    if (slider(viewer, "Quality", &quality, 1, 100, manual ? "%.0f" : "%.1f")) {
        settings.match = JpegMatchMode::manual;
        settings.quality = std::round(static_cast<double>(quality));
        viewer.bench.set_jpeg(settings);
    }
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted("Chroma");
    ImGui::SameLine(viewer.px(70));
    const char* names[] = {"automatic", "4:2:0", "4:4:4"};
    int choice = !settings.chroma ? 0 : *settings.chroma == ChromaSampling::quarter ? 1 : 2;
    ImGui::SetNextItemWidth(-1);
    if (ImGui::Combo("##chroma", &choice, names, 3)) {
        if (choice == 0)
            settings.chroma.reset();
        else
            settings.chroma = choice == 1 ? ChromaSampling::quarter : ChromaSampling::full;
        viewer.bench.set_jpeg(settings);
    }
}

// The figures of both side by side; the better of each line in bold.
void draw_table(Viewer& viewer) {
    const CodecOutcome* nae = viewer.bench.outcome(Entry::nae);
    const CodecOutcome* jpeg = viewer.bench.outcome(Entry::jpeg);
    if ((nae == nullptr && jpeg == nullptr) ||
        !ImGui::BeginTable("figures", 3, ImGuiTableFlags_BordersInnerH))
        return;
    ImGui::TableSetupColumn("", ImGuiTableColumnFlags_WidthStretch, 1.0f);
    ImGui::TableSetupColumn("a", ImGuiTableColumnFlags_WidthStretch, 1.1f);
    ImGui::TableSetupColumn("b", ImGuiTableColumnFlags_WidthStretch, 1.1f);
    const auto cell = [&](const std::string& text, bool best) {
        ImGui::TableNextColumn();
        if (best) ImGui::PushFont(viewer.fonts.bold);
        const float width = ImGui::CalcTextSize(text.c_str()).x;
        ImGui::SetCursorPosX(ImGui::GetCursorPosX() +
                             std::max(0.0f, ImGui::GetColumnWidth() - width - viewer.px(4)));
        ImGui::TextUnformatted(text.c_str());
        if (best) ImGui::PopFont();
    };
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    for (const Entry entry : {Entry::nae, Entry::jpeg}) {
        ImGui::PushStyleColor(ImGuiCol_Text, entry_colour(entry));
        cell(viewer.bench.entry_title(entry), false);
        ImGui::PopStyleColor();
    }
    const auto row = [&](const char* label, auto value, int digits, bool compare) {
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::TextDisabled("%s", label);
        const std::optional<double> a = nae != nullptr ? value(*nae) : std::nullopt;
        const std::optional<double> b = jpeg != nullptr ? value(*jpeg) : std::nullopt;
        const auto text = [&](const std::optional<double>& v) {
            if (!v) return std::string("–");
            return digits == 0 ? grouped_digits(static_cast<uint64_t>(*v)) : fixed_digits(*v, digits);
        };
        const bool tell = compare && a && b && text(a) != text(b);
        cell(text(a), tell && *a > *b);
        cell(text(b), tell && *b > *a);
    };
    using Value = std::optional<double>;
    row(
        "bytes", [](const CodecOutcome& c) { return Value(static_cast<double>(c.bytes)); }, 0, false);
    row(
        "bits per pixel", [](const CodecOutcome& c) { return Value(c.bpp); }, 3, false);
    row(
        "PSNR, dB", [](const CodecOutcome& c) { return Value(c.psnr); }, 2, true);
    row(
        "SSIM", [](const CodecOutcome& c) { return c.ssim; }, 4, true);
    row(
        "MS-SSIM", [](const CodecOutcome& c) { return c.ms_ssim; }, 4, true);
    ImGui::EndTable();
}

}  // namespace

void draw_codec_panel(Viewer& viewer) {
    if (!viewer.bench.has_original()) {
        ImGui::PushTextWrapPos();
        ImGui::TextDisabled("Without the original there is nothing to compare with or to encode.");
        ImGui::PopTextWrapPos();
        action_button(viewer, "file.open_original", "Open original…", false);
        return;
    }
    draw_nae(viewer);
    ImGui::Dummy(ImVec2(0, viewer.px(2)));
    draw_jpeg(viewer);
    ImGui::Dummy(ImVec2(0, viewer.px(2)));
    draw_table(viewer);
    if (!viewer.bench.whole()) {
        ImGui::PushTextWrapPos();
        ImGui::TextDisabled("Too large to compare whole: figures are for the marked window of %d×%d pixels.",
                            viewer.bench.window().width, viewer.bench.window().height);
        ImGui::PopTextWrapPos();
        action_button(viewer, "codec.analyse_here", "Compare what is in view", false);
    }
}

}  // namespace nae
