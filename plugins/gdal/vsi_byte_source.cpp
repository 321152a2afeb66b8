#include "plugins/gdal/vsi_byte_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nae::gdal {

namespace {

// At most this much is held for one window; the rest is read when it is needed.
constexpr uint64_t kMaxPrefetchBytes = uint64_t{64} << 20;
// Reading a gap of this size costs less than another request.
constexpr uint64_t kMaxGapBytes = 16384;

// Stretches in file order, neighbours joined, as many as may be held.
std::vector<ByteRange> requests_for(std::vector<ByteRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
    std::vector<ByteRange> requests;
    uint64_t bytes = 0;
    for (const ByteRange& range : ranges) {
        const uint64_t end = range.offset + range.length;
        if (bytes + range.length > kMaxPrefetchBytes) break;
        if (!requests.empty() &&
            range.offset <= requests.back().offset + requests.back().length + kMaxGapBytes) {
            ByteRange& last = requests.back();
            const uint64_t longer = std::max(last.length, end - last.offset);
            bytes += longer - last.length;
            last.length = longer;
        } else {
            requests.push_back(range);
            bytes += range.length;
        }
    }
    return requests;
}

}  // namespace

Result<std::shared_ptr<VsiByteSource>> VsiByteSource::adopt(VSILFILE* file, std::string name) {
    if (VSIFSeekL(file, 0, SEEK_END) != 0) {
        CPL_IGNORE_RET_VAL(VSIFCloseL(file));
        return Status(ErrorCode::io, name + ": cannot find the file's length");
    }
    const uint64_t size = VSIFTellL(file);
    return std::shared_ptr<VsiByteSource>(new VsiByteSource(file, size, std::move(name)));
}

VsiByteSource::~VsiByteSource() { CPL_IGNORE_RET_VAL(VSIFCloseL(file_)); }

Status VsiByteSource::read(uint64_t offset, void* dst, size_t n) const {
    NAE_RETURN_IF_ERROR(check_range(offset, n));
    if (n == 0) return {};
    const std::lock_guard<std::mutex> lock(mutex_);
    if (take_prefetched(offset, dst, n)) return {};
    if (VSIFSeekL(file_, offset, SEEK_SET) != 0 || VSIFReadL(dst, 1, n, file_) != n)
        return Status(ErrorCode::io,
                      "cannot read " + std::to_string(n) + " bytes at offset " + std::to_string(offset));
    return {};
}

bool VsiByteSource::take_prefetched(uint64_t offset, void* dst, size_t n) const {
    auto it = prefetched_.upper_bound(offset);
    if (it == prefetched_.begin()) return false;
    --it;
    const uint64_t skip = offset - it->first;
    if (skip > it->second.size() || n > it->second.size() - skip) return false;
    std::memcpy(dst, it->second.data() + skip, n);
    return true;
}

void VsiByteSource::prefetch(const std::vector<ByteRange>& ranges) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    prefetched_.clear();
    const std::vector<ByteRange> requests = requests_for(ranges);
    if (requests.empty()) return;
    std::vector<std::vector<uint8_t>> buffers;
    std::vector<void*> places;
    std::vector<vsi_l_offset> offsets;
    std::vector<size_t> sizes;
    for (const ByteRange& request : requests) {
        buffers.emplace_back(static_cast<size_t>(request.length));
        places.push_back(buffers.back().data());
        offsets.push_back(request.offset);
        sizes.push_back(static_cast<size_t>(request.length));
    }
    if (VSIFReadMultiRangeL(static_cast<int>(requests.size()), places.data(), offsets.data(), sizes.data(),
                            file_) != 0)
        return;
    for (size_t i = 0; i < requests.size(); ++i) prefetched_[requests[i].offset] = std::move(buffers[i]);
}

}  // namespace nae::gdal
