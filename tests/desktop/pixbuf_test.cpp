// pixbuf_test FOLDER: loads the pictures of make_pictures through gdk-pixbuf, as a GTK program does. The loader is
// found through GDK_PIXBUF_MODULE_FILE.
#include <gdk-pixbuf/gdk-pixbuf.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

int failures = 0;

void expect(bool good, const std::string& what) {
    if (good) return;
    std::printf("FAILED: %s\n", what.c_str());
    ++failures;
}

const guchar* at(GdkPixbuf* pixbuf, int x, int y) {
    return gdk_pixbuf_get_pixels(pixbuf) + y * gdk_pixbuf_get_rowstride(pixbuf) +
           x * gdk_pixbuf_get_n_channels(pixbuf);
}

bool is_size(GdkPixbuf* pixbuf, int width, int height) {
    return pixbuf != nullptr && gdk_pixbuf_get_width(pixbuf) == width &&
           gdk_pixbuf_get_height(pixbuf) == height;
}

bool bright_corner(GdkPixbuf* pixbuf) {
    return at(pixbuf, 3, 3)[0] > 180 &&
           at(pixbuf, gdk_pixbuf_get_width(pixbuf) - 3, gdk_pixbuf_get_height(pixbuf) - 3)[0] < 90;
}

void whole(const std::string& folder) {
    GError* error = nullptr;
    GdkPixbuf* colour = gdk_pixbuf_new_from_file((folder + "/colour.nae").c_str(), &error);
    expect(is_size(colour, 300, 200),
           std::string("colour.nae: ") + (error != nullptr ? error->message : "size"));
    if (colour == nullptr) return;
    expect(bright_corner(colour), "colour.nae: the bright corner is not where it should be");
    expect(gdk_pixbuf_get_option(colour, "orientation") == nullptr, "colour.nae has an orientation");
    g_object_unref(colour);

    GdkPixbuf* gray = gdk_pixbuf_new_from_file((folder + "/gray.nae").c_str(), nullptr);
    expect(is_size(gray, 90, 130), "gray.nae: size");
    if (gray != nullptr) expect(at(gray, 5, 5)[0] == at(gray, 5, 5)[2], "gray.nae is not gray");
    g_clear_object(&gray);

    GdkPixbuf* turned = gdk_pixbuf_new_from_file((folder + "/turned.nae").c_str(), nullptr);
    expect(is_size(turned, 300, 200), "turned.nae: size");
    if (turned == nullptr) return;
    const char* orientation = gdk_pixbuf_get_option(turned, "orientation");
    expect(orientation != nullptr && std::strcmp(orientation, "6") == 0, "turned.nae: option orientation");
    const char* icc = gdk_pixbuf_get_option(turned, "icc-profile");
    gsize size = 0;
    guchar* profile = icc != nullptr ? g_base64_decode(icc, &size) : nullptr;
    expect(size == 24 && std::memcmp(profile, "not a profile, but bytes", 24) == 0,
           "turned.nae: option icc-profile");
    g_free(profile);
    GdkPixbuf* upright = gdk_pixbuf_apply_embedded_orientation(turned);
    expect(is_size(upright, 200, 300), "turned.nae upright: size");
    expect(at(upright, 190, 3)[0] > 180, "turned.nae upright: the bright corner is not at the top right");
    g_object_unref(upright);
    g_object_unref(turned);
}

void scaled(const std::string& folder) {
    // From the preview, and from the pixels.
    for (const char* name : {"/preview.nae", "/colour.nae", "/damaged-preview.nae"}) {
        for (const int width : {60, 128, 240}) {
            GdkPixbuf* small =
                gdk_pixbuf_new_from_file_at_size((folder + name).c_str(), width, width, nullptr);
            expect(is_size(small, width, width * 2 / 3) || is_size(small, width, (width * 2 + 1) / 3),
                   std::string(name) + " at width " + std::to_string(width) + ": size");
            if (small != nullptr) expect(bright_corner(small), std::string(name) + " scaled: corner");
            g_clear_object(&small);
        }
    }
    const std::string overviews = folder + "/overviews.nae";
    GdkPixbuf* small = gdk_pixbuf_new_from_file_at_size(overviews.c_str(), 140, 140, nullptr);
    expect(small != nullptr && bright_corner(small), "overviews.nae small: not from an overview");
    g_clear_object(&small);
    expect(gdk_pixbuf_new_from_file(overviews.c_str(), nullptr) == nullptr,
           "overviews.nae whole: damage unnoticed");

    int width = 0, height = 0;
    GdkPixbufFormat* format = gdk_pixbuf_get_file_info((folder + "/colour.nae").c_str(), &width, &height);
    expect(format != nullptr && width == 300 && height == 200, "gdk_pixbuf_get_file_info");
}

// gdk-pixbuf has 8 bits a sample and alpha that is not premultiplied.
void deep_and_transparent(const std::string& folder) {
    for (const char* name : {"/deep.nae", "/deep-gray.nae", "/deep-alpha.nae", "/alpha.nae"}) {
        GError* error = nullptr;
        GdkPixbuf* pixbuf = gdk_pixbuf_new_from_file((folder + name).c_str(), &error);
        expect(is_size(pixbuf, 300, 200),
               std::string(name) + ": " + (error != nullptr ? error->message : "size"));
        g_clear_error(&error);
        if (pixbuf == nullptr) continue;
        expect(bright_corner(pixbuf), std::string(name) + ": corner");
        expect(std::abs(at(pixbuf, 70, 50)[0] - 230) < 12, std::string(name) + ": brightness");
        expect((gdk_pixbuf_get_has_alpha(pixbuf) != FALSE) == (std::strstr(name, "alpha") != nullptr),
               std::string(name) + ": alpha");
        g_object_unref(pixbuf);
    }
    GdkPixbuf* deep = gdk_pixbuf_new_from_file((folder + "/deep-alpha.nae").c_str(), nullptr);
    if (deep != nullptr)
        expect(at(deep, 9, 9)[3] == 255 && at(deep, 9, 190)[3] == 85, "deep-alpha.nae: alpha");
    g_clear_object(&deep);
    GdkPixbuf* alpha = gdk_pixbuf_new_from_file((folder + "/alpha.nae").c_str(), nullptr);
    if (alpha != nullptr)
        expect(at(alpha, 9, 9)[3] == 110 && at(alpha, 290, 190)[3] == 130, "alpha.nae: alpha");
    g_clear_object(&alpha);
    // The preview has no alpha, so it is not used.
    GdkPixbuf* small = gdk_pixbuf_new_from_file_at_size((folder + "/alpha.nae").c_str(), 90, 60, nullptr);
    expect(small != nullptr && gdk_pixbuf_get_has_alpha(small) && at(small, 9, 9)[3] == 110,
           "alpha.nae small: alpha");
    g_clear_object(&small);
}

// As data come from a network: a few bytes at a time, and a loader given up in the middle.
void in_pieces(const std::string& folder) {
    gchar* bytes = nullptr;
    gsize size = 0;
    if (!g_file_get_contents((folder + "/colour.nae").c_str(), &bytes, &size, nullptr)) std::abort();
    GdkPixbufLoader* loader = gdk_pixbuf_loader_new();
    bool good = true;
    for (gsize i = 0; i < size; i += 37)
        good = good && gdk_pixbuf_loader_write(loader, reinterpret_cast<guchar*>(bytes) + i,
                                               size - i < 37 ? size - i : 37, nullptr);
    expect(good && gdk_pixbuf_loader_close(loader, nullptr), "loading in pieces");
    expect(is_size(gdk_pixbuf_loader_get_pixbuf(loader), 300, 200), "loading in pieces: size");
    g_object_unref(loader);
    loader = gdk_pixbuf_loader_new();
    gdk_pixbuf_loader_write(loader, reinterpret_cast<guchar*>(bytes), size / 2, nullptr);
    GError* error = nullptr;
    expect(!gdk_pixbuf_loader_close(loader, &error) && error != nullptr, "half a file loads");
    g_clear_error(&error);
    g_object_unref(loader);
    g_free(bytes);
}

// Fails with an error of gdk-pixbuf's domain whose message says something.
void broken(const std::string& folder) {
    GDir* dir = g_dir_open(folder.c_str(), 0, nullptr);
    int count = 0;
    while (const char* name = g_dir_read_name(dir)) {
        if (std::strncmp(name, "broken-", 7) != 0) continue;
        ++count;
        for (const int size : {-1, 64}) {
            GError* error = nullptr;
            GdkPixbuf* pixbuf =
                gdk_pixbuf_new_from_file_at_size((folder + "/" + name).c_str(), size, size, &error);
            expect(pixbuf == nullptr && error != nullptr && error->domain == GDK_PIXBUF_ERROR &&
                       std::strlen(error->message) > 10,
                   std::string(name) + " is not refused");
            if (error != nullptr && size < 0)
                std::printf("%-30s %d: %s\n", name, error->code, error->message);
            g_clear_error(&error);
            g_clear_object(&pixbuf);
        }
    }
    g_dir_close(dir);
    expect(count == 10, "broken files tried: " + std::to_string(count));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    whole(argv[1]);
    scaled(argv[1]);
    deep_and_transparent(argv[1]);
    in_pieces(argv[1]);
    broken(argv[1]);
    std::printf(failures == 0 ? "gdk-pixbuf: all as expected\n" : "gdk-pixbuf: failures\n");
    return failures == 0 ? 0 : 1;
}
