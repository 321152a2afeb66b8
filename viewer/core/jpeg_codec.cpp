#include "viewer/core/jpeg_codec.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

// jpeglib.h uses FILE and size_t without including anything.
#include <jpeglib.h>

#include "viewer/core/ssim.h"

namespace nae {
namespace {

// libjpeg reports a fatal error by calling error_exit, which must not return; longjmp is the way its
// documentation gives. Nothing with a destructor may live between setjmp and the calls, so the two functions
// that call the library are plain C in style, and this struct holds what they share.
struct ErrorTrap {
    jpeg_error_mgr manager{};
    std::jmp_buf jump{};
    char message[JMSG_LENGTH_MAX] = {};
};

[[noreturn]] void leave_by_jump(j_common_ptr info) {
    // `manager` is the first member: the pointer libjpeg keeps is also one to the trap.
    auto* trap = reinterpret_cast<ErrorTrap*>(info->err);
    info->err->format_message(info, trap->message);
    std::longjmp(trap->jump, 1);
}

void ignore_message(j_common_ptr) {}

void set_trap(ErrorTrap& trap) {
    jpeg_std_error(&trap.manager);
    trap.manager.error_exit = leave_by_jump;
    trap.manager.output_message = ignore_message;  // the default prints to stderr
}

// The tables of cjpeg's `quality`; for fractions with the scale in between and rounded only once.
void set_quality(jpeg_compress_struct& info, double quality) {
    const double clamped = std::clamp(quality, 1.0, 100.0);
    if (clamped == std::floor(clamped)) {
        jpeg_set_quality(&info, static_cast<int>(clamped), TRUE);
        return;
    }
    jpeg_set_linear_quality(&info, 100, TRUE);  // the standard's tables as they are
    const double scale = (clamped < 50 ? 5000 / clamped : 200 - 2 * clamped) / 100;
    for (JQUANT_TBL* table : info.quant_tbl_ptrs) {
        if (table == nullptr) continue;
        for (UINT16& step : table->quantval)
            step = static_cast<UINT16>(std::clamp(std::lround(step * scale), 1L, 255L));
    }
}

// *buffer is malloc'ed by libjpeg; the caller frees it, also after a failure.
bool compress(const Picture& picture, double quality, ChromaSampling chroma, ErrorTrap& trap,
              unsigned char** buffer, unsigned long* size) {
    jpeg_compress_struct info{};
    set_trap(trap);
    info.err = &trap.manager;
    if (setjmp(trap.jump) != 0) {
        jpeg_destroy_compress(&info);
        return false;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, buffer, size);
    info.image_width = static_cast<JDIMENSION>(picture.width);
    info.image_height = static_cast<JDIMENSION>(picture.height);
    info.input_components = picture.bands;
    info.in_color_space = picture.bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    set_quality(info, quality);
    info.optimize_coding = TRUE;
    info.dct_method = JDCT_ISLOW;
    if (picture.bands == 3) {
        const int factor = chroma == ChromaSampling::quarter ? 2 : 1;
        info.comp_info[0].h_samp_factor = factor;
        info.comp_info[0].v_samp_factor = factor;
    }
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        // libjpeg's row pointers are not const; it does not write through them here.
        auto* row = const_cast<JSAMPROW>(picture.row(static_cast<int>(info.next_scanline)));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return true;
}

bool decompress(const std::vector<uint8_t>& bytes, ErrorTrap& trap, Picture& picture) {
    jpeg_decompress_struct info{};
    set_trap(trap);
    info.err = &trap.manager;
    if (setjmp(trap.jump) != 0) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info, TRUE);
    info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info);
    picture = Picture(static_cast<int>(info.output_width), static_cast<int>(info.output_height),
                      info.output_components);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = picture.row(static_cast<int>(info.output_scanline));
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return true;
}

}  // namespace

Result<std::vector<uint8_t>> encode_jpeg(const Picture& picture, double quality, ChromaSampling chroma) {
    if (picture.empty() || picture.width > JPEG_MAX_DIMENSION || picture.height > JPEG_MAX_DIMENSION)
        return Status(ErrorCode::unsupported,
                      "JPEG: a picture has 1 to " + std::to_string(JPEG_MAX_DIMENSION) + " rows and columns");
    ErrorTrap trap;
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    const bool done = compress(picture, quality, chroma, trap, &buffer, &size);
    std::vector<uint8_t> bytes;
    if (done) bytes.assign(buffer, buffer + size);
    std::free(buffer);
    if (!done) return Status(ErrorCode::internal, std::string("JPEG: ") + trap.message);
    return bytes;
}

Result<Picture> decode_jpeg(const std::vector<uint8_t>& bytes) {
    ErrorTrap trap;
    Picture picture;
    if (!decompress(bytes, trap, picture))
        return Status(ErrorCode::corrupt, std::string("JPEG: ") + trap.message);
    return picture;
}

namespace {

// Bisects for the quality at which measure(match) comes nearest to `target`; it must grow with quality. Stops
// when `near` says that a measured value is near enough.
template <class Measure, class Near>
Result<JpegMatch> bisect(const Picture& picture, double target, ChromaSampling chroma, const GoOn& go_on,
                         Measure measure, Near near) {
    // Steps of about 0.01 in quality at the end, below which tables hardly change.
    constexpr int kSteps = 14;
    JpegMatch best;
    double best_distance = -1;
    double low = 1;
    double high = 100;
    for (int step = 0; step < kSteps; ++step) {
        // The ends first: most targets lie between, and those that do not are answered at once.
        const double quality = step == 0 ? 1 : step == 1 ? 100 : (low + high) / 2;
        JpegMatch match;
        match.quality = quality;
        match.chroma = chroma;
        NAE_ASSIGN_OR_RETURN(match.bytes, encode_jpeg(picture, quality, chroma));
        NAE_ASSIGN_OR_RETURN(const double value, measure(match));
        const double distance = std::abs(value - target);
        if (best_distance < 0 || distance < best_distance) {
            best_distance = distance;
            best = std::move(match);
        }
        if (near(value) || (step == 0 && value > target) || (step == 1 && value < target)) break;
        if (step > 1) (value < target ? low : high) = quality;
        if (go_on && !go_on((step + 1.0) / kSteps)) return Status(ErrorCode::cancelled, "cancelled");
    }
    return best;
}

}  // namespace

Result<JpegMatch> encode_jpeg_of_size(const Picture& picture, uint64_t target_bytes, ChromaSampling chroma,
                                      const GoOn& go_on) {
    const auto target = static_cast<double>(target_bytes);
    return bisect(
        picture, target, chroma, go_on,
        [](const JpegMatch& match) { return Result<double>(static_cast<double>(match.bytes.size())); },
        [target](double size) { return std::abs(size - target) <= 0.001 * target; });
}

Result<JpegMatch> encode_jpeg_of_ssim(const Picture& picture, double target_ssim, ChromaSampling chroma,
                                      const GoOn& go_on) {
    return bisect(
        picture, target_ssim, chroma, go_on,
        [&picture](const JpegMatch& match) -> Result<double> {
            NAE_ASSIGN_OR_RETURN(const Picture decoded, decode_jpeg(match.bytes));
            return ssim(picture, decoded);
        },
        // Of what is lost, 1 - SSIM, not of SSIM itself: 0.95 and 0.96 are worlds apart.
        [target_ssim](double value) { return std::abs(value - target_ssim) <= 0.005 * (1 - target_ssim); });
}

}  // namespace nae
