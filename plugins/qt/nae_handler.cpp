#include "plugins/qt/nae_handler.h"

#include <QColorSpace>
#include <QDebug>
#include <QVariant>
#include <QtGlobal>
#include <algorithm>
#include <cstring>
#include <exception>

namespace {

using nae::api::check;
using nae::api::make;

constexpr uint64_t kMaxPixels = uint64_t{1} << 29;  // a QImage of four bytes a pixel stays below 2 GiB
constexpr int kSignatureBytes = 8;
constexpr uint32_t kPreviewSide = 128;  // at most

// Bytes straight from a device that can be sought in. nae.h calls one at a time.
int read_device(void* user, uint64_t offset, void* to, size_t n) {
    auto* device = static_cast<QIODevice*>(user);
    if (!device->seek(static_cast<qint64>(offset))) return 0;
    return device->read(static_cast<char*>(to), static_cast<qint64>(n)) == static_cast<qint64>(n) ? 1 : 0;
}

int write_device(void* user, const void* bytes, size_t n) {
    auto* device = static_cast<QIODevice*>(user);
    return device->write(static_cast<const char*>(bytes), static_cast<qint64>(n)) == static_cast<qint64>(n)
               ? 1
               : 0;
}

QImageIOHandler::Transformations transformation_of(int orientation) {
    // EXIF's order; Qt's names.
    static const QImageIOHandler::Transformation table[] = {QImageIOHandler::TransformationNone,
                                                            QImageIOHandler::TransformationMirror,
                                                            QImageIOHandler::TransformationRotate180,
                                                            QImageIOHandler::TransformationFlip,
                                                            QImageIOHandler::TransformationFlipAndRotate90,
                                                            QImageIOHandler::TransformationRotate90,
                                                            QImageIOHandler::TransformationMirrorAndRotate90,
                                                            QImageIOHandler::TransformationRotate270};
    return table[std::clamp(orientation, 1, 8) - 1];
}

QImage preview_image(const nae_preview& preview) {
    const auto width = static_cast<int>(preview.width), height = static_cast<int>(preview.height);
    const bool gray = preview.layout == NAE_GRAY;
    return QImage(preview.pixels, width, height, width * (gray ? 1 : 3),
                  gray ? QImage::Format_Grayscale8 : QImage::Format_RGB888)
        .copy();
}

bool has_alpha(const nae_info& info) { return info.layout == NAE_RGBA || info.layout == NAE_GRAY_ALPHA; }

bool is_wide(QImage::Format format) {
    return format == QImage::Format_Grayscale16 || format == QImage::Format_RGBX64 ||
           format == QImage::Format_RGBA64 || format == QImage::Format_RGBA64_Premultiplied;
}

// Rows of a QImage of four samples a pixel, without the fourth.
int read_rgb64_rows(void* user, uint32_t y, uint32_t count, void* rows) {
    const auto& image = *static_cast<const QImage*>(user);
    auto* to = static_cast<uint16_t*>(rows);
    for (uint32_t i = 0; i < count; ++i) {
        const auto* from = reinterpret_cast<const uint16_t*>(image.constScanLine(static_cast<int>(y + i)));
        for (int x = 0; x < image.width(); ++x, from += 4, to += 3) std::copy_n(from, 3, to);
    }
    return 1;
}

}  // namespace

bool NaeHandler::can_read(QIODevice* device) {
    if (device == nullptr) return false;
    char start[kSignatureBytes];
    const qint64 n = device->peek(start, kSignatureBytes);
    return n == kSignatureBytes && nae_has_signature(start, kSignatureBytes) != 0;
}

bool NaeHandler::canRead() const {
    if (done_ || failed_ || (decoder_ == nullptr && !can_read(device()))) return false;
    setFormat("nae");
    return true;
}

bool NaeHandler::open() const {
    if (decoder_ != nullptr) return true;
    if (failed_ || device() == nullptr) return false;
    auto options = make<nae_decoder_options>();
    options.max_pixels = kMaxPixels;
    try {
        // From the device itself only when the picture is all it holds: libnae counts from its start.
        if (!device()->isSequential() && device()->pos() == 0) {
            auto source = make<nae_source>();
            source.size = static_cast<uint64_t>(device()->size());
            source.read = read_device;
            source.user = device();
            source.name = "image";
            decoder_ = std::make_unique<nae::api::Decoder>(nae::api::Decoder::open(source, &options));
        } else {
            bytes_ = device()->readAll();
            decoder_ = std::make_unique<nae::api::Decoder>(
                nae::api::Decoder::open(bytes_.constData(), static_cast<size_t>(bytes_.size()), &options));
        }
        return true;
    } catch (const std::exception& error) {
        qWarning("NAE: %s", error.what());
        failed_ = true;
        return false;
    }
}

QImage::Format NaeHandler::image_format() const {
    const nae_info info = decoder_->info();
    const bool wide = info.sample_type != NAE_UINT8;
    switch (info.layout) {
        case NAE_GRAY:
            return wide ? QImage::Format_Grayscale16 : QImage::Format_Grayscale8;
        case NAE_RGBA:
        case NAE_GRAY_ALPHA:
            return wide ? QImage::Format_RGBA64 : QImage::Format_RGBA8888;
        default:
            return wide ? QImage::Format_RGBX64 : QImage::Format_RGB888;
    }
}

QImage NaeHandler::read_pixels(const QRect& part, uint32_t level) const {
    const QImage::Format format = image_format();
    QImage image(part.size(), format);
    if (image.isNull()) {
        qWarning("NAE: no memory for %d x %d pixels", part.width(), part.height());
        return image;
    }
    auto window = make<nae_window>();
    window.level = level;
    window.x = static_cast<uint32_t>(part.x());
    window.y = static_cast<uint32_t>(part.y());
    window.width = static_cast<uint32_t>(part.width());
    window.height = static_cast<uint32_t>(part.height());
    auto buffer = make<nae_buffer>();
    const bool wide = is_wide(format);
    const bool gray = format == QImage::Format_Grayscale8 || format == QImage::Format_Grayscale16;
    buffer.sample_type = wide ? NAE_UINT16 : NAE_UINT8;
    buffer.layout = gray ? NAE_GRAY : format == QImage::Format_RGB888 ? NAE_RGB : NAE_RGBA;
    buffer.data = image.bits();
    buffer.size = static_cast<size_t>(image.sizeInBytes());
    buffer.row_stride = static_cast<size_t>(image.bytesPerLine());
    if (nae_read(decoder_->get(), &window, &buffer, nullptr, nullptr) != NAE_OK) {
        qWarning("NAE: %s", nae_last_error());
        return QImage();
    }
    return image;
}

bool NaeHandler::read(QImage* image) {
    if (done_ || !open()) return false;
    try {
        const nae_info info = decoder_->info();
        const QRect whole(0, 0, static_cast<int>(info.width), static_cast<int>(info.height));
        const QRect part = clip_rect_.isNull() ? whole : clip_rect_.intersected(whole);
        if (part.isEmpty()) {
            qWarning("NAE: the clip rectangle is outside the picture");
            return false;
        }
        const bool smaller = part == whole && scaled_size_.isValid();
        const auto width = static_cast<uint32_t>(std::max(scaled_size_.width(), 0));
        const auto height = static_cast<uint32_t>(std::max(scaled_size_.height(), 0));
        auto preview = make<nae_preview>();
        // A preview has no alpha, and where it is damaged the pixels may still be whole.
        const bool preview_will_do =
            smaller && !has_alpha(info) && width <= kPreviewSide && height <= kPreviewSide &&
            nae_get_preview(decoder_->get(), &preview) == NAE_OK && preview.pixels != nullptr &&
            width <= preview.width && height <= preview.height;
        const uint32_t level = smaller ? nae::api::level_for(info, width, height) : 0;
        const QRect in_level(
            part.x(), part.y(),
            level > 0 ? static_cast<int>(nae::api::level_side(info.width, level)) : part.width(),
            level > 0 ? static_cast<int>(nae::api::level_side(info.height, level)) : part.height());
        QImage result = preview_will_do ? preview_image(preview) : read_pixels(in_level, level);
        if (result.isNull()) return false;
        if (scaled_size_.isValid() && result.size() != scaled_size_) {
            result = result.scaled(scaled_size_, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
            if (result.isNull()) return false;
        }
        const std::string icc = decoder_->metadata("NAE", "ICC");
        if (!icc.empty())
            result.setColorSpace(
                QColorSpace::fromIccProfile(QByteArray(icc.data(), static_cast<int>(icc.size()))));
        *image = result;
    } catch (const std::exception& error) {
        qWarning("NAE: %s", error.what());
        return false;
    }
    done_ = true;
    if (!device()->isSequential()) device()->seek(device()->size());
    return true;
}

bool NaeHandler::write(const QImage& image) {
    if (image.isNull() || device() == nullptr) return false;
    const bool alpha = image.hasAlphaChannel();
    const bool wide = is_wide(image.format());
    const bool gray = !alpha && (image.format() == QImage::Format_Grayscale8 ||
                                 image.format() == QImage::Format_Grayscale16 || image.isGrayscale());
    const QImage::Format narrow_format = gray    ? QImage::Format_Grayscale8
                                         : alpha ? QImage::Format_RGBA8888
                                                 : QImage::Format_RGB888;
    const QImage::Format wide_format = gray    ? QImage::Format_Grayscale16
                                       : alpha ? QImage::Format_RGBA64
                                               : QImage::Format_RGBX64;
    QImage pixels = image.convertToFormat(wide ? wide_format : narrow_format);
    if (pixels.isNull()) return false;
    const QByteArray icc = image.colorSpace().iccProfile();
    const nae_metadata_item profile{"NAE", "ICC", icc.constData(), static_cast<size_t>(icc.size())};
    auto picture = make<nae_picture>();
    picture.width = static_cast<uint32_t>(pixels.width());
    picture.height = static_cast<uint32_t>(pixels.height());
    picture.sample_type = wide ? NAE_UINT16 : NAE_UINT8;
    picture.layout = gray ? NAE_GRAY : alpha ? NAE_RGBA : NAE_RGB;
    if (pixels.format() == QImage::Format_RGBX64) {
        picture.read_rows = read_rgb64_rows;
        picture.user = &pixels;
    } else {
        picture.pixels = pixels.constBits();
        picture.row_stride = static_cast<size_t>(pixels.bytesPerLine());
    }
    picture.metadata = &profile;
    picture.metadata_count = icc.isEmpty() ? 0 : 1;
    auto options = make<nae_encoder_options>();
    if (quality_ >= 0) options.quality = std::clamp(quality_, 1, 100);
    auto sink = make<nae_sink>();
    sink.write = write_device;
    sink.user = device();
    if (nae_encode(&picture, &options, &sink) == NAE_OK) return true;
    qWarning("NAE: %s", nae_last_error());
    return false;
}

QVariant NaeHandler::option(ImageOption option) const {
    if (option == Quality) return quality_;
    if (option == ClipRect) return clip_rect_;
    if (option == ScaledSize) return scaled_size_;
    if (!supportsOption(option) || !open()) return QVariant();
    const nae_info info = decoder_->info();
    switch (option) {
        case Size:
            return QSize(static_cast<int>(info.width), static_cast<int>(info.height));
        case ImageFormat:
            return image_format();
        case ImageTransformation:
            return int(transformation_of(info.orientation));
        default:
            return QVariant();
    }
}

void NaeHandler::setOption(ImageOption option, const QVariant& value) {
    if (option == Quality) quality_ = value.toInt();
    if (option == ClipRect) clip_rect_ = value.toRect();
    if (option == ScaledSize) scaled_size_ = value.toSize();
}

bool NaeHandler::supportsOption(ImageOption option) const {
    switch (option) {
        case Size:
        case ClipRect:
        case ScaledSize:
        case Quality:
        case ImageFormat:
        case ImageTransformation:
            return true;
        default:
            return false;
    }
}

QImageIOPlugin::Capabilities NaePlugin::capabilities(QIODevice* device, const QByteArray& format) const {
    if (format == "nae") return Capabilities(CanRead | CanWrite);
    if (!format.isEmpty() || device == nullptr || !device->isOpen()) return {};
    Capabilities found;
    if (device->isReadable() && NaeHandler::can_read(device)) found |= CanRead;
    return found;
}

QImageIOHandler* NaePlugin::create(QIODevice* device, const QByteArray& format) const {
    auto* handler = new NaeHandler;
    handler->setDevice(device);
    handler->setFormat(format);
    return handler;
}
