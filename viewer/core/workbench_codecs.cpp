// Workbench: the background work on both codecs, their heatmaps, and the rate-distortion plot.
#include <algorithm>
#include <utility>

#include "viewer/core/workbench.h"

namespace nae {
namespace {

// A result that can be handed from a working thread to poll(): std::function wants what it holds copyable.
template <class T>
std::shared_ptr<Result<T>> shared_result(Result<T> result) {
    return std::make_shared<Result<T>>(std::move(result));
}

// What a codec's file is as a result: its picture in the window, measured.
Result<CodecOutcome> outcome_of_file(const RasterFile& file, const std::optional<NaeFileFacts>& facts,
                                     const Picture& original, const Region& window, const Display& display,
                                     const GoOn& go_on) {
    CodecOutcome outcome;
    const RasterInfo& info = file.info();
    outcome.codec = facts ? "NAE" : info.driver;
    outcome.settings =
        facts ? nae_settings_text(facts->settings.quality, facts->settings.effort, facts->model_name)
              : info.path.substr(info.path.find_last_of('/') + 1);
    outcome.quality = facts ? facts->settings.quality : 0;
    // The window's share of the file where not all of it is compared.
    const double share = static_cast<double>(window.width) * window.height /
                         (static_cast<double>(info.width) * static_cast<double>(info.height));
    outcome.bytes = static_cast<uint64_t>(static_cast<double>(info.file_bytes) * share + 0.5);
    if (display.bands.empty() ||
        *std::max_element(display.bands.begin(), display.bands.end()) > static_cast<int>(info.bands.size()))
        return Status(
            ErrorCode::invalid_argument,
            info.path + ": it has " + std::to_string(info.bands.size()) + " bands, fewer than the original");
    NAE_ASSIGN_OR_RETURN(outcome.picture, file.read_view(window, display, go_on));
    NAE_RETURN_IF_ERROR(measure(original, outcome));
    return outcome;
}

}  // namespace

// The codec's picture: from the opened file, or encoded now.
void Workbench::run_coded() {
    if (!original_picture_) return;
    const std::shared_ptr<const Picture> original = original_picture_;
    if (coded_file_ && show_file_) {
        run_nae_slot(
            [=, file = coded_file_, facts = facts_, window = window_, display = display_](Job& job) {
                const GoOn go_on = [&job](double done) { return job.progress(0.7 * done); };
                auto result = shared_result(outcome_of_file(*file, facts, *original, window, display, go_on));
                return std::function<void()>([this, result] { deliver(Entry::nae, std::move(*result)); });
            },
            "Decoding");
        return;
    }
    run_nae_slot(
        [=, settings = nae_settings_](Job& job) {
            const GoOn go_on = [&job](double done) { return job.progress(0.9 * done); };
            Result<CodecOutcome> outcome = run_nae(*original, settings, go_on);
            if (outcome.ok() && !job.cancelled()) {
                const Status measured = measure(*original, outcome.value());
                if (!measured.ok()) outcome = measured;
            }
            auto result = shared_result(std::move(outcome));
            return std::function<void()>([this, result] { deliver(Entry::nae, std::move(*result)); });
        },
        "Encoding NAE");
}

void Workbench::run_nae_slot(JobQueue::Work work, const std::string& name) {
    stop(nae_.job);
    nae_.error.clear();
    nae_.job = jobs_.start(name, std::move(work));
}

void Workbench::run_jpeg_slot() {
    const bool matched = jpeg_settings_.match != JpegMatchMode::manual;
    if (!original_picture_ || (matched && !nae_.good)) return;
    stop(jpeg_.job);
    jpeg_.error.clear();
    jpeg_.job = jobs_.start(
        matched ? "Matching JPEG" : "Encoding JPEG",
        [this, original = original_picture_, target = nae_.good, settings = jpeg_settings_](Job& job) {
            const GoOn go_on = [&job](double done) { return job.progress(0.9 * done); };
            Result<CodecOutcome> outcome = run_jpeg(*original, settings, target.get(), go_on);
            if (outcome.ok() && !job.cancelled()) {
                const Status measured = measure(*original, outcome.value());
                if (!measured.ok()) outcome = measured;
            }
            auto result = shared_result(std::move(outcome));
            return std::function<void()>([this, result] { deliver(Entry::jpeg, std::move(*result)); });
        });
}

void Workbench::deliver(Entry entry, Result<CodecOutcome> outcome) {
    Slot& target = slot(entry);
    target.job.reset();
    if (outcome.ok()) {
        for (auto& [kind, job] : target.heat_jobs) stop(job);
        target.heat_jobs.clear();
        target.heat.clear();
        target.good = std::make_shared<const CodecOutcome>(std::move(outcome).value());
        target.tiles = tiles_of(picture(entry));
    } else {
        // The last good result stays on screen; why there is no newer one is said beside it.
        target.error = outcome.status().message();
        say(target.error);
    }
    if (entry != Entry::nae) return;
    // Without NAE (no driver, no encoder) JPEG can still be looked at.
    if (!nae_.good && jpeg_settings_.match != JpegMatchMode::manual)
        jpeg_settings_.match = JpegMatchMode::manual;
    if (jpeg_settings_.match != JpegMatchMode::manual || !jpeg_.good) run_jpeg_slot();
}

void Workbench::set_nae(const NaeSettings& settings) {
    nae_settings_ = settings;
    show_file_ = false;
    run_coded();
}

void Workbench::revert_nae() {
    if (!reencoded()) return;
    show_file_ = true;
    if (facts_) nae_settings_ = facts_->settings;
    run_coded();
}

void Workbench::set_jpeg(const JpegSettings& settings) {
    jpeg_settings_ = settings;
    run_jpeg_slot();
}

const Heat* Workbench::heat_if_there(Entry entry, HeatKind kind) const {
    if (entry == Entry::original) return nullptr;
    const auto found = slot(entry).heat.find(kind);
    return found == slot(entry).heat.end() || !found->second.map ? nullptr : &found->second;
}

const Heat* Workbench::heat(Entry entry, HeatKind kind) {
    if (entry == Entry::original) return nullptr;
    Slot& target = slot(entry);
    if (const Heat* there = heat_if_there(entry, kind)) return there;
    if (!target.good || !original_picture_ || target.heat.count(kind) != 0) return nullptr;
    target.heat[kind];  // asked for: a failure is not tried again with every frame
    const std::string name = std::string("Heatmap of ") + entry_name(entry);
    target.heat_jobs[kind] = jobs_.start(name, [this, entry, kind, original = original_picture_,
                                                good = target.good, window = window_](Job& job) {
        auto map = shared_result(heat_map(kind, *original, good->picture,
                                          [&job](double done) { return job.progress(0.9 * done); }));
        std::vector<WorstRegion> worst;
        if (map->ok()) {
            const int side = std::clamp(std::min(window.width, window.height) / 10, 16, 128);
            worst = worst_regions(map->value(), side, 12);
            for (WorstRegion& each : worst) {
                each.region.x += window.x;
                each.region.y += window.y;
            }
        }
        return std::function<void()>([this, entry, kind, map, worst] {
            if (!map->ok()) return say(map->status().message());
            slot(entry).heat[kind] = {std::make_shared<const ErrorMap>(std::move(*map).value()), worst};
        });
    });
    return nullptr;
}

void Workbench::start_rd_curve() {
    if (!original_picture_ || rd_job()) return;
    rd_ = std::make_shared<RdPoints>();
    rd_job_ = jobs_.start("Rate–distortion plot", [this, original = original_picture_,
                                                   settings = nae_settings_, points = rd_](Job& job) {
        const Status status = run_rd_curve(
            *original, settings, [&job](double done) { return job.progress(done); },
            [&](const RdPoint& point) {
                {
                    const std::lock_guard<std::mutex> lock(points->mutex);
                    points->points.push_back(point);
                }
                if (wake_) wake_();
            });
        return std::function<void()>([this, status] {
            rd_job_.reset();
            if (!status.ok() && status.code() != ErrorCode::cancelled) say(status.message());
        });
    });
}

std::vector<RdPoint> Workbench::rd_points() const {
    const std::lock_guard<std::mutex> lock(rd_->mutex);
    return rd_->points;
}

JobPtr Workbench::rd_job() const { return rd_job_ && !rd_job_->cancelled() ? rd_job_ : nullptr; }

}  // namespace nae
