// The laboratory without its window: training as a program beside, runs on disk, tables and graphs made of them.
#ifndef NAE_VIEWER_CORE_LABORATORY_H_
#define NAE_VIEWER_CORE_LABORATORY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/child_process.h"
#include "viewer/core/csv_table.h"
#include "viewer/core/session.h"

namespace nae {

struct LabModelChoice {
    const char* title;               // "Autoencoder, 5 convolutions"
    std::vector<std::string> words;  // of nae-train lab: {"ae", "5"}
    bool digits = false;             // MNIST; else colour pictures
    const char* theirs = "";         // what the study reports
};
const std::vector<LabModelChoice>& lab_models();

// What the Train tab asks for. Weights have effect on autoencoders of colour pictures only.
struct TrainForm {
    size_t model = 0;
    std::string data;    // a folder; several, separated by ';'
    std::string folder;  // of the run
    int epochs = 10;
    int crops = 4000;
    int seed = 1;
    double ssim = 0.8, perceptual = 0, mse = 0.2;
    double rate = 0.005;
    double target_ssim = 0;
    std::string vgg16;

    // Names begin with "lab.".
    void write_to(Settings& settings) const;
    void read_from(const Settings& settings);
};

// Also puts the usual weight of the rate for that model.
void choose_model(TrainForm& form, size_t model);
// What is wrong with it, in words for a person: folders that are not there, weights that do not sum to 1.
Status check_form(const TrainForm& form);
// nae-train and its arguments.
std::vector<std::string> train_command(const TrainForm& form, const std::string& program);
// $NAE_TRAIN; else nae-train beside this program or in its build; else the name, for PATH.
std::string find_trainer();

// One line of nae-train lab: "  1.2 %  epoch 1 of 3  loss 0.05  4.5 minutes left". None if it is another.
struct TrainProgress {
    double fraction = 0;
    double seconds_left = 0;
};
std::optional<TrainProgress> parse_progress(const std::string& line);

// A line to draw, or a set of values to count.
struct LabSeries {
    std::string name;
    std::vector<double> x, y;
};

// One thread, the window's; nothing waits.
class Laboratory {
  public:
    TrainForm form;

    // Errors: those of check_form(), io.
    Status start();
    // Goes on with the run in form.folder.
    Status resume();
    // The run keeps what it has up to its last epoch.
    void stop();
    // Reads what the trainer says; call it every frame.
    void poll();
    bool training() const { return trainer_ != nullptr; }
    const TrainProgress& progress() const { return progress_; }
    const std::vector<std::string>& said() const { return said_; }  // the last lines
    // How the last training ended; "" before.
    const std::string& outcome() const { return outcome_; }

    // Folders with runs, and with the CSV files of ./dev bench studies, below `folder`.
    void set_folder(const std::string& folder);
    const std::string& folder() const { return folder_; }
    void refresh();
    // Names of what the Results tab can show: "runs", and each table that was found.
    std::vector<std::string> tables() const;
    // Empty if there is none of that name.
    const CsvTable& table(const std::string& name) const;
    CsvTable& sortable(const std::string& name) { return tables_[name]; }
    // By run: its training loss (or that of what was held out) by epoch.
    std::vector<LabSeries> loss_curves(bool held_out) const;
    // By system: the values of "ssim", "psnr" or "ratio" of each crop, in y.
    std::vector<LabSeries> distributions(const std::string& measure) const;
    // By system: bits per pixel against SSIM; one point for a model, several for a codec with qualities.
    std::vector<LabSeries> rate_distortion(bool coded_data_only) const;

  private:
    Status run(const std::vector<std::string>& words);

    std::unique_ptr<ChildProcess> trainer_;
    TrainProgress progress_;
    std::vector<std::string> said_;
    std::string outcome_;
    std::string folder_;
    std::map<std::string, CsvTable> tables_;  // by name; "runs" is made, the others are files
    std::map<std::string, CsvTable> logs_;    // by run
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_LABORATORY_H_
