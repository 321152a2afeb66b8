#include "viewer/core/laboratory.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "format/text.h"

namespace nae {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLinesKept = 200;
// A crop that the tables are about, without compression.
constexpr double kCropBytes = 128 * 128 * 3;

std::vector<std::string> split(const std::string& list, char by) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, by);)
        if (!part.empty()) out.push_back(part);
    return out;
}

std::string setting_of(const fs::path& run, const std::string& key) {
    std::ifstream in(run / "settings.txt");
    for (std::string line; std::getline(in, line);)
        if (line.rfind(key + " = ", 0) == 0) return line.substr(key.size() + 3);
    return {};
}

std::string theirs_of(const std::string& model) {
    for (const LabModelChoice& choice : lab_models()) {
        std::string name = choice.words[0];
        for (size_t i = 1; i < choice.words.size(); ++i) name += "-" + choice.words[i];
        if (name == model) return choice.theirs;
    }
    return {};
}

}  // namespace

const std::vector<LabModelChoice>& lab_models() {
    static const std::vector<LabModelChoice> models = {
        {"MNIST: autoencoder", {"mnist", "ae"}, true, "MSE 0.0027, 25.71 dB"},
        {"MNIST: variational autoencoder", {"mnist", "vae"}, true, "MSE 0.0138, 18.59 dB"},
        {"MNIST: conditional VAE", {"mnist", "cvae"}, true, ""},
        {"Colour: autoencoder, 3 convolutions", {"ae", "3"}, false, "SSIM 0.97, 27.09 dB, ratio 1.11"},
        {"Colour: autoencoder, 5 convolutions", {"ae", "5"}, false, "SSIM 0.93, 25.78 dB, ratio 1.18"},
        {"Colour: autoencoder, 7 convolutions", {"ae", "7"}, false, "SSIM 0.85"},
        {"Colour: autoencoder, 10 convolutions", {"ae", "10"}, false, "SSIM 0.80"},
        {"Colour: factorised prior, low rate", {"factorized", "1"}, false, ""},
        {"Colour: factorised prior, middle rate", {"factorized", "2"}, false, ""},
        {"Colour: factorised prior, high rate", {"factorized", "3"}, false, ""},
    };
    return models;
}

void TrainForm::write_to(Settings& settings) const {
    settings.set("lab.model", static_cast<double>(model));
    settings.set("lab.data", data);
    settings.set("lab.run", folder);
    settings.set("lab.vgg16", vgg16);
    settings.set("lab.epochs", epochs);
    settings.set("lab.crops", crops);
    settings.set("lab.seed", seed);
    settings.set("lab.ssim", ssim);
    settings.set("lab.perceptual", perceptual);
    settings.set("lab.mse", mse);
    settings.set("lab.rate", rate);
    settings.set("lab.target_ssim", target_ssim);
}

void TrainForm::read_from(const Settings& settings) {
    const auto whole = [&](const char* name, int otherwise) {
        return static_cast<int>(std::clamp(settings.number(name, otherwise), 0.0, 1e6));
    };
    model = std::min(static_cast<size_t>(whole("lab.model", 0)), lab_models().size() - 1);
    data = settings.text("lab.data");
    folder = settings.text("lab.run");
    vgg16 = settings.text("lab.vgg16");
    epochs = whole("lab.epochs", epochs);
    crops = whole("lab.crops", crops);
    seed = whole("lab.seed", seed);
    ssim = settings.number("lab.ssim", ssim);
    perceptual = settings.number("lab.perceptual", perceptual);
    mse = settings.number("lab.mse", mse);
    rate = settings.number("lab.rate", rate);
    target_ssim = settings.number("lab.target_ssim", target_ssim);
}

void choose_model(TrainForm& form, size_t model) {
    form.model = model;
    form.rate = lab_models().at(model).digits ? 0.005 : 0.05;
}

Status check_form(const TrainForm& form) {
    const auto refuse = [](const std::string& what) { return Status(ErrorCode::invalid_argument, what); };
    const LabModelChoice& model = lab_models().at(form.model);
    const std::vector<std::string> folders = split(form.data, ';');
    if (folders.empty())
        return refuse(model.digits ? "Choose the folder with MNIST's four IDX files."
                                   : "Choose a folder of pictures to train with.");
    if (model.digits && folders.size() > 1) return refuse("MNIST's files lie in one folder.");
    for (const std::string& folder : folders)
        if (!fs::is_directory(folder)) return refuse("There is no folder " + folder + ".");
    if (form.folder.empty()) return refuse("Choose a folder for the run.");
    if (form.epochs < 1) return refuse("At least one epoch is needed.");
    const bool weights = model.words[0] == "ae";
    if (weights && std::abs(form.ssim + form.perceptual + form.mse - 1) > 1e-6)
        return refuse(cat("The weights of SSIM, VGG16 and MSE must sum to 1, not to ",
                          form.ssim + form.perceptual + form.mse, "."));
    if (weights && form.perceptual > 0 && !fs::is_regular_file(form.vgg16))
        return refuse("The perceptual term needs a file with VGG16's weights.");
    return Status();
}

std::vector<std::string> train_command(const TrainForm& form, const std::string& program) {
    const LabModelChoice& model = lab_models().at(form.model);
    std::vector<std::string> words = {program, "lab"};
    words.insert(words.end(), model.words.begin(), model.words.end());
    const auto add = [&](const char* name, const auto& value) {
        words.emplace_back(name);
        words.push_back(cat(value));
    };
    words.emplace_back("--data");
    for (const std::string& folder : split(form.data, ';')) words.push_back(folder);
    add("--out", form.folder);
    add("--epochs", form.epochs);
    add("--seed", form.seed);
    if (!model.digits) add("--crops", form.crops);
    if (model.words[0] == "ae") {
        add("--ssim", form.ssim);
        add("--perceptual", form.perceptual);
        add("--mse", form.mse);
        if (form.perceptual > 0) add("--vgg16", form.vgg16);
        if (form.target_ssim > 0) add("--target-ssim", form.target_ssim);
    }
    if (model.words[0] == "ae" || (model.digits && model.words[1] == "ae")) add("--rate", form.rate);
    return words;
}

std::string find_trainer() {
    if (const char* named = std::getenv("NAE_TRAIN")) return named;
    char own[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", own, sizeof own);
    if (n > 0) {
        const fs::path folder = fs::path(std::string(own, static_cast<size_t>(n))).parent_path();
        for (const fs::path& place : {folder / "nae-train", folder / "../../training/nae-train"}) {
            std::error_code ignored;
            if (fs::exists(place, ignored)) return fs::weakly_canonical(place, ignored).string();
        }
    }
    return "nae-train";
}

std::optional<TrainProgress> parse_progress(const std::string& line) {
    char* end = nullptr;
    const double percent = std::strtod(line.c_str(), &end);
    if (end == line.c_str() || std::string(end).rfind(" %", 0) != 0 || !(percent >= 0 && percent <= 100))
        return std::nullopt;
    TrainProgress progress{percent / 100, 0};
    const size_t minutes = line.rfind(" minutes left");
    const size_t before = minutes == std::string::npos ? minutes : line.rfind(' ', minutes - 1);
    if (before == std::string::npos) return std::nullopt;
    progress.seconds_left = 60 * std::strtod(line.c_str() + before, nullptr);
    return progress;
}

Status Laboratory::run(const std::vector<std::string>& words) {
    if (trainer_ != nullptr) return Status(ErrorCode::invalid_argument, "A training is running already.");
    NAE_ASSIGN_OR_RETURN(trainer_, ChildProcess::start(words));
    progress_ = TrainProgress();
    said_.clear();
    outcome_.clear();
    return Status();
}

Status Laboratory::start() {
    NAE_RETURN_IF_ERROR(check_form(form));
    return run(train_command(form, find_trainer()));
}

Status Laboratory::resume() {
    if (!fs::exists(fs::path(form.folder) / "settings.txt"))
        return Status(ErrorCode::invalid_argument, "There is no run in the folder \"" + form.folder + "\".");
    return run({find_trainer(), "lab", "resume", form.folder, "--epochs", cat(form.epochs)});
}

void Laboratory::stop() {
    if (trainer_ != nullptr) trainer_->stop();
}

void Laboratory::poll() {
    if (trainer_ == nullptr) return;
    // Asked first, so that the last words are not lost.
    const bool running = trainer_->running();
    for (std::string& line : trainer_->lines()) {
        if (const auto progress = parse_progress(line)) progress_ = *progress;
        said_.push_back(std::move(line));
    }
    if (said_.size() > kLinesKept) said_.erase(said_.begin(), said_.end() - kLinesKept);
    if (running) return;
    const int status = trainer_->status();
    outcome_ = status == 0     ? "Finished."
               : status == 130 ? "Stopped; the run can be resumed."
               : said_.empty() ? "The trainer failed."
                               : said_.back();
    trainer_.reset();
    refresh();
}

void Laboratory::set_folder(const std::string& folder) {
    folder_ = folder;
    refresh();
}

void Laboratory::refresh() {
    tables_.clear();
    logs_.clear();
    CsvTable& runs = tables_["runs"];
    runs.columns = {"run",     "model",          "epochs",
                    "minutes", "loss, held out", "PSNR, dB",
                    "SSIM",    "bits per pixel", "the study's figures"};
    std::error_code ignored;
    std::vector<fs::path> folders = {folder_};
    for (const auto& entry : fs::directory_iterator(folder_, ignored))
        if (entry.is_directory(ignored)) folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) {
        for (const char* name : {"study1.csv", "study2.csv", "pictures.csv", "curves.csv", "pruning.csv"})
            if (auto table = read_csv((folder / name).string()); table.ok()) {
                const std::string key =
                    folder == fs::path(folder_) ? name : folder.filename().string() + "/" + name;
                tables_[key] = std::move(table).value();
            }
        auto log = read_csv((folder / "log.csv").string());
        if (!log.ok() || log.value().rows.empty()) continue;
        const CsvTable& l = log.value();
        const std::string model = setting_of(folder, "model"), name = folder.filename().string();
        const auto last = [&](const char* column) {
            const int at = l.column(column);
            return at < 0 ? std::string() : l.rows.back()[static_cast<size_t>(at)];
        };
        const double minutes = std::atof(last("seconds").c_str()) / 60;
        runs.rows.push_back({name, model, last("epoch"), cat(std::round(minutes * 10) / 10),
                             last("validation_loss"), last("validation_psnr"), last("validation_ssim"),
                             last("validation_bpp"), theirs_of(model)});
        logs_[name] = std::move(log).value();
    }
}

std::vector<std::string> Laboratory::tables() const {
    std::vector<std::string> names;
    for (const auto& [name, table] : tables_) names.push_back(name);
    return names;
}

const CsvTable& Laboratory::table(const std::string& name) const {
    static const CsvTable none;
    const auto it = tables_.find(name);
    return it == tables_.end() ? none : it->second;
}

std::vector<LabSeries> Laboratory::loss_curves(bool held_out) const {
    std::vector<LabSeries> out;
    for (const auto& [name, log] : logs_)
        out.push_back({name, log.numbers(log.column("epoch")),
                       log.numbers(log.column(held_out ? "validation_loss" : "loss"))});
    return out;
}

std::vector<LabSeries> Laboratory::distributions(const std::string& measure) const {
    std::vector<LabSeries> out;
    for (const auto& [name, t] : tables_) {
        if (name.size() < 12 || name.compare(name.size() - 12, 12, "pictures.csv") != 0) continue;
        const int system = t.column("system");
        for (const std::string& each : t.values(system)) {
            LabSeries series{
                each, {}, t.numbers(t.column(measure == "ratio" ? "bytes" : measure), system, each)};
            if (measure == "ratio")
                for (double& v : series.y) v = v > 0 ? kCropBytes / v : 0;
            out.push_back(std::move(series));
        }
    }
    return out;
}

std::vector<LabSeries> Laboratory::rate_distortion(bool coded_data_only) const {
    std::vector<LabSeries> out;
    for (const auto& [name, t] : tables_) {
        if (name.size() < 10 || name.compare(name.size() - 10, 10, "curves.csv") != 0) continue;
        const int system = t.column("system");
        for (const std::string& each : t.values(system))
            out.push_back({each, t.numbers(t.column(coded_data_only ? "bpp_coded" : "bpp"), system, each),
                           t.numbers(t.column("ssim"), system, each)});
    }
    return out;
}

}  // namespace nae
