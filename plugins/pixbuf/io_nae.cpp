// gdk-pixbuf loader: .nae in Eye of GNOME, GTK's file chooser, and every other program that loads through
// gdk-pixbuf. Reading only. Sees nae.h and gdk-pixbuf.
#define GDK_PIXBUF_ENABLE_BACKEND
#include <gdk-pixbuf/gdk-pixbuf.h>
#undef GDK_PIXBUF_ENABLE_BACKEND

#include <exception>
#include <memory>
#include <nae/nae.hpp>
#include <new>
#include <string>
#include <vector>

namespace {

using nae::api::check;
using nae::api::make;

// A pixbuf's size is an int in each direction, and its bytes go through code that counts in int elsewhere.
constexpr uint64_t kMaxPixels = uint64_t{1} << 29;
constexpr int kPreviewSide = 128;  // at most

struct Unref {
    void operator()(GdkPixbuf* pixbuf) const { g_object_unref(pixbuf); }
};
using PixbufPtr = std::unique_ptr<GdkPixbuf, Unref>;

// One load: bytes are collected, since a file is opened from its end too.
struct Load {
    GdkPixbufModuleSizeFunc size;
    GdkPixbufModulePreparedFunc prepared;
    GdkPixbufModuleUpdatedFunc updated;
    gpointer user;
    std::vector<uint8_t> bytes;
};

gboolean fail(GError** error, GdkPixbufError code, const char* message) {
    g_set_error(error, GDK_PIXBUF_ERROR, code, "NAE: %s", message);
    return FALSE;
}

GdkPixbufError code_of(nae_result result) {
    switch (result) {
        case NAE_ERROR_NOT_NAE:
            return GDK_PIXBUF_ERROR_UNKNOWN_TYPE;
        case NAE_ERROR_TRUNCATED:
        case NAE_ERROR_CORRUPT:
            return GDK_PIXBUF_ERROR_CORRUPT_IMAGE;
        case NAE_ERROR_LIMIT_EXCEEDED:
            return GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY;
        case NAE_ERROR_UNSUPPORTED:
            return GDK_PIXBUF_ERROR_UNSUPPORTED_OPERATION;
        default:
            return GDK_PIXBUF_ERROR_FAILED;
    }
}

// Options as gdk-pixbuf's own loaders set them.
void set_options(GdkPixbuf* pixbuf, const nae::api::Decoder& decoder, int orientation) {
    if (orientation != 1) gdk_pixbuf_set_option(pixbuf, "orientation", std::to_string(orientation).c_str());
    const std::string icc = decoder.metadata("NAE", "ICC");
    if (!icc.empty()) {
        gchar* text = g_base64_encode(reinterpret_cast<const guchar*>(icc.data()), icc.size());
        gdk_pixbuf_set_option(pixbuf, "icc-profile", text);
        g_free(text);
    }
}

PixbufPtr new_pixbuf(bool alpha, int width, int height) {
    PixbufPtr pixbuf(gdk_pixbuf_new(GDK_COLORSPACE_RGB, alpha ? TRUE : FALSE, 8, width, height));
    if (!pixbuf) throw std::bad_alloc();
    return pixbuf;
}

PixbufPtr scaled(PixbufPtr pixbuf, int width, int height) {
    if (gdk_pixbuf_get_width(pixbuf.get()) == width && gdk_pixbuf_get_height(pixbuf.get()) == height)
        return pixbuf;
    PixbufPtr result(gdk_pixbuf_scale_simple(pixbuf.get(), width, height, GDK_INTERP_BILINEAR));
    if (!result) throw std::bad_alloc();
    return result;
}

PixbufPtr load_preview(const nae_preview& preview) {
    const auto width = static_cast<int>(preview.width), height = static_cast<int>(preview.height);
    PixbufPtr pixbuf = new_pixbuf(false, width, height);
    guchar* out = gdk_pixbuf_get_pixels(pixbuf.get());
    const int stride = gdk_pixbuf_get_rowstride(pixbuf.get());
    const uint8_t* from = preview.pixels;
    const bool gray = preview.layout == NAE_GRAY;
    for (int y = 0; y < height; ++y) {
        guchar* to = out + static_cast<gsize>(y) * static_cast<gsize>(stride);
        for (int i = 0; i < 3 * width; ++i) *to++ = from[gray ? i / 3 : i];
        from += (gray ? 1 : 3) * width;
    }
    return pixbuf;
}

bool has_alpha(const nae_info& info) { return info.layout == NAE_RGBA || info.layout == NAE_GRAY_ALPHA; }

// The picture, or the overview that is enough for width x height.
PixbufPtr load_pixels(const nae::api::Decoder& decoder, const nae_info& info, int width, int height) {
    const bool alpha = has_alpha(info);
    auto window = make<nae_window>();
    window.level = nae::api::level_for(info, static_cast<uint32_t>(width), static_cast<uint32_t>(height));
    window.width = nae::api::level_side(info.width, window.level);
    window.height = nae::api::level_side(info.height, window.level);
    PixbufPtr pixbuf = new_pixbuf(alpha, static_cast<int>(window.width), static_cast<int>(window.height));
    auto buffer = make<nae_buffer>();
    buffer.sample_type = NAE_UINT8;
    buffer.layout = alpha ? NAE_RGBA : NAE_RGB;
    buffer.data = gdk_pixbuf_get_pixels(pixbuf.get());
    buffer.size = gdk_pixbuf_get_byte_length(pixbuf.get());
    buffer.row_stride = static_cast<size_t>(gdk_pixbuf_get_rowstride(pixbuf.get()));
    check(nae_read(decoder.get(), &window, &buffer, nullptr, nullptr));
    return pixbuf;
}

void finish(const Load& load) {
    auto options = make<nae_decoder_options>();
    options.max_pixels = kMaxPixels;
    const auto decoder = nae::api::Decoder::open(load.bytes.data(), load.bytes.size(), &options);
    const nae_info info = decoder.info();
    // The program may ask for another size, or with 0 for no pixels at all.
    int width = static_cast<int>(info.width), height = static_cast<int>(info.height);
    load.size(&width, &height, load.user);
    if (width <= 0 || height <= 0) return;
    auto preview = make<nae_preview>();
    // A preview has no alpha, and where it is damaged the pixels may still be whole.
    const bool preview_will_do = !has_alpha(info) && width <= kPreviewSide && height <= kPreviewSide &&
                                 nae_get_preview(decoder.get(), &preview) == NAE_OK &&
                                 preview.pixels != nullptr && width <= static_cast<int>(preview.width) &&
                                 height <= static_cast<int>(preview.height);
    PixbufPtr pixbuf = scaled(
        preview_will_do ? load_preview(preview) : load_pixels(decoder, info, width, height), width, height);
    set_options(pixbuf.get(), decoder, info.orientation);
    load.prepared(pixbuf.get(), nullptr, load.user);
    load.updated(pixbuf.get(), 0, 0, width, height, load.user);
}

// Runs f and turns what it throws into a GError: nothing else may reach C.
template <class F>
gboolean guarded(GError** error, F&& f) {
    try {
        f();
        return TRUE;
    } catch (const nae::api::Error& e) {
        return fail(error, code_of(e.code()), e.what());
    } catch (const std::bad_alloc&) {
        return fail(error, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "out of memory");
    } catch (const std::exception& e) {
        return fail(error, GDK_PIXBUF_ERROR_FAILED, e.what());
    }
}

gpointer begin_load(GdkPixbufModuleSizeFunc size, GdkPixbufModulePreparedFunc prepared,
                    GdkPixbufModuleUpdatedFunc updated, gpointer user, GError** error) {
    auto* load = new (std::nothrow) Load{size, prepared, updated, user, {}};
    if (load == nullptr) fail(error, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "out of memory");
    return load;
}

gboolean load_increment(gpointer context, const guchar* bytes, guint size, GError** error) {
    auto* load = static_cast<Load*>(context);
    return guarded(error, [&] { load->bytes.insert(load->bytes.end(), bytes, bytes + size); });
}

gboolean stop_load(gpointer context, GError** error) {
    const std::unique_ptr<Load> load(static_cast<Load*>(context));
    return guarded(error, [&] { finish(*load); });
}

}  // namespace

extern "C" {

G_MODULE_EXPORT void fill_vtable(GdkPixbufModule* module) {
    module->begin_load = begin_load;
    module->load_increment = load_increment;
    module->stop_load = stop_load;
}

G_MODULE_EXPORT void fill_info(GdkPixbufFormat* info) {
    static GdkPixbufModulePattern signature[] = {
        {const_cast<char*>("\x8eNAE\r\n\x1a\n"), const_cast<char*>("        "), 100}, {nullptr, nullptr, 0}};
    static gchar* mime_types[] = {const_cast<gchar*>("image/x-nae"), nullptr};
    static gchar* extensions[] = {const_cast<gchar*>("nae"), nullptr};
    info->name = const_cast<gchar*>("nae");
    info->signature = signature;
    info->description = const_cast<gchar*>("NAE learned image codec");
    info->mime_types = mime_types;
    info->extensions = extensions;
    info->flags = GDK_PIXBUF_FORMAT_THREADSAFE;
    info->license = const_cast<gchar*>("Apache-2.0");
}

}  // extern "C"
