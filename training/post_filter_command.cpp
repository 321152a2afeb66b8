#include "training/post_filter_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "training/post_filter_export.h"
#include "training/post_filter_run.h"

namespace nae::training {
namespace {

[[noreturn]] void leave(const Status& status) {
    if (!status.ok()) std::fprintf(stderr, "nae-train: %s\n", status.message().c_str());
    std::exit(status.ok() ? 0 : 1);
}

void add_training(CLI::App& app) {
    auto c = std::make_shared<PostFilterRunCommand>();
    c->train.threads = 0;
    CLI::App* command = app.add_subcommand("post-filter", "Train a post-filter for a model");
    command->option_defaults()->take_last();
    command->add_option("model", c->model, "Model file (.nam) that can encode")->required();
    command->add_option("--data", c->data, "Packed pictures (nae-train pack)")->required();
    command->add_option("-o,--out", c->train.out_dir, "Folder for latest.ckpt, log.csv and crops.bin")
        ->required();
    command->add_option("--resume", c->train.resume, "Checkpoint to continue from");
    command->add_option("--begin", c->train.begin, "State dict of PyTorch (.pt) to begin with");
    command->add_option("--crops-file", c->crops_file,
                        "Where coded crops are kept, to share them between runs");
    command->add_option("--crops", c->crops.training, "Training crops that are coded, once");
    command->add_option("--held-out", c->crops.held_out, "Held-out pictures, at most");
    command->add_option("--gray", c->crops.gray_share, "Share of training crops turned gray");
    command->add_option("--minutes", c->train.minutes, "Wall-clock limit, coding not counted");
    command->add_option("--max-steps", c->train.max_steps, "Stop after so many steps; 0: no limit");
    command->add_option("--lr", c->train.lr, "Learning rate");
    command->add_option("--decay-from", c->train.decay_from,
                        "Share of the run after which the learning rate falls");
    command->add_option("--decay-to", c->train.decay_to, "Share of the learning rate left at the end");
    command->add_option("--batch", c->train.batch, "Crops a step");
    command->add_option("--crop", c->train.crop, "Side of the part of a crop that a step sees, even");
    command->add_option("--average-decay", c->train.average_decay, "Decay of the averaged weights");
    command->add_option("--max-norm", c->train.max_norm, "Gradient clipping");
    command->add_option("--width", c->train.shape.width, "Hidden channels");
    command->add_option("--blocks", c->train.shape.blocks, "Residual blocks");
    command->add_option("--validate-every", c->train.validate_every, "Minutes");
    command->add_option("--checkpoint-every", c->train.checkpoint_every, "Minutes");
    command->add_option("--seed", c->train.seed, "Random seed of the training");
    command->add_option("--crops-seed", c->crops.seed, "Random seed of the crops and their qualities");
    command->add_option("--threads", c->train.threads, "CPU threads; 0: all cores");
    command->add_option("--device", c->train.device, "cpu or cuda");
    command->add_option("--precision", c->train.precision, "bf16 or f32");
    command->callback([c] { leave(run_post_filter(*c).status()); });
}

void add_export(CLI::App& app) {
    auto c = std::make_shared<PostFilterExportCommand>();
    CLI::App* command =
        app.add_subcommand("post-filter-export", "Write a model file that has a trained post-filter");
    command->add_option("model", c->model, "Model file (.nam) that it was trained for")->required();
    command->add_option("checkpoint", c->checkpoint, "Checkpoint of nae-train post-filter")->required();
    command->add_option("--data", c->data, "Packed pictures, for calibration and the check")->required();
    command->add_option("-o,--out", c->out, "Model file (.nam) to write")->required();
    command->add_option("--name", c->name, "Readable model name");
    command->add_option("--text", c->text, "Text stored in the file, behind the model's");
    command->add_option("--sets", c->quantise.sets, "Qualities that have values of their own, 1 to 64");
    command->add_option("--headroom", c->quantise.headroom, "Room above the largest value seen, as a factor");
    command->add_option("--calibration", c->calibration, "Training crops that show the network's ranges");
    command->add_option("--held-out", c->held_out, "Held-out pictures for the check, at most; 0: no check");
    command->add_option("--tables", c->tables, "Rounds of fitting the entropy tables anew; 0: they stay");
    command->add_option("--threads", c->threads, "CPU threads");
    command->callback([c] { leave(export_post_filter(*c).status()); });
}

}  // namespace

void add_post_filter_commands(CLI::App& app) {
    add_training(app);
    add_export(app);
}

}  // namespace nae::training
