// How pixels get from the window decoder to whoever asks.
//
// Decoding yields all bands of a plane at once (red, green and blue), and a thin window costs nearly as much as
// one with its halo, so a request is served in one of three ways:
//   from_cache        GDAL's block cache holds every block it touches: GDAL copies.
//   fill_cache_first  scanlines, one band of a plane of three, single pixels: the blocks touched are decoded into
//                     the cache in one go (whole planes, all threads), then GDAL copies. The next scanline or
//                     the next band finds them there.
//   decode            a window of some size, in whole planes: decoded straight into the caller's buffer.
// Scaled requests go through GDAL's own code, which reads blocks.

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "plugins/gdal/gdal_error.h"
#include "plugins/gdal/nae_dataset.h"

namespace nae::gdal {

namespace {

// Samples decoded by one call: bounds temporary memory, and how long a progress callback waits.
constexpr int64_t kMaxSamplesAtOnce = int64_t{96} << 20;

// A window of w x h pixels makes the decoder compute about (w + halo) x (h + halo): decoding it alone is
// worth it while that stays below kMaxOverhead times the window.
constexpr int64_t kHalo = 96;
constexpr int64_t kMaxOverhead = 2;

// Memory for decoded planes; empty with one error reported when there is none.
std::vector<uint8_t> allocate(int64_t bytes, const std::string& name) {
    try {
        return std::vector<uint8_t>(static_cast<size_t>(bytes));
    } catch (const std::bad_alloc&) {
        CPLError(CE_Failure, CPLE_OutOfMemory, "%s: cannot allocate " CPL_FRMT_GIB " bytes for pixels",
                 name.c_str(), static_cast<GIntBig>(bytes));
        return {};
    }
}

PixelTarget planes(std::vector<uint8_t>& pixels, int width, int height, int sample) {
    PixelTarget target;
    target.data = pixels.data();
    target.pixel_stride = sample;
    target.row_stride = static_cast<ptrdiff_t>(width) * sample;
    target.band_stride = target.row_stride * height;
    return target;
}

bool report_progress(GDALRasterIOExtraArg* extra, double done) {
    return extra == nullptr || extra->pfnProgress == nullptr ||
           extra->pfnProgress(done, "", extra->pProgressData) != FALSE;
}

}  // namespace

std::vector<int> NaeDataset::with_siblings(const std::vector<int>& bands) const {
    std::vector<int> all = bands;
    for (const Plane& plane : table_.planes) {
        if (plane.kind != PlaneKind::rgb) continue;
        for (const int band : bands) {
            if (std::find(plane.bands.begin(), plane.bands.end(), band - 1) == plane.bands.end()) continue;
            for (const uint16_t sibling : plane.bands) all.push_back(sibling + 1);
            break;
        }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

bool NaeDataset::block_cached(int x, int y, const std::vector<int>& bands) {
    for (const int band : bands) {
        GDALRasterBlock* block = GetRasterBand(band)->TryGetLockedBlockRef(x, y);
        if (block == nullptr) return false;
        block->DropLock();
    }
    return true;
}

NaeDataset::Plan NaeDataset::plan(const PixelRequest& request) {
    const int x0 = request.x / block_size_, x1 = (request.x + request.width - 1) / block_size_ + 1;
    const int y0 = request.y / block_size_, y1 = (request.y + request.height - 1) / block_size_ + 1;
    const std::vector<int> bands = with_siblings(request.bands);
    const bool whole_planes = request.bands.size() >= bands.size();
    const int64_t area = int64_t{request.width} * request.height;
    const bool large = (request.width + kHalo) * (request.height + kHalo) <= kMaxOverhead * area ||
                       (request.width == nRasterXSize && request.height == nRasterYSize);

    const int64_t cache_bytes = GDALGetCacheMax64();
    const int64_t block_bytes = int64_t{block_size_} * block_size_ * GDALGetDataTypeSizeBytes(type_) *
                                static_cast<int64_t>(bands.size());
    const bool fits = int64_t{x1 - x0} * (y1 - y0) <= cache_bytes / 2 / block_bytes;
    if (fits) {
        bool all_cached = true;
        for (int y = y0; y < y1 && all_cached; ++y)
            for (int x = x0; x < x1 && all_cached; ++x) all_cached = block_cached(x, y, request.bands);
        if (all_cached) return Plan::from_cache;
        if (!(whole_planes && large)) return Plan::fill_cache_first;
    }
    return Plan::decode;
}

CPLErr NaeDataset::read(const PixelRequest& request, GDALRasterIOExtraArg* extra, bool& served) {
    served = false;
    switch (plan(request)) {
        case Plan::from_cache:
            return CE_None;
        case Plan::fill_cache_first:
            return fill_blocks(request.x / block_size_, request.y / block_size_,
                               (request.x + request.width - 1) / block_size_ + 1,
                               (request.y + request.height - 1) / block_size_ + 1,
                               with_siblings(request.bands));
        case Plan::decode:
            break;
    }
    served = true;
    return decode(request, extra);
}

CPLErr NaeDataset::decode(const PixelRequest& request, GDALRasterIOExtraArg* extra) {
    const auto count = static_cast<int64_t>(request.bands.size());
    // In strips of whole block rows, so that no tile is entropy-decoded for two strips where it can be
    // helped.
    const int64_t rows_at_once =
        std::max<int64_t>(kMaxSamplesAtOnce / count / request.width / block_size_, 1) * block_size_;
    const int sample = GDALGetDataTypeSizeBytes(type_);
    if (GDALGetDataTypeSizeBytes(request.type) <= 0) return CE_Failure;

    for (int64_t done = 0; done < request.height;) {
        const int64_t y = request.y + done;
        const int64_t to_boundary = rows_at_once - y % block_size_;
        const int rows = static_cast<int>(std::min<int64_t>(to_boundary, request.height - done));
        uint8_t* out = static_cast<uint8_t*>(request.data) + done * request.line_space;
        if (request.type == type_) {
            PixelTarget target;
            target.data = out;
            target.pixel_stride = static_cast<ptrdiff_t>(request.pixel_space);
            target.row_stride = static_cast<ptrdiff_t>(request.line_space);
            target.band_stride = static_cast<ptrdiff_t>(request.band_space);
            if (decode_window(request.x, static_cast<int>(y), request.width, rows, request.bands, target) !=
                CE_None)
                return CE_Failure;
        } else {
            std::vector<uint8_t> pixels = allocate(int64_t{request.width} * rows * count * sample, name_);
            if (pixels.empty()) return CE_Failure;
            const PixelTarget target = planes(pixels, request.width, rows, sample);
            if (decode_window(request.x, static_cast<int>(y), request.width, rows, request.bands, target) !=
                CE_None)
                return CE_Failure;
            for (int64_t i = 0; i < count; ++i)
                for (int row = 0; row < rows; ++row)
                    GDALCopyWords64(target.data + i * target.band_stride + row * target.row_stride, type_,
                                    sample, out + i * request.band_space + row * request.line_space,
                                    request.type, static_cast<int>(request.pixel_space), request.width);
        }
        done += rows;
        if (!report_progress(extra, static_cast<double>(done) / request.height)) {
            CPLError(CE_Failure, CPLE_UserInterrupt, "%s: reading was cancelled", name_.c_str());
            return CE_Failure;
        }
    }
    return CE_None;
}

CPLErr NaeDataset::fill_blocks(int x0, int y0, int x1, int y1, const std::vector<int>& bands) {
    // The smallest rectangle of blocks that has all the missing ones.
    int left = x1, right = x0, top = y1, bottom = y0;
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) {
            if (block_cached(x, y, bands)) continue;
            left = std::min(left, x);
            right = std::max(right, x + 1);
            top = std::min(top, y);
            bottom = std::max(bottom, y + 1);
        }
    if (left >= right) return CE_None;

    const auto count = static_cast<int64_t>(bands.size());
    const int sample = GDALGetDataTypeSizeBytes(type_);
    const int64_t row_samples = int64_t{right - left} * block_size_ * block_size_ * count;
    const int rows_at_once = static_cast<int>(std::max<int64_t>(kMaxSamplesAtOnce / row_samples, 1));
    const int px = left * block_size_;
    const int width = static_cast<int>(std::min<int64_t>(int64_t{right} * block_size_, nRasterXSize)) - px;
    for (int y = top; y < bottom; y += rows_at_once) {
        const int y_end = std::min(y + rows_at_once, bottom);
        const int py = y * block_size_;
        const int height =
            static_cast<int>(std::min<int64_t>(int64_t{y_end} * block_size_, nRasterYSize)) - py;
        std::vector<uint8_t> pixels = allocate(int64_t{width} * height * count * sample, name_);
        if (pixels.empty()) return CE_Failure;
        const PixelTarget target = planes(pixels, width, height, sample);
        if (decode_window(px, py, width, height, bands, target) != CE_None) return CE_Failure;

        for (int64_t i = 0; i < count; ++i) {
            for (int by = y; by < y_end; ++by) {
                for (int bx = left; bx < right; ++bx) {
                    GDALRasterBlock* block =
                        GetRasterBand(bands[static_cast<size_t>(i)])->GetLockedBlockRef(bx, by, TRUE);
                    if (block == nullptr) return CE_Failure;
                    const int cols = std::min(block_size_, nRasterXSize - bx * block_size_);
                    const int lines = std::min(block_size_, nRasterYSize - by * block_size_);
                    for (int line = 0; line < lines; ++line)
                        std::memcpy(static_cast<uint8_t*>(block->GetDataRef()) +
                                        static_cast<ptrdiff_t>(line) * block_size_ * sample,
                                    target.data + i * target.band_stride +
                                        ((by - y) * block_size_ + line) * target.row_stride +
                                        static_cast<ptrdiff_t>(bx - left) * block_size_ * sample,
                                    static_cast<size_t>(cols) * static_cast<size_t>(sample));
                    block->DropLock();
                }
            }
        }
    }
    return CE_None;
}

CPLErr NaeDataset::IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void* data,
                             int buffer_width, int buffer_height, GDALDataType type, int band_count,
                             BandMap band_map, GSpacing pixel_space, GSpacing line_space, GSpacing band_space,
                             GDALRasterIOExtraArg* extra) {
    if (flag == GF_Read && width == buffer_width && height == buffer_height) {
        PixelRequest request{x, y, width, height, data, type, {}, pixel_space, line_space, band_space};
        request.bands.assign(band_map, band_map + band_count);
        bool served = false;
        const CPLErr result = read(request, extra, served);
        if (served || result != CE_None) return result;
    }
    return GDALPamDataset::IRasterIO(flag, x, y, width, height, data, buffer_width, buffer_height, type,
                                     band_count, band_map, pixel_space, line_space, band_space, extra);
}

CPLErr NaeBand::IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void* data, int buffer_width,
                          int buffer_height, GDALDataType type, GSpacing pixel_space, GSpacing line_space,
                          GDALRasterIOExtraArg* extra) {
    if (flag == GF_Read && width == buffer_width && height == buffer_height) {
        const PixelRequest request{x, y, width, height, data, type, {nBand}, pixel_space, line_space, 0};
        bool served = false;
        const CPLErr result = dataset().read(request, extra, served);
        if (served || result != CE_None) return result;
    }
    return GDALPamRasterBand::IRasterIO(flag, x, y, width, height, data, buffer_width, buffer_height, type,
                                        pixel_space, line_space, extra);
}

// ReadBlock() goes past the block cache, where reading another band may have put this block already. A block that the
// cache itself is filling is there, too, with `data` as its memory.
bool NaeBand::copy_cached_block(int block_x, int block_y, void* data) {
    GDALRasterBlock* block = TryGetLockedBlockRef(block_x, block_y);
    if (block == nullptr) return false;
    const bool other = block->GetDataRef() != data;
    if (other) std::memcpy(data, block->GetDataRef(), static_cast<size_t>(block->GetBlockSize()));
    block->DropLock();
    return other;
}

// One block in all bands of the plane: this one's into `data`, the others' into the block cache.
CPLErr NaeBand::IReadBlock(int block_x, int block_y, void* data) {
    if (copy_cached_block(block_x, block_y, data)) return CE_None;
    NaeDataset& owner = dataset();
    const int size = nBlockXSize, sample = GDALGetDataTypeSizeBytes(eDataType);
    const int x = block_x * size, y = block_y * size;
    const int width = std::min(size, nRasterXSize - x), height = std::min(size, nRasterYSize - y);
    uint8_t* own = static_cast<uint8_t*>(data);
    if (width < size || height < size)
        std::memset(own, 0,
                    static_cast<size_t>(size) * static_cast<size_t>(size) * static_cast<size_t>(sample));

    const std::vector<int> bands = owner.with_siblings({nBand});
    if (bands.size() == 1) {
        PixelTarget target;
        target.data = own;
        target.pixel_stride = sample;
        target.row_stride = static_cast<ptrdiff_t>(size) * sample;
        return owner.decode_window(x, y, width, height, bands, target);
    }
    std::vector<uint8_t> pixels =
        allocate(int64_t{width} * height * static_cast<int64_t>(bands.size()) * sample, owner.name_);
    if (pixels.empty()) return CE_Failure;
    const PixelTarget target = planes(pixels, width, height, sample);
    if (owner.decode_window(x, y, width, height, bands, target) != CE_None) return CE_Failure;
    for (size_t i = 0; i < bands.size(); ++i) {
        GDALRasterBlock* block = nullptr;
        uint8_t* to = own;
        if (bands[i] != nBand) {
            block = owner.GetRasterBand(bands[i])->GetLockedBlockRef(block_x, block_y, TRUE);
            if (block == nullptr) return CE_Failure;
            to = static_cast<uint8_t*>(block->GetDataRef());
        }
        for (int line = 0; line < height; ++line)
            std::memcpy(
                to + static_cast<ptrdiff_t>(line) * size * sample,
                target.data + static_cast<ptrdiff_t>(i) * target.band_stride + line * target.row_stride,
                static_cast<size_t>(width) * static_cast<size_t>(sample));
        if (block != nullptr) block->DropLock();
    }
    return CE_None;
}

}  // namespace nae::gdal
