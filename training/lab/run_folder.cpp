#include "training/lab/run_folder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>

#include "format/byte_sink.h"
#include "format/text.h"

namespace nae::training {
namespace {

constexpr char kLogHead[] =
    "epoch,seconds,lr,rate,loss,mse,ssim,bpp,kl,validation_loss,validation_mse,validation_psnr,validation_"
    "ssim,validation_bpp";
constexpr char kMagic[8] = {'N', 'A', 'E', 'L', 'A', 'B', '2', '\n'};

std::string trim(const std::string& s) {
    const size_t a = s.find_first_not_of(" \t\r"), b = s.find_last_not_of(" \t\r");
    return a == std::string::npos ? std::string() : s.substr(a, b - a + 1);
}

// A field by its name, as text both ways.
struct Field {
    std::function<std::string(const LabSettings&)> get;
    std::function<bool(LabSettings&, const std::string&)> set;
};

template <class T>
Field number(T LabSettings::*member) {
    return {[member](const LabSettings& s) {
                std::ostringstream out;
                out.precision(17);
                out << s.*member;
                return out.str();
            },
            [member](LabSettings& s, const std::string& text) {
                std::istringstream in(text);
                T value{};
                if (!(in >> value) || in.peek() != EOF) return false;
                s.*member = value;
                return true;
            }};
}

Field words(std::string LabSettings::*member) {
    return {[member](const LabSettings& s) { return s.*member; },
            [member](LabSettings& s, const std::string& text) { return s.*member = text, true; }};
}

const std::vector<std::pair<std::string, Field>>& fields() {
    static const std::vector<std::pair<std::string, Field>> all = {
        {"model", words(&LabSettings::model)},
        {"data",
         {[](const LabSettings& s) {
              std::string out;
              for (const std::string& d : s.data) out += (out.empty() ? "" : ";") + d;
              return out;
          },
          [](LabSettings& s, const std::string& text) {
              std::istringstream in(text);
              s.data.clear();
              for (std::string d; std::getline(in, d, ';');)
                  if (!trim(d).empty()) s.data.push_back(trim(d));
              return true;
          }}},
        {"epochs", number(&LabSettings::epochs)},
        {"batch", number(&LabSettings::batch)},
        {"lr", number(&LabSettings::lr)},
        {"muon", number(&LabSettings::muon)},
        {"average", number(&LabSettings::average)},
        {"seed", number(&LabSettings::seed)},
        {"threads", number(&LabSettings::threads)},
        {"crops", number(&LabSettings::crops)},
        {"window", number(&LabSettings::window)},
        {"ssim", number(&LabSettings::ssim)},
        {"perceptual", number(&LabSettings::perceptual)},
        {"mse", number(&LabSettings::mse)},
        {"rate", number(&LabSettings::rate)},
        {"target_ssim", number(&LabSettings::target_ssim)},
        {"vgg16", words(&LabSettings::vgg16)},
        {"start", words(&LabSettings::start)},
    };
    return all;
}

Status write_whole(const std::string& path, const std::string& bytes) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSink> sink, FileSink::create(path));
    NAE_RETURN_IF_ERROR(sink->write(bytes.data(), bytes.size()));
    return sink->commit();
}

}  // namespace

Status set_setting(LabSettings& settings, const std::string& key, const std::string& value) {
    for (const auto& [name, field] : fields()) {
        if (name != key) continue;
        if (field.set(settings, value)) return Status();
        return Status(ErrorCode::invalid_argument, key + ": \"" + value + "\" is not a number that fits");
    }
    return Status(ErrorCode::invalid_argument, "there is no setting \"" + key + "\"");
}

Result<LabSettings> read_settings(const std::string& path) {
    std::ifstream in(path);
    if (!in) return Status(ErrorCode::io, path + ": cannot be read; is this the folder of a run?");
    LabSettings settings;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        line = trim(line);
        if (line.empty() || line[0] == '#') continue;
        const size_t equals = line.find('=');
        const Status set =
            equals == std::string::npos
                ? Status(ErrorCode::corrupt, "\"" + line + "\" is not \"name = value\"")
                : set_setting(settings, trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
        if (!set.ok()) return Status(ErrorCode::corrupt, cat(path, ", line ", number, ": ", set.message()));
    }
    return settings;
}

std::string settings_text(const LabSettings& settings) {
    std::string text = "# A run of nae-train lab; the same settings give the same weights.\n";
    for (const auto& [name, field] : fields()) text += name + " = " + field.get(settings) + "\n";
    return text;
}

Status write_settings(const LabSettings& settings, const std::string& path) {
    return write_whole(path, settings_text(settings));
}

Status check_settings(const LabSettings& s) {
    const auto refuse = [](const std::string& what) { return Status(ErrorCode::invalid_argument, what); };
    if (s.data.empty()) return refuse("no folder with data is given");
    if (s.epochs < 1 || s.epochs > 100000) return refuse(cat("epochs: ", s.epochs, " is outside 1..100000"));
    if (s.batch < 1 || s.batch > 4096) return refuse(cat("batch: ", s.batch, " is outside 1..4096"));
    if (!(s.lr > 0 && s.lr < 1)) return refuse(cat("lr: ", s.lr, " is outside 0..1"));
    if (s.muon < 0 || s.muon > 1) return refuse(cat("muon: ", s.muon, " is neither 0 nor 1"));
    if (!(s.average >= 0 && s.average < 1)) return refuse(cat("average: ", s.average, " is outside 0..1"));
    if (s.threads < 1 || s.threads > 1024) return refuse(cat("threads: ", s.threads, " is outside 1..1024"));
    if (s.crops < 8 || s.crops > 1000000) return refuse(cat("crops: ", s.crops, " is outside 8..1000000"));
    if (s.window < 32 || s.window > 128 || s.window % 16 != 0)
        return refuse(cat("window: ", s.window, " is no multiple of 16 in 32..128"));
    for (double w : {s.ssim, s.perceptual, s.mse})
        if (!(w >= 0 && w <= 1)) return refuse(cat("weight of the loss: ", w, " is outside 0..1"));
    if (std::abs(s.ssim + s.perceptual + s.mse - 1) > 1e-6)
        return refuse(cat("the weights ssim, perceptual and mse must sum to 1, not to ",
                          s.ssim + s.perceptual + s.mse));
    if (s.perceptual > 0 && s.vgg16.empty())
        return refuse("the perceptual term needs a file with VGG16's weights");
    if (!(s.rate >= 0 && s.rate <= 1000)) return refuse(cat("rate: ", s.rate, " is outside 0..1000"));
    if (!(s.target_ssim >= 0 && s.target_ssim < 1))
        return refuse(cat("target_ssim: ", s.target_ssim, " is outside 0..1"));
    return Status();
}

Status save_progress(const LabProgress& p, const std::string& path) {
    std::string bytes(kMagic, sizeof kMagic);
    const auto put = [&](const auto& value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(int64_t{p.epochs});
    put(p.seconds);
    put(p.rate);
    put(p.steps);
    put(uint64_t{p.state.size()});
    for (const torch::Tensor& t : p.state) {
        const torch::Tensor c = t.detach().contiguous();
        put(c.numel());
        bytes.append(reinterpret_cast<const char*>(c.data_ptr<float>()), size_t(c.numel()) * sizeof(float));
    }
    return write_whole(path, bytes);
}

Status load_progress(const std::string& path, LabProgress& p) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Status(ErrorCode::io, path + ": cannot be read");
    const auto take = [&](auto& value) {
        return bool(in.read(reinterpret_cast<char*>(&value), sizeof value));
    };
    char magic[8];
    int64_t epochs = 0;
    uint64_t count = 0;
    if (!take(magic) || !std::equal(magic, magic + 8, kMagic))
        return Status(ErrorCode::corrupt, path + ": is no checkpoint of the laboratory");
    if (!take(epochs) || !take(p.seconds) || !take(p.rate) || !take(p.steps) || !take(count))
        return Status(ErrorCode::truncated, path + ": ends early");
    if (count != p.state.size() || p.steps < 0 || epochs < 0 || epochs > 1000000)
        return Status(ErrorCode::corrupt, path + ": belongs to another model");
    p.epochs = int(epochs);
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& t : p.state) {
        int64_t n = 0;
        if (!take(n)) return Status(ErrorCode::truncated, path + ": ends early");
        if (n != t.numel()) return Status(ErrorCode::corrupt, path + ": belongs to another model");
        t = torch::empty({n}, torch::kFloat);
        if (!in.read(reinterpret_cast<char*>(t.data_ptr<float>()),
                     std::streamsize(size_t(n) * sizeof(float))))
            return Status(ErrorCode::truncated, path + ": ends early");
    }
    return Status();
}

Status append_log(const LogRow& r, const std::string& path) {
    const bool fresh = !std::filesystem::exists(path);
    std::ofstream out(path, std::ios::app);
    if (fresh) out << kLogHead << '\n';
    out << r.epoch;
    for (double v : {r.seconds, r.lr, r.rate, r.loss, r.mse, r.ssim, r.bpp, r.kl, r.v_loss, r.v_mse, r.v_psnr,
                     r.v_ssim, r.v_bpp})
        out << ',' << v;
    out << std::endl;
    return out ? Status() : Status(ErrorCode::io, path + ": cannot be written");
}

Result<std::vector<LogRow>> read_log(const std::string& path) {
    std::ifstream in(path);
    if (!in) return Status(ErrorCode::io, path + ": cannot be read");
    std::vector<LogRow> rows;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        LogRow r;
        std::replace(line.begin(), line.end(), ',', ' ');
        std::istringstream fields_in(line);
        if (!(fields_in >> r.epoch))
            return Status(ErrorCode::corrupt, cat(path, ": line ", rows.size() + 2, " is no row of a log"));
        for (double* v : {&r.seconds, &r.lr, &r.rate, &r.loss, &r.mse, &r.ssim, &r.bpp, &r.kl, &r.v_loss,
                          &r.v_mse, &r.v_psnr, &r.v_ssim, &r.v_bpp})
            if (!(fields_in >> *v))
                return Status(ErrorCode::corrupt,
                              cat(path, ": line ", rows.size() + 2, " is no row of a log"));
        rows.push_back(r);
    }
    return rows;
}

}  // namespace nae::training
