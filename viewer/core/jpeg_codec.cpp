#include "viewer/core/jpeg_codec.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

// jpeglib.h uses FILE and size_t without including anything.
#include <jpeglib.h>

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

// *buffer is malloc'ed by libjpeg; the caller frees it, also after a failure.
bool compress(const Picture& picture, int quality, ChromaSampling chroma, ErrorTrap& trap,
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
    jpeg_set_quality(&info, quality, TRUE);
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

Result<std::vector<uint8_t>> encode_jpeg(const Picture& picture, int quality, ChromaSampling chroma) {
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

Result<JpegMatch> encode_jpeg_of_size(const Picture& picture, uint64_t target_bytes, ChromaSampling chroma) {
    JpegMatch best;
    uint64_t best_distance = UINT64_MAX;
    int low = 1;
    int high = 100;
    // Every file tried is a candidate, so the nearest from both sides of the target is among them.
    while (low <= high) {
        const int quality = (low + high) / 2;
        NAE_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, encode_jpeg(picture, quality, chroma));
        const uint64_t size = bytes.size();
        const uint64_t distance = size > target_bytes ? size - target_bytes : target_bytes - size;
        if (distance < best_distance) {
            best_distance = distance;
            best.quality = quality;
            best.bytes = std::move(bytes);
        }
        if (size < target_bytes)
            low = quality + 1;
        else
            high = quality - 1;
    }
    return best;
}

}  // namespace nae
