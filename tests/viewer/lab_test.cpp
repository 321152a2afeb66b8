#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "viewer/core/child_process.h"
#include "viewer/core/csv_table.h"
#include "viewer/core/laboratory.h"

using namespace nae;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("nae_lab_view_" + std::to_string(getpid()));
    Folder() { fs::create_directories(path / "run-a"); }
    ~Folder() { fs::remove_all(path); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
};

std::vector<std::string> all_lines(ChildProcess& process) {
    std::vector<std::string> out;
    for (int i = 0; i < 500; ++i) {
        const bool running = process.running();
        for (std::string& line : process.lines()) out.push_back(line);
        if (!running) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return out;
}

}  // namespace

TEST_CASE("CSV there and back, quotes and all") {
    const std::string text = "name,\"PSNR, dB\"\na,1.5\n\"b \"\"x\"\"\",\n";
    const auto table = parse_csv(text);
    REQUIRE(table.ok());
    CHECK(table.value().columns == std::vector<std::string>{"name", "PSNR, dB"});
    CHECK(table.value().rows[1][0] == "b \"x\"");
    CHECK(to_csv(table.value()) == text);
    CHECK(parse_csv("a,b\r\n1,2\r\n").value().rows[0][1] == "2");
    CHECK_FALSE(parse_csv("a,b\n1\n").ok());
    CHECK_FALSE(parse_csv("a\n\"1\n").ok());
    CHECK(read_csv("/nonexistent.csv").status().message().find("/nonexistent.csv") == 0);
}

TEST_CASE("tables sort numbers by size and leave empty cells at the end") {
    CsvTable table = parse_csv("k,v\na,10\nb,9\nc,\nd,-1e1\ne,x\n").value();
    const auto order = [&] {
        std::string keys;
        for (const auto& row : table.rows) keys += row[0];
        return keys;
    };
    table.sort(1, false);
    CHECK(order() == "dbaec");
    table.sort(1, true);
    CHECK(order() == "abdec");
    CHECK(table.numbers(1, 0, "b") == std::vector<double>{9});
}

TEST_CASE("a line of the trainer says how far it is") {
    const auto progress = parse_progress(" 12.5 %  epoch 1 of 3  loss 0.02580  4.5 minutes left");
    REQUIRE(progress);
    CHECK(progress->fraction == Approx(0.125));
    CHECK(progress->seconds_left == Approx(270));
    CHECK_FALSE(parse_progress("nae-train lab: /x: there is no such folder"));
    CHECK_FALSE(parse_progress("120 %  5 minutes left"));
}

TEST_CASE("forms are checked before anything starts, and become a command") {
    Folder folder;
    TrainForm form;
    form.model = 4;
    CHECK(check_form(form).message().find("pictures") != std::string::npos);
    form.data = (folder.path / "nothing").string();
    CHECK(check_form(form).message().find("There is no folder") == 0);
    form.data = folder.path.string();
    CHECK_FALSE(check_form(form).ok());
    form.folder = "out";
    CHECK(check_form(form).ok());
    form.mse = 0.3;
    CHECK(check_form(form).message().find("1.1") != std::string::npos);
    form.mse = 0.2;
    const std::vector<std::string> words = train_command(form, "nae-train");
    CHECK(std::vector<std::string>(words.begin(), words.begin() + 6) ==
          std::vector<std::string>{"nae-train", "lab", "ae", "5", "--data", form.data});
    CHECK(std::find(words.begin(), words.end(), "--vgg16") == words.end());
    form.perceptual = 0.2;
    form.ssim = 0.6;
    CHECK(check_form(form).message().find("VGG16") != std::string::npos);
}

TEST_CASE("a program beside: its lines, its end, its being stopped") {
    auto echo = ChildProcess::start({"/bin/sh", "-c", "echo one; echo two >&2; printf three; exit 3"});
    REQUIRE(echo.ok());
    CHECK(all_lines(*echo.value()) == std::vector<std::string>{"one", "two", "three"});
    CHECK(echo.value()->status() == 3);
    auto sleeper = ChildProcess::start({"sleep", "100"});
    REQUIRE(sleeper.ok());
    CHECK(sleeper.value()->running());
    sleeper.value()->stop();
    all_lines(*sleeper.value());
    CHECK(sleeper.value()->status() == 128 + 15);
    CHECK_FALSE(ChildProcess::start({"/nonexistent/program"}).ok());
}

TEST_CASE("runs and tables are found and become graphs") {
    Folder folder;
    folder.write("run-a/settings.txt", "model = ae-5\nepochs = 2\n");
    folder.write("run-a/log.csv",
                 "epoch,seconds,loss,validation_loss,validation_psnr,validation_ssim,validation_bpp\n"
                 "1,60,0.5,0.6,20,0.7,0.4\n2,120,0.4,0.5,25.5,0.8,0.3\n");
    folder.write(
        "pictures.csv",
        "system,picture,ssim,psnr,bytes\nae-5,x,0.9,30,24576\nae-5,y,0.8,28,49152\nphoto,x,1,40,100\n");
    folder.write("curves.csv",
                 "system,setting,bpp,bpp_coded,psnr,ssim\nJPEG,5,0.2,0.1,20,0.5\nJPEG,10,0.4,0.2,22,0.6\n");
    folder.write("study2.csv", "broken,table\n1\n");
    Laboratory laboratory;
    laboratory.set_folder(folder.path.string());
    CHECK(laboratory.tables() == std::vector<std::string>{"curves.csv", "pictures.csv", "runs"});
    const CsvTable& runs = laboratory.table("runs");
    REQUIRE(runs.rows.size() == 1);
    CHECK(runs.rows[0][0] == "run-a");
    CHECK(runs.rows[0][3] == "2");
    CHECK(runs.rows[0].back().find("0.93") != std::string::npos);  // the study's figures
    CHECK(laboratory.loss_curves(true)[0].y == std::vector<double>{0.6, 0.5});
    const auto ratios = laboratory.distributions("ratio");
    REQUIRE(ratios.size() == 2);
    CHECK(ratios[0].y == std::vector<double>{2, 1});
    CHECK(laboratory.rate_distortion(true)[0].x == std::vector<double>{0.1, 0.2});
}

TEST_CASE("training runs beside and its failure is told") {
    Folder folder;
    const fs::path program = folder.path / "trainer.sh";
    folder.write(
        "trainer.sh",
        "#!/bin/sh\necho '50.0 %  epoch 1 of 2  loss 1  1.0 minutes left'\necho 'no digits here'\nexit 1\n");
    fs::permissions(program, fs::perms::owner_all);
    setenv("NAE_TRAIN", program.c_str(), 1);
    Laboratory laboratory;
    laboratory.form.data = folder.path.string();
    laboratory.form.folder = "out";
    REQUIRE(laboratory.start().ok());
    CHECK_FALSE(laboratory.start().ok());  // one at a time
    for (int i = 0; i < 500 && laboratory.training(); ++i) {
        laboratory.poll();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    unsetenv("NAE_TRAIN");
    CHECK(laboratory.progress().fraction == Approx(0.5));
    CHECK(laboratory.outcome() == "no digits here");
    CHECK_FALSE(laboratory.training());
}
