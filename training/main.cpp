// nae-train: packs pictures, trains models, exports them.
#include <CLI/CLI.hpp>
#include <cstdio>

#ifndef NAE_TRAIN_ALONE  // see training/standalone/CMakeLists.txt
#include "codec/model.h"
#include "training/export_command.h"
#include "training/post_filter_command.h"
#endif
#ifdef NAE_WITH_GDAL
#include "training/lab/lab_command.h"
#endif
#include "training/packed_pictures.h"
#include "training/restoration_file.h"
#include "training/trainer.h"

namespace {

int finish(const std::string& error) {
    if (error.empty()) return 0;
    std::fprintf(stderr, "nae-train: %s\n", error.c_str());
    return 1;
}

#ifndef NAE_TRAIN_ALONE
// Takes the restoration filter from a model file.
std::string load_restoration(const std::string& path, nae::training::TrainOptions& options) {
    const auto loaded = nae::load_model_file(path, true);
    if (!loaded.ok()) return loaded.status().message();
    const nae::Model& model = loaded.value()->model;
    if (model.restoration.empty()) return path + ": this model has no restoration filter";
    options.restoration = std::make_shared<nae::RestorationFilter>(model.restoration);
    options.output_frac_bits = model.output_frac_bits;
    return {};
}

// For load_restoration() of nae-train that is built alone.
std::string extract_restoration(const std::string& model, const std::string& out) {
    nae::training::TrainOptions options;
    if (std::string e = load_restoration(model, options); !e.empty()) return e;
    return nae::training::write_restoration(out, *options.restoration, options.output_frac_bits);
}
#else
// From a file that `nae-train restoration` has written.
std::string load_restoration(const std::string& path, nae::training::TrainOptions& options) {
    return nae::training::read_restoration(path, options.restoration, options.output_frac_bits);
}
#endif

}  // namespace

int main(int argc, char** argv) {
    using namespace nae::training;
    CLI::App app{"Trains NAE models"};
    app.require_subcommand(1);

#ifdef NAE_WITH_GDAL
    std::vector<std::string> folders;
    std::string pack_out;
    int validation_every = 20;
    CLI::App* pack = app.add_subcommand("pack", "Decode folders of pictures into one packed file");
    pack->add_option("folders", folders, "Folders with pictures (searched recursively)")->required();
    pack->add_option("-o,--out", pack_out, "Packed file to write")->required();
    pack->add_option("--validation-every", validation_every,
                     "Hold out about one picture in so many; 0: none");
    pack->callback([&] { std::exit(finish(pack_pictures(folders, pack_out, validation_every))); });
#endif

    TrainOptions t;
    CLI::App* train_cmd = app.add_subcommand("train", "Train the photo model");
    train_cmd->option_defaults()->take_last();  // scripts give defaults first
    train_cmd->add_option("--data", t.data, "Packed pictures (nae-train pack)")->required();
    train_cmd->add_option("-o,--out", t.out_dir, "Folder for checkpoints and log.csv")->required();
    train_cmd->add_option("--resume", t.resume, "Checkpoint to continue from");
    std::string restoration;
    train_cmd->add_option("--restoration", restoration,
                          "Model file whose restoration filter the synthesis is trained to go with");
    train_cmd->add_option("--minutes", t.minutes, "Wall-clock limit");
    train_cmd->add_option("--decay-from", t.decay_from,
                          "Share of the time after which the learning rate falls");
    train_cmd->add_option("--decay-to", t.decay_to, "Share of the learning rate left at the end");
    train_cmd->add_option("--lr", t.lr, "Learning rate");
    train_cmd->add_option("--batch", t.batch, "Crops a step");
    train_cmd->add_option("--crop", t.crop, "Crop side in pixels, a multiple of 64");
    train_cmd->add_option("--reduce", t.reduce, "Cut crops up to this much larger and reduce them; 1: do not")
        ->check(CLI::Range(1.0, 2.0));
    train_cmd->add_option("--gray", t.gray_share, "Share of crops turned gray");
    train_cmd->add_option("--average-decay", t.average_decay, "Decay of the averaged weights");
    train_cmd->add_flag("--muon", t.muon, "Hidden layers by Muon instead of Adam");
    train_cmd->add_option("--max-norm", t.max_norm, "Gradient clipping");
    train_cmd->add_option("--validate-every", t.validate_every, "Minutes");
    train_cmd->add_option("--checkpoint-every", t.checkpoint_every, "Minutes");
    train_cmd->add_option("--max-steps", t.max_steps, "Stop after so many steps; 0: no limit");
    train_cmd->add_option("--seed", t.seed, "Random seed");
    train_cmd->add_option("--threads", t.threads, "CPU threads; 0: all cores");
    train_cmd->add_option("--device", t.device, "cpu or cuda");
    train_cmd->add_option("--precision", t.precision, "bf16 or f32");
    train_cmd->add_flag("--only-branch", t.only_branch, "Train the branch of the synthesis and nothing else");
    train_cmd->add_flag("--only-prediction", t.only_prediction,
                        "Train what predicts the latent (hyper-synthesis, context) and nothing else");
    train_cmd->add_flag("--restart-branch", t.restart_branch,
                        "Begin the synthesis' branch anew where the resumed one is dead");
    train_cmd->add_flag("--like-gpu", t.like_gpu, "Compute on the CPU the way a GPU does, to rehearse that");
    train_cmd->callback([&] {
        if (!restoration.empty()) {
            const std::string wrong = load_restoration(restoration, t);
            if (!wrong.empty()) std::exit(finish(wrong));
        }
        std::exit(finish(train(t)));
    });

#ifndef NAE_TRAIN_ALONE
    std::string filter_model, filter_out;
    CLI::App* filter_cmd = app.add_subcommand(
        "restoration", "Write a model's restoration filter to a file for nae-train that is built alone");
    filter_cmd->add_option("model", filter_model, "Model file (.nam)")->required();
    filter_cmd->add_option("-o,--out", filter_out, "File to write")->required();
    filter_cmd->callback([&] { std::exit(finish(extract_restoration(filter_model, filter_out))); });

    RefitCommand r;
    CLI::App* refit_cmd =
        app.add_subcommand("refit", "Fit a model file's entropy tables and restoration filter anew");
    refit_cmd->add_option("model", r.model, "Model file (.nam) that can encode")->required();
    refit_cmd->add_option("-o,--out", r.out, "Model file to write")->required();
    refit_cmd->add_option("--data", r.data, "Packed pictures")->required();
    refit_cmd->add_option("--fit-crops", r.fit_crops,
                          "Training crops to fit the entropy tables to; 0: do not");
    refit_cmd->add_option("--filter-crops", r.filter_crops,
                          "Training crops to fit the restoration filter to; 0: do not");
    refit_cmd->add_option("--rounds", r.rounds,
                          "Rounds of encoding and fitting the tables; 0: as many as a new trellis needs");
    refit_cmd->add_flag("--trellis", r.trellis, "Give the model dependent quantisation if it has none");
    refit_cmd->callback([&] { std::exit(finish(run_refit(r))); });

    ExportCommand x;
    bool no_check = false;
    CLI::App* export_cmd = app.add_subcommand("export", "Write a model file from a checkpoint, and check it");
    export_cmd->add_option("checkpoint", x.checkpoint, "Checkpoint of nae-train train")->required();
    export_cmd->add_option("-o,--out", x.out, "Model file (.nam) to write")->required();
    export_cmd->add_option("--data", x.data, "Packed pictures, for calibration and the check")->required();
    export_cmd->add_option("--name", x.options.name, "Readable model name");
    export_cmd->add_option("--text", x.options.text, "Text stored in the file");
    export_cmd->add_option("--squeezed", x.squeezed,
                           "Also write the averaged weights alone, to resume from later");
    export_cmd->add_option("--fit-crops", x.fit_crops,
                           "Training crops to fit the entropy tables to; 0: do not");
    export_cmd->add_option("--filter-crops", x.filter_crops,
                           "Training crops that the restoration filter is fitted to (0: no filter)");
    export_cmd->add_option("--distortion-weights", x.distortion_weights,
                           "Rate-aware quantisation to compare");
    export_cmd->add_flag("--no-check", no_check, "Skip the comparison with the float model");
    export_cmd->callback([&] {
        x.check = !no_check;
        std::exit(finish(run_export(x)));
    });

    add_post_filter_commands(app);
#endif

#ifdef NAE_WITH_GDAL
    add_lab_command(app);
#endif

    CLI11_PARSE(app, argc, argv);
    return 0;
}
