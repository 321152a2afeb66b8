#include "viewer/core/tile_cache.h"

#include <algorithm>
#include <utility>

namespace nae {

TileCache::TileCache(size_t max_bytes, int threads, std::function<void()> wake)
    : max_bytes_(max_bytes), wake_(std::move(wake)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

TileCache::~TileCache() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ending_ = true;
        for (const Reading& reading : reading_) *reading.cancelled = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void TileCache::begin_frame() { collecting_.clear(); }

// With the lock held.
TilePtr TileCache::find(const Id& id, bool& known) {
    const auto found = kept_.find(id);
    known = found != kept_.end();
    if (!known) return nullptr;
    ages_.splice(ages_.begin(), ages_, found->second.age);
    return found->second.tile;
}

TilePtr TileCache::get(const TileSourcePtr& source, const TileKey& key) {
    Id id{source, key};
    const std::lock_guard<std::mutex> lock(mutex_);
    bool known = false;
    TilePtr tile = find(id, known);
    if (!known) collecting_.push_back(std::move(id));
    return tile;
}

TilePtr TileCache::peek(const TileSourcePtr& source, const TileKey& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    bool known = false;
    return find({source, key}, known);
}

void TileCache::end_frame() {
    const auto same = [](const Id& a, const Id& b) { return a.source == b.source && a.key == b.key; };
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Reading& reading : reading_)
            if (std::none_of(collecting_.begin(), collecting_.end(),
                             [&](const Id& id) { return same(id, reading.id); }))
                *reading.cancelled = true;
        wanted_.clear();
        for (auto id = collecting_.rbegin(); id != collecting_.rend(); ++id) {
            const bool running = std::any_of(reading_.begin(), reading_.end(), [&](const Reading& reading) {
                return same(*id, reading.id) && !*reading.cancelled;
            });
            if (!running && kept_.count(*id) == 0) wanted_.push_back(*id);
        }
    }
    ready_.notify_all();
}

void TileCache::run() {
    const auto same = [](const Id& a, const Id& b) { return a.source == b.source && a.key == b.key; };
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        ready_.wait(lock, [this] { return ending_ || !wanted_.empty(); });
        if (ending_) return;
        const Reading reading{wanted_.back(), std::make_shared<std::atomic<bool>>(false)};
        // Panes that show the same source may have asked twice.
        wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end(),
                                     [&](const Id& id) { return same(id, reading.id); }),
                      wanted_.end());
        reading_.push_back(reading);
        lock.unlock();
        Result<Tile> tile = reading.id.source->read(reading.id.key, *reading.cancelled);
        lock.lock();
        reading_.erase(std::find_if(reading_.begin(), reading_.end(), [&](const Reading& each) {
            return each.cancelled == reading.cancelled;
        }));
        if (tile.ok()) {
            keep(reading.id, std::make_shared<const Tile>(std::move(tile).value()));
        } else if (tile.status().code() != ErrorCode::cancelled) {
            keep(reading.id, nullptr);
            error_ = tile.status().message();
        }
        lock.unlock();
        if (wake_) wake_();
        lock.lock();
    }
}

void TileCache::keep(const Id& id, TilePtr tile) {
    if (kept_.count(id) != 0) return;
    bytes_ += tile ? tile->rgba.size() : 0;
    ages_.push_front(id);
    kept_[id] = {std::move(tile), ages_.begin()};
    while (bytes_ > max_bytes_ && ages_.size() > 1) {
        const auto oldest = kept_.find(ages_.back());
        bytes_ -= oldest->second.tile ? oldest->second.tile->rgba.size() : 0;
        kept_.erase(oldest);
        ages_.pop_back();
    }
}

bool TileCache::settled() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return wanted_.empty() && reading_.empty();
}

size_t TileCache::bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
}

std::string TileCache::take_error() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(error_, std::string());
}

}  // namespace nae
