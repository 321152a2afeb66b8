// Choosing what to train, starting, stopping, watching.
#include <algorithm>
#include <cstdio>

#include "viewer/app/lab_window.h"
#include "viewer/app/viewer.h"

namespace nae {
namespace {

void tip(const char* words) {
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", words);
}

void draw_weights(TrainForm& form) {
    const auto weight = [](const char* label, double& value, const char* help) {
        auto shown = static_cast<float>(value);
        if (ImGui::SliderFloat(label, &shown, 0, 1, "%.2f"))
            value = static_cast<double>(static_cast<int>(shown * 100 + 0.5f)) / 100;
        tip(help);
    };
    weight("weight of 1 - SSIM", form.ssim, "a in a (1 - SSIM) + b perceptual + c MSE + rate; a + b + c = 1");
    weight("weight of VGG16's difference", form.perceptual, "b; needs VGG16's weights from a file");
    weight("weight of MSE", form.mse, "c");
    if (form.perceptual > 0) {
        edit_text("VGG16's weights", form.vgg16);
        tip("torchvision's state dict, .npz or .pt");
    } else {
        ImGui::TextDisabled("Without VGG16's weights the perceptual term is 0.");
    }
    auto target = static_cast<float>(form.target_ssim);
    if (ImGui::SliderFloat("SSIM to aim at", &target, 0, 0.99f, target > 0 ? "%.2f" : "none"))
        form.target_ssim = static_cast<double>(target);
    tip("The rate's weight is adapted until the training pictures have this SSIM.");
}

void draw_form(Viewer& viewer, bool running) {
    TrainForm& form = viewer.lab.laboratory.form;
    const LabModelChoice& model = lab_models()[form.model];
    ImGui::BeginDisabled(running);
    if (ImGui::BeginCombo("model", model.title)) {
        for (size_t i = 0; i < lab_models().size(); ++i)
            if (ImGui::Selectable(lab_models()[i].title, i == form.model)) choose_model(form, i);
        ImGui::EndCombo();
    }
    edit_text(model.digits ? "MNIST's folder" : "folders of pictures", form.data);
    tip(model.digits ? "Holds the four IDX files, gz or plain."
                     : "Several are separated by semicolons; random 128x128 crops are cut.");
    if (edit_text("folder of the run", form.folder)) viewer.lab.error.clear();
    ImGui::InputInt("epochs", &form.epochs);
    if (!model.digits) ImGui::InputInt("crops", &form.crops, 100, 1000);
    ImGui::InputInt("seed", &form.seed);
    if (model.words[0] == "ae") draw_weights(form);
    if (model.words[0] == "ae" || (model.digits && model.words[1] == "ae"))
        ImGui::InputDouble("weight of bits per pixel", &form.rate, 0, 0, "%.4f");
    ImGui::EndDisabled();
}

}  // namespace

void draw_lab_train(Viewer& viewer) {
    LabWindow& lab = viewer.lab;
    Laboratory& laboratory = lab.laboratory;
    const bool running = laboratory.training();
    ImGui::PushItemWidth(viewer.px(420));
    draw_form(viewer, running);
    ImGui::PopItemWidth();
    ImGui::Dummy(ImVec2(0, viewer.px(4)));
    const auto act = [&](const Status& status) { lab.error = status.ok() ? "" : status.message(); };
    ImGui::BeginDisabled(running);
    if (ImGui::Button("Start")) act(laboratory.start());
    ImGui::SameLine();
    if (ImGui::Button("Resume")) act(laboratory.resume());
    tip("Go on with the run in that folder, up to so many epochs.");
    ImGui::EndDisabled();
    ImGui::SameLine();
    ImGui::BeginDisabled(!running);
    if (ImGui::Button("Stop")) laboratory.stop();
    ImGui::EndDisabled();
    ImGui::SameLine();
    if (running) {
        const TrainProgress& progress = laboratory.progress();
        char words[96];
        std::snprintf(words, sizeof words, "%.1f %%, %s left", 100 * progress.fraction,
                      duration_text(progress.seconds_left).c_str());
        ImGui::ProgressBar(static_cast<float>(progress.fraction), ImVec2(viewer.px(320), 0),
                           progress.fraction > 0 ? words : "starting");
    } else {
        ImGui::TextUnformatted(laboratory.outcome().c_str());
    }
    if (!lab.error.empty()) {
        ImGui::PushStyleColor(ImGuiCol_Text, kWarning);
        ImGui::TextWrapped("%s", lab.error.c_str());
        ImGui::PopStyleColor();
    }
    ImGui::Separator();
    ImGui::BeginChild("said");
    for (const std::string& line : laboratory.said()) ImGui::TextUnformatted(line.c_str());
    if (running) ImGui::SetScrollHereY(1);
    ImGui::EndChild();
}

}  // namespace nae
