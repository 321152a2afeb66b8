// What is open, what the codecs made of it, and the work going on: everything the window shows, without it.
#ifndef NAE_VIEWER_CORE_WORKBENCH_H_
#define NAE_VIEWER_CORE_WORKBENCH_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "viewer/core/codec_run.h"
#include "viewer/core/comparison.h"
#include "viewer/core/heat_map.h"
#include "viewer/core/jobs.h"
#include "viewer/core/raster_file.h"
#include "viewer/core/rd_curve.h"
#include "viewer/core/tile_cache.h"
#include "viewer/core/worst_regions.h"

namespace nae {

enum class Entry { original, nae, jpeg };
constexpr Entry kEntries[] = {Entry::original, Entry::nae, Entry::jpeg};
const char* entry_name(Entry entry);  // "Original", "NAE", "JPEG"
bool entry_of(const std::string& name, Entry& entry);

// Pictures of more pixels are not compared whole, but in a window of kWindowSide squared.
constexpr uint64_t kMostComparedPixels = uint64_t{24} << 20;
constexpr int kWindowSide = 2048;

struct Heat {
    std::shared_ptr<const ErrorMap> map;
    std::vector<WorstRegion> worst;  // in the raster's coordinates
};

struct Message {
    std::string text;
    bool error = true;
};

// All functions are called from one thread; work runs on others. Results arrive in poll().
class Workbench {
  public:
    // `wake` is called from other threads when poll() has something to do; it may be empty.
    explicit Workbench(std::function<void()> wake = {});
    ~Workbench();
    Workbench(const Workbench&) = delete;
    Workbench& operator=(const Workbench&) = delete;

    // One file or a pair. Of a pair the .nae file is the codec's picture and the other its original; of two
    // others, and of two .nae files, the first is the original. One .nae file joins an open original of its
    // size, and an original joins an open .nae file. On an error what was open stays.
    Status open(const std::vector<std::string>& paths);
    // Takes this file as the original of the open .nae file.
    Status open_original(const std::string& path);
    void close();
    // Delivers results; whether anything changed.
    bool poll();
    // Nothing runs or waits.
    bool idle() const { return jobs_.idle(); }
    std::vector<JobPtr> active_jobs() const { return jobs_.active(); }
    // Stops all work. What was there stays, and nothing is started again by itself.
    void cancel();
    std::vector<Message> take_messages();
    void say(const std::string& text, bool error = true) { messages_.push_back({text, error}); }

    bool empty() const { return !original_ && !coded_file_; }
    bool has_original() const { return original_ != nullptr; }
    // The raster's size, whichever file it comes from; 0 when nothing is open.
    int width() const;
    int height() const;
    // What the files are; null when not open.
    const RasterInfo* original_info() const { return original_ ? &original_->info() : nullptr; }
    const RasterInfo* coded_info() const { return coded_file_ ? &coded_file_->info() : nullptr; }
    std::string title() const;
    std::vector<std::string> open_paths() const;
    // A picture beside a .nae file opened alone that may be its original; "" when there is none.
    std::string suggested_original() const;

    // The part of the raster that is compared: all of it unless that would be too much.
    const Region& window() const { return window_; }
    bool whole() const { return window_.width == width() && window_.height == height(); }
    // Moves the compared window so that (x, y) is in its middle, and compares again.
    void compare_around(int x, int y);

    // Bands (from 1; one or three) and stretch; everything is compared again as it then looks.
    void set_display(std::vector<int> bands, StretchMode mode);
    const Display& display() const { return display_; }
    StretchMode stretch_mode() const { return stretch_mode_; }

    // Encodes again in the background; the last result stays until the new one is there.
    void set_nae(const NaeSettings& settings);
    void set_jpeg(const JpegSettings& settings);
    const NaeSettings& nae_settings() const { return nae_settings_; }
    const JpegSettings& jpeg_settings() const { return jpeg_settings_; }
    // Back to the .nae file as it was opened.
    void revert_nae();
    bool reencoded() const { return coded_file_ != nullptr && !show_file_; }

    // Null until the first result.
    const CodecOutcome* outcome(Entry entry) const;
    // The compared window as shown, original or coded; null until it is read.
    std::shared_ptr<const Picture> picture(Entry entry) const;
    // For drawing; null when there is nothing to draw.
    TileSourcePtr tiles(Entry entry) const;
    // Work on this entry, null when there is none; the failure of the last, "" when it went well.
    JobPtr job(Entry entry) const;
    std::string error(Entry entry) const;
    // Two lines: "NAE · quality 75, effort 5, model photo", "28,412 bytes · 0.578 bpp · 36.42 dB · SSIM 0.9541".
    std::string entry_title(Entry entry) const;
    std::string entry_settings(Entry entry) const;
    std::string entry_figures(Entry entry) const;

    // The heatmap of a codec; starts the work when it is not there yet. Null until then.
    const Heat* heat(Entry entry, HeatKind kind);
    // The same without starting anything.
    const Heat* heat_if_there(Entry entry, HeatKind kind) const;

    // The values of one pixel: the raster's own where the file is at hand, else the 8 bits shown. Empty outside.
    std::vector<double> values(Entry entry, int x, int y);

    void start_rd_curve();
    // Stopped or finished, what was found stays until the picture or the settings change.
    std::vector<RdPoint> rd_points() const;
    JobPtr rd_job() const;

    // For the sheet and the table; codecs without result are left out. Error: invalid_argument when there is
    // none, or no original.
    Result<Comparison> comparison() const;
    // The figures, and the rate-distortion points where there are any, as CSV.
    std::string csv() const;
    // Writes the codec's file. Errors: io, invalid_argument when there is no result, unsupported when only a
    // window of the raster was encoded.
    Status save(Entry entry, const std::string& path) const;

  private:
    struct Slot {
        std::shared_ptr<const CodecOutcome> good;
        TileSourcePtr tiles;
        JobPtr job;
        std::string error;
        std::map<HeatKind, Heat> heat;
        std::map<HeatKind, JobPtr> heat_jobs;
    };
    struct RdPoints {
        std::mutex mutex;
        std::vector<RdPoint> points;
    };
    struct ValueBlock {
        Region region;
        std::vector<float> values;
        size_t bands = 0;
    };

    Status start(std::shared_ptr<RasterFile> original, std::shared_ptr<RasterFile> coded);
    void reset_results();
    void read_window();
    void run_coded();
    void run_nae_slot(JobQueue::Work work, const std::string& name);
    void run_jpeg_slot();
    void deliver(Entry entry, Result<CodecOutcome> outcome);
    Slot& slot(Entry entry) { return entry == Entry::jpeg ? jpeg_ : nae_; }
    const Slot& slot(Entry entry) const { return entry == Entry::jpeg ? jpeg_ : nae_; }
    TileSourcePtr tiles_of(const std::shared_ptr<const Picture>& picture) const;
    std::vector<double> file_values(Entry entry, RasterFile& file, int x, int y);
    static void stop(JobPtr& job);

    const std::function<void()> wake_;
    std::shared_ptr<RasterFile> original_;
    std::shared_ptr<RasterFile> coded_file_;
    std::optional<NaeFileFacts> facts_;  // of the coded file, when it is a .nae file
    bool show_file_ = true;              // not re-encoded
    Display display_;
    StretchMode stretch_mode_ = StretchMode::none;
    Region window_;
    NaeSettings nae_settings_;
    JpegSettings jpeg_settings_;
    std::shared_ptr<const Picture> original_picture_;
    TileSourcePtr original_tiles_;
    TileSourcePtr coded_tiles_;
    JobPtr read_job_;
    std::string read_error_;
    Slot nae_;
    Slot jpeg_;
    std::shared_ptr<RdPoints> rd_;
    JobPtr rd_job_;
    std::map<Entry, ValueBlock> value_blocks_;
    std::vector<Message> messages_;
    JobQueue jobs_;  // last: its threads end before anything they use goes
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_WORKBENCH_H_
