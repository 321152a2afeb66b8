// nae-thumbnailer: what a file browser calls for a small picture of a .nae file. Nothing but libnae and libpng, so
// that it starts at once and runs in a sandbox without network and with a read-only root.
#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <nae/nae.hpp>
#include <string>

#include "plugins/thumbnailer/thumbnail.h"

namespace {

constexpr char kUsage[] =
    "Usage: nae-thumbnailer [-s SIZE] INPUT.nae OUTPUT.png\n"
    "       nae-thumbnailer --help | --version\n"
    "Writes a picture of at most SIZE x SIZE pixels (default 256): the preview in the file, else its pixels "
    "reduced.\n"
    "INPUT may be a file: URI. Exit codes: 0 success, 1 failure, 2 wrong usage.\n";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The path of a file: URI, %XX decoded; anything else is a path already.
std::string path_of(const std::string& name) {
    constexpr char kScheme[] = "file://";
    if (name.compare(0, std::strlen(kScheme), kScheme) != 0) return name;
    std::string path;
    const size_t begin = name.find('/', std::strlen(kScheme));  // after the host, which is empty or localhost
    for (size_t i = begin; i < name.size(); ++i) {
        const int high = name[i] == '%' && i + 2 < name.size() ? hex_digit(name[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(name[i + 2]) : -1;
        if (low >= 0) i += 2;
        path += low >= 0 ? static_cast<char>(16 * high + low) : name[i];
    }
    return path;
}

int fail(const std::string& message) {
    std::fprintf(stderr, "nae-thumbnailer: %s\n", message.c_str());
    return 1;
}

int write_png(const nae::thumbnail::Image& image, const char* path) {
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.width = image.width;
    png.height = image.height;
    png.format = image.channels == 1   ? PNG_FORMAT_GRAY
                 : image.channels == 3 ? PNG_FORMAT_RGB
                                       : PNG_FORMAT_RGBA;
    png.flags = PNG_IMAGE_FLAG_FAST;
    if (png_image_write_to_file(&png, path, 0, image.samples.data(), 0, nullptr) != 0) return 0;
    return fail(std::string(path) + ": " + png.message);
}

}  // namespace

int main(int argc, char** argv) {
    unsigned long size = 256;
    int next = 1;
    if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(kUsage, stdout) < 0;
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0)
        return std::printf("nae-thumbnailer %s\n", nae_version()) < 0;
    if (argc > 2 && std::strcmp(argv[1], "-s") == 0) {
        char* end = nullptr;
        size = std::strtoul(argv[2], &end, 10);
        if (*end != '\0' || size < 1 || size > 4096) {
            std::fprintf(stderr, "nae-thumbnailer: size '%s' is not in 1..4096\n", argv[2]);
            return 2;
        }
        next = 3;
    }
    if (argc - next != 2) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    try {
        return write_png(nae::thumbnail::make_thumbnail(path_of(argv[next]), static_cast<uint32_t>(size)),
                         argv[next + 1]);
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}
