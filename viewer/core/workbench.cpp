#include "viewer/core/workbench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "viewer/core/session.h"

namespace nae {
namespace {

std::string file_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

bool same_size(const RasterInfo& a, const RasterInfo& b) {
    return a.width == b.width && a.height == b.height;
}

bool is_nae(const RasterInfo& info) { return info.driver == "NAE"; }

std::string quality_text(const CodecOutcome& outcome) {
    std::string text = grouped_digits(outcome.bytes) + " bytes  ·  " + fixed_digits(outcome.bpp, 3) + " bpp";
    if (outcome.error.values.empty()) return text;
    text += "  ·  " + (std::isfinite(outcome.psnr) ? fixed_digits(outcome.psnr, 2) + " dB" : "lossless");
    if (outcome.ssim) text += "  ·  SSIM " + fixed_digits(*outcome.ssim, 4);
    return text;
}

}  // namespace

const char* entry_name(Entry entry) {
    return entry == Entry::original ? "Original" : entry == Entry::nae ? "NAE" : "JPEG";
}

bool entry_of(const std::string& name, Entry& entry) {
    for (const Entry each : kEntries)
        if (name == entry_name(each)) {
            entry = each;
            return true;
        }
    return false;
}

Workbench::Workbench(std::function<void()> wake)
    : wake_(wake), rd_(std::make_shared<RdPoints>()), jobs_(2, std::move(wake)) {}

Workbench::~Workbench() { jobs_.cancel_all(); }

void Workbench::stop(JobPtr& job) {
    if (job) job->cancel();
    job.reset();
}

Status Workbench::open(const std::vector<std::string>& paths) {
    if (paths.empty() || paths.size() > 2)
        return Status(ErrorCode::invalid_argument,
                      "Open one picture, or a pair: the original and its .nae file.");
    std::vector<std::shared_ptr<RasterFile>> files;
    for (const std::string& path : paths) {
        NAE_ASSIGN_OR_RETURN(std::shared_ptr<RasterFile> file, RasterFile::open(path));
        files.push_back(std::move(file));
    }
    if (files.size() == 2) {
        if (is_nae(files[0]->info()) && !is_nae(files[1]->info())) std::swap(files[0], files[1]);
        return start(files[0], files[1]);
    }
    const RasterInfo& info = files[0]->info();
    if (is_nae(info)) {
        // A .nae file joins the original that is open, if it can be one.
        const bool fits = original_ && same_size(original_->info(), info);
        return start(fits ? original_ : nullptr, files[0]);
    }
    const bool fits = !original_ && coded_file_ && same_size(coded_file_->info(), info);
    return start(files[0], fits ? coded_file_ : nullptr);
}

Status Workbench::open_original(const std::string& path) {
    if (!coded_file_) return open({path});
    NAE_ASSIGN_OR_RETURN(std::shared_ptr<RasterFile> file, RasterFile::open(path));
    return start(std::move(file), coded_file_);
}

Status Workbench::start(std::shared_ptr<RasterFile> original, std::shared_ptr<RasterFile> coded) {
    if (original && coded && !same_size(original->info(), coded->info())) {
        const RasterInfo& a = original->info();
        const RasterInfo& b = coded->info();
        return Status(ErrorCode::invalid_argument,
                      file_name(b.path) + " is " + std::to_string(b.width) + "x" + std::to_string(b.height) +
                          ", but " + file_name(a.path) + " is " + std::to_string(a.width) + "x" +
                          std::to_string(a.height) + ": they are not the same picture.");
    }
    const RasterFile& lead = original ? *original : *coded;
    const RasterInfo& info = lead.info();
    const StretchMode mode = info.eight_bit() ? StretchMode::none : StretchMode::percentile;
    NAE_ASSIGN_OR_RETURN(Display display, lead.display(info.default_bands(), mode));
    std::optional<NaeFileFacts> facts;
    if (coded && is_nae(coded->info())) {
        Result<NaeFileFacts> read = read_nae_facts(coded->info().path);
        if (read.ok()) facts = std::move(read).value();
    }

    reset_results();
    original_ = std::move(original);
    coded_file_ = std::move(coded);
    facts_ = std::move(facts);
    show_file_ = coded_file_ != nullptr;
    if (facts_)
        nae_settings_ = facts_->settings;
    else
        nae_settings_.model.clear();
    display_ = std::move(display);
    stretch_mode_ = mode;
    window_ = {0, 0, width(), height()};
    if (static_cast<uint64_t>(width()) * static_cast<uint64_t>(height()) > kMostComparedPixels) {
        window_.width = std::min(kWindowSide, width());
        window_.height = std::min(kWindowSide, height());
        window_.x = (width() - window_.width) / 2;
        window_.y = (height() - window_.height) / 2;
    }
    read_window();
    return Status();
}

void Workbench::close() {
    reset_results();
    original_.reset();
    coded_file_.reset();
    facts_.reset();
    window_ = {};
}

// Everything that depends on what is open and how it is shown.
void Workbench::reset_results() {
    cancel();
    original_picture_.reset();
    original_tiles_.reset();
    coded_tiles_.reset();
    nae_ = Slot();
    jpeg_ = Slot();
    read_error_.clear();
    rd_ = std::make_shared<RdPoints>();
    value_blocks_.clear();
}

void Workbench::cancel() {
    jobs_.cancel_all();
    read_job_.reset();
    rd_job_.reset();
    for (Slot* each : {&nae_, &jpeg_}) {
        each->job.reset();
        each->heat_jobs.clear();
    }
}

int Workbench::width() const {
    return original_ ? original_->info().width : coded_file_ ? coded_file_->info().width : 0;
}
int Workbench::height() const {
    return original_ ? original_->info().height : coded_file_ ? coded_file_->info().height : 0;
}

std::string Workbench::title() const {
    if (original_ && coded_file_)
        return file_name(original_->info().path) + " and " + file_name(coded_file_->info().path);
    return original_     ? file_name(original_->info().path)
           : coded_file_ ? file_name(coded_file_->info().path)
                         : "";
}

std::vector<std::string> Workbench::open_paths() const {
    std::vector<std::string> paths;
    for (const auto& file : {original_, coded_file_})
        if (file) paths.push_back(file->info().path);
    return paths;
}

std::string Workbench::suggested_original() const {
    if (original_ || !coded_file_) return "";
    const std::string& path = coded_file_->info().path;
    const std::string stem = path.substr(0, path.find_last_of('.'));
    for (const char* extension : {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".ppm", ".vrt"}) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(stem + extension, ignored)) return stem + extension;
    }
    return "";
}

void Workbench::compare_around(int x, int y) {
    if (whole() || empty()) return;
    window_.x = std::clamp(x - window_.width / 2, 0, width() - window_.width);
    window_.y = std::clamp(y - window_.height / 2, 0, height() - window_.height);
    reset_results();
    read_window();
}

void Workbench::set_display(std::vector<int> bands, StretchMode mode) {
    if (empty()) return;
    const RasterFile& lead = original_ ? *original_ : *coded_file_;
    Result<Display> display = lead.display(std::move(bands), mode);
    if (!display.ok()) return say(display.status().message());
    display_ = std::move(display).value();
    stretch_mode_ = mode;
    reset_results();
    read_window();
}

bool Workbench::poll() { return jobs_.deliver() > 0; }

std::vector<Message> Workbench::take_messages() { return std::exchange(messages_, {}); }

TileSourcePtr Workbench::tiles_of(const std::shared_ptr<const Picture>& picture) const {
    return tiles_of_picture(picture, window_.x, window_.y, width(), height());
}

// Whole pictures are drawn from memory once they are there; larger ones always from the file.
void Workbench::read_window() {
    const std::shared_ptr<RasterFile> file = original_ ? original_ : coded_file_;
    if (original_ && !whole()) original_tiles_ = RasterFile::tiles(original_, display_);
    if (coded_file_) coded_tiles_ = RasterFile::tiles(coded_file_, display_);
    if (!original_) return;
    read_job_ =
        jobs_.start("Reading " + file_name(file->info().path), [=](Job& job) -> std::function<void()> {
            auto result = std::make_shared<Result<Picture>>(
                file->read_view(window_, display_, [&job](double done) { return job.progress(done); }));
            return [this, result] {
                read_job_.reset();
                if (!result->ok()) {
                    read_error_ = result->status().message();
                    say(read_error_);
                    return;
                }
                original_picture_ = std::make_shared<const Picture>(std::move(*result).value());
                if (whole()) original_tiles_ = tiles_of(original_picture_);
                run_coded();
            };
        });
}

const CodecOutcome* Workbench::outcome(Entry entry) const {
    return entry == Entry::original ? nullptr : slot(entry).good.get();
}

std::shared_ptr<const Picture> Workbench::picture(Entry entry) const {
    if (entry == Entry::original) return original_picture_;
    const std::shared_ptr<const CodecOutcome>& good = slot(entry).good;
    return good ? std::shared_ptr<const Picture>(good, &good->picture) : nullptr;
}

TileSourcePtr Workbench::tiles(Entry entry) const {
    if (entry == Entry::original) return original_tiles_;
    if (entry == Entry::nae && coded_tiles_ && show_file_ && (!nae_.tiles || !whole())) return coded_tiles_;
    return slot(entry).tiles;
}

JobPtr Workbench::job(Entry entry) const {
    const JobPtr& job = entry == Entry::original ? read_job_ : slot(entry).job;
    return job && !job->cancelled() ? job : nullptr;
}

std::string Workbench::error(Entry entry) const {
    return entry == Entry::original ? read_error_ : slot(entry).error;
}

std::string Workbench::entry_title(Entry entry) const {
    if (entry == Entry::original) return original_ ? "Original" : "No original";
    const CodecOutcome* good = outcome(entry);
    if (entry == Entry::nae && coded_file_ && show_file_ && !facts_) return coded_file_->info().driver;
    return good != nullptr ? good->codec : entry_name(entry);
}

std::string Workbench::entry_settings(Entry entry) const {
    if (entry == Entry::original) {
        if (!original_) return "";
        const RasterInfo& info = original_->info();
        return file_name(info.path) + "  ·  " + std::to_string(info.width) + "×" +
               std::to_string(info.height) + (info.eight_bit() ? "" : ", " + info.bands[0].type) +
               (info.bands.size() == 1 ? ", 1 band" : ", " + std::to_string(info.bands.size()) + " bands");
    }
    if (const CodecOutcome* good = outcome(entry)) {
        std::string text = good->settings;
        if (entry == Entry::nae && reencoded()) text += "  (re-encoded)";
        return text;
    }
    if (entry == Entry::nae && facts_)
        return nae_settings_text(facts_->settings.quality, facts_->settings.effort, facts_->model_name);
    return entry == Entry::nae && coded_file_ ? file_name(coded_file_->info().path) : "";
}

std::string Workbench::entry_figures(Entry entry) const {
    CodecOutcome plain;
    if (const CodecOutcome* good = outcome(entry)) return quality_text(*good);
    if (entry == Entry::jpeg) return "";
    const RasterInfo* info = entry == Entry::original ? original_info() : coded_info();
    if (info == nullptr || info->file_bytes == 0) return "";
    plain.bytes = info->file_bytes;
    plain.bpp = 8.0 * static_cast<double>(info->file_bytes) /
                (static_cast<double>(info->width) * static_cast<double>(info->height));
    return quality_text(plain);
}

std::vector<double> Workbench::values(Entry entry, int x, int y) {
    if (x < 0 || y < 0 || x >= width() || y >= height()) return {};
    const bool from_file = entry == Entry::original || (entry == Entry::nae && show_file_);
    const std::shared_ptr<RasterFile>& file = entry == Entry::original ? original_ : coded_file_;
    const std::shared_ptr<const Picture> shown = picture(entry);
    const bool in_window = shown != nullptr && window_.contains(x, y);
    if (from_file && file && (!in_window || !file->info().eight_bit() || file->info().palette))
        return file_values(entry, *file, x, y);
    if (!in_window) return {};
    const uint8_t* pixel = shown->pixel(x - window_.x, y - window_.y);
    return std::vector<double>(pixel, pixel + shown->bands);
}

// Blocks of 64 pixels square are kept: the mouse moves by few pixels at a time.
std::vector<double> Workbench::file_values(Entry entry, RasterFile& file, int x, int y) {
    ValueBlock& block = value_blocks_[entry];
    if (!block.region.contains(x, y)) {
        constexpr int kSide = 64;
        const Region region =
            intersection({x / kSide * kSide, y / kSide * kSide, kSide, kSide}, {0, 0, width(), height()});
        Result<std::vector<float>> values = file.read_values(region, display_.bands);
        if (!values.ok()) return {};
        block = {region, std::move(values).value(), display_.bands.size()};
    }
    const size_t plane = static_cast<size_t>(block.region.width) * static_cast<size_t>(block.region.height);
    const size_t at = static_cast<size_t>(y - block.region.y) * static_cast<size_t>(block.region.width) +
                      static_cast<size_t>(x - block.region.x);
    std::vector<double> values;
    for (size_t band = 0; band < block.bands; ++band)
        values.push_back(static_cast<double>(block.values[band * plane + at]));
    return values;
}

Result<Comparison> Workbench::comparison() const {
    Comparison comparison;
    if (!original_picture_)
        return Status(ErrorCode::invalid_argument, "There is no original to compare with yet.");
    comparison.name = title();
    comparison.original = *original_picture_;
    comparison.original_bytes = whole() ? original_->info().file_bytes : 0;
    for (const Entry entry : {Entry::nae, Entry::jpeg})
        if (const CodecOutcome* good = outcome(entry)) comparison.codecs.push_back(*good);
    if (comparison.codecs.empty()) return Status(ErrorCode::invalid_argument, "No codec has a result yet.");
    return comparison;
}

std::string Workbench::csv() const {
    Comparison figures;
    for (const Entry entry : {Entry::nae, Entry::jpeg})
        if (const CodecOutcome* good = outcome(entry)) {
            CodecOutcome plain = *good;
            figures.codecs.push_back(std::move(plain));
        }
    std::string words = comparison_csv(figures);
    const std::vector<RdPoint> points = rd_points();
    if (!points.empty()) words += "\n" + rd_csv(points);
    return words;
}

Status Workbench::save(Entry entry, const std::string& path) const {
    const CodecOutcome* good = outcome(entry);
    if (entry == Entry::nae && coded_file_ && show_file_) {
        std::error_code error;
        std::filesystem::copy_file(coded_file_->info().path, path,
                                   std::filesystem::copy_options::overwrite_existing, error);
        return error ? Status(ErrorCode::io, path + ": " + error.message()) : Status();
    }
    if (good != nullptr && !whole())
        return Status(ErrorCode::unsupported,
                      "Only the compared window was encoded; gdal_translate converts the whole raster.");
    if (good == nullptr || good->file.empty())
        return Status(ErrorCode::invalid_argument,
                      std::string("There is no ") + entry_name(entry) + " result to save yet.");
    return write_file(path, std::string(good->file.begin(), good->file.end()));
}

}  // namespace nae
