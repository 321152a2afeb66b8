#include "viewer/app/texture_store.h"

namespace nae {
namespace {

constexpr int kMostPerFrame = 24;      // 6 MB of tiles
constexpr size_t kMostTextures = 768;  // 192 MB of tiles

}  // namespace

void TextureStore::begin_frame() {
    ++frame_;
    made_ = 0;
    pending_ = false;
    if (entries_.size() <= kMostTextures) return;
    // More than fit a screen many times over: keep what was drawn in the last frames.
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (entry->second.last_frame + 4 < frame_) {
            backend_.destroy(entry->second.texture);
            entry = entries_.erase(entry);
        } else {
            ++entry;
        }
    }
}

ImTextureID TextureStore::of(const TilePtr& tile) {
    const auto found = entries_.find(tile.get());
    if (found != entries_.end()) {
        found->second.last_frame = frame_;
        return found->second.texture;
    }
    if (made_ >= kMostPerFrame) {
        pending_ = true;
        return nullptr;
    }
    ++made_;
    const ImTextureID texture = backend_.create(tile->width, tile->height, tile->rgba.data());
    entries_[tile.get()] = {tile, texture, frame_};
    return texture;
}

void TextureStore::clear() {
    for (const auto& [tile, entry] : entries_) backend_.destroy(entry.texture);
    entries_.clear();
}

}  // namespace nae
