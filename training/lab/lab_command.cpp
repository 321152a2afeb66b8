#include "training/lab/lab_command.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>

#include "training/lab/trainer.h"

namespace nae::training {
namespace {

volatile std::sig_atomic_t g_stop = 0;
void on_signal(int) { g_stop = 1; }

[[noreturn]] void leave_lab(const Status& status) {
    if (!status.ok()) std::fprintf(stderr, "nae-train lab: %s\n", status.message().c_str());
    std::fflush(stdout);
    std::_Exit(status.ok() ? 0 : status.code() == ErrorCode::cancelled ? 130 : 1);
}

bool print_line(double, double, const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return g_stop == 0;
}

void train_in(const LabSettings& settings, const std::string& folder) {
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    leave_lab(run_lab(settings, folder, print_line));
}

struct TrainArguments {
    LabSettings settings;
    std::string folder, kind;
};

void add_common(CLI::App* command, const std::shared_ptr<TrainArguments>& a) {
    LabSettings& s = a->settings;
    command->add_option("-o,--out", a->folder, "Folder of the run; one that was stopped goes on")->required();
    command->add_option("--epochs", s.epochs, "Times that the training data are seen")->capture_default_str();
    command->add_option("--batch", s.batch, "Pictures a step")->capture_default_str();
    command->add_option("--lr", s.lr, "Learning rate")->capture_default_str();
    command->add_flag("--muon,!--adam", s.muon, "Muon for hidden convolutions, or Adam for everything");
    command->add_option("--average", s.average, "Decay a step of the averaged weights that are kept; 0: none")
        ->capture_default_str();
    command->add_option("--seed", s.seed, "Of everything random")->capture_default_str();
    command->add_option("--threads", s.threads, "CPU threads; only one is reproducible to the last bit")
        ->capture_default_str();
    command->add_option("--rate", s.rate, "Weight of bits per pixel in the loss")->capture_default_str();
    command->add_option("--start", s.start, "Checkpoint of another run of the same model to start from");
}

// What served well. Small windows: more steps in the same time.
void usual_for_pictures(LabSettings& s) {
    s.muon = 1;
    s.average = 0.99;
    s.window = 64;
}

void add_pictures(CLI::App* command, const std::shared_ptr<TrainArguments>& a) {
    LabSettings& s = a->settings;
    command->add_option("--data", s.data, "Folders of pictures")->required();
    command->add_option("--crops", s.crops, "Random 128x128 crops that are cut from them")
        ->capture_default_str();
    command->add_option("--window", s.window, "Side of the part of a crop that a step sees")
        ->capture_default_str();
    command->add_option("--ssim", s.ssim, "Weight of 1 - SSIM in the loss")->capture_default_str();
    command->add_option("--perceptual", s.perceptual, "Weight of the difference of VGG16's features")
        ->capture_default_str();
    command->add_option("--mse", s.mse, "Weight of the mean squared error; the three sum to 1")
        ->capture_default_str();
    command->add_option("--vgg16", s.vgg16, "VGG16's weights, .npz or .pt, names as torchvision's");
    command->add_option("--target-ssim", s.target_ssim,
                        "Adapt the rate's weight until training crops have this SSIM");
}

}  // namespace

void add_lab_command(CLI::App& app) {
    CLI::App* lab = app.add_subcommand("lab", "The laboratory: systems of two studies, on real bits");
    lab->require_subcommand(1);

    auto mnist = std::make_shared<TrainArguments>();
    CLI::App* digits = lab->add_subcommand("mnist", "Train an autoencoder of study 1 on MNIST");
    digits->add_option("kind", mnist->kind, "ae, vae or cvae")
        ->required()
        ->check(CLI::IsMember({"ae", "vae", "cvae"}));
    digits->add_option("--data", mnist->settings.data, "Folder with MNIST's four IDX files, gz or plain")
        ->required()
        ->expected(1);
    mnist->settings.batch = 64;
    add_common(digits, mnist);
    digits->callback([mnist] {
        mnist->settings.model = "mnist-" + mnist->kind;
        train_in(mnist->settings, mnist->folder);
    });

    auto ae = std::make_shared<TrainArguments>();
    CLI::App* colour = lab->add_subcommand("ae", "Train an autoencoder of study 2 on colour pictures");
    colour->add_option("layers", ae->kind, "3, 5, 7 or 10 convolutions")
        ->required()
        ->check(CLI::IsMember({"3", "5", "7", "10"}));
    ae->settings.batch = 8;
    ae->settings.ssim = 0.8;
    ae->settings.mse = 0.2;
    ae->settings.rate = 0.05;
    usual_for_pictures(ae->settings);
    add_common(colour, ae);
    add_pictures(colour, ae);
    colour->callback([ae] {
        ae->settings.model = "ae-" + ae->kind;
        train_in(ae->settings, ae->folder);
    });

    auto factorized = std::make_shared<TrainArguments>();
    CLI::App* balle =
        lab->add_subcommand("factorized", "Train the model of Balle, Laparra and Simoncelli 2017");
    balle->add_option("level", factorized->kind, "1, 2 or 3: more and more bits")
        ->required()
        ->check(CLI::IsMember({"1", "2", "3"}));
    factorized->settings.batch = 8;
    factorized->settings.rate = 0;
    usual_for_pictures(factorized->settings);
    add_common(balle, factorized);
    add_pictures(balle, factorized);
    balle->callback([factorized] {
        LabSettings& s = factorized->settings;
        s.model = "factorized-" + factorized->kind;
        // Lambda of the field, for squared errors of 0..255: rate = 1 / (lambda * 255²).
        if (s.rate == 0)
            s.rate = 1.0 / ((factorized->kind == "1"   ? 0.004
                             : factorized->kind == "2" ? 0.013
                                                       : 0.04) *
                            65025);
        train_in(s, factorized->folder);
    });

    struct PruneArguments {
        std::string from, to;
        std::vector<double> shares = {0.9, 0.75, 0.5};
        int epochs = 1;
    };
    auto pruning = std::make_shared<PruneArguments>();
    CLI::App* prune =
        lab->add_subcommand("prune", "Take channels out of a trained autoencoder, step by step");
    prune->add_option("run", pruning->from, "Folder of the finished run")->required();
    prune->add_option("-o,--out", pruning->to, "Folder for the curve and the smaller models")->required();
    prune->add_option("--keep", pruning->shares, "Shares of the hidden channels that are left, falling")
        ->capture_default_str();
    prune->add_option("--epochs", pruning->epochs, "Training after each step")->capture_default_str();
    prune->callback([pruning] {
        std::signal(SIGINT, on_signal);
        std::signal(SIGTERM, on_signal);
        leave_lab(prune_lab(pruning->from, pruning->to, pruning->shares, pruning->epochs, print_line));
    });

    auto resumed = std::make_shared<TrainArguments>();
    resumed->settings.epochs = 0;
    CLI::App* resume =
        lab->add_subcommand("resume", "Go on with a run that was stopped, or add epochs to it");
    resume->add_option("folder", resumed->folder, "Folder of the run")->required();
    resume->add_option("--epochs", resumed->settings.epochs, "New number of epochs in all");
    resume->callback([resumed] {
        Result<LabSettings> settings = read_settings(resumed->folder + "/settings.txt");
        if (!settings.ok()) leave_lab(settings.status());
        if (resumed->settings.epochs > 0) settings.value().epochs = resumed->settings.epochs;
        train_in(settings.value(), resumed->folder);
    });
}

}  // namespace nae::training
