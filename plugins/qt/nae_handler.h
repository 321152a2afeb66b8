// Qt image-format plugin: .nae in Gwenview, nomacs and every other program that reads through QImageReader.
#ifndef NAE_PLUGINS_QT_NAE_HANDLER_H_
#define NAE_PLUGINS_QT_NAE_HANDLER_H_

#include <QByteArray>
#include <QImage>
#include <QImageIOHandler>
#include <QImageIOPlugin>
#include <QRect>
#include <QSize>
#include <memory>
#include <nae/nae.hpp>

class NaeHandler : public QImageIOHandler {
  public:
    // Looks at the first bytes without consuming them.
    static bool can_read(QIODevice* device);

    bool canRead() const override;
    bool read(QImage* image) override;
    // 8-bit gray or RGB, whichever holds the image; alpha is left out.
    bool write(const QImage& image) override;
    QVariant option(ImageOption option) const override;
    void setOption(ImageOption option, const QVariant& value) override;
    bool supportsOption(ImageOption option) const override;

  private:
    // Opens the picture behind the device, once. False, with a warning, when that fails.
    bool open() const;
    // The pixels of `part` of the picture; null after an error.
    QImage read_pixels(const QRect& part, uint32_t level) const;
    QImage::Format image_format() const;

    mutable std::unique_ptr<nae::api::Decoder> decoder_;
    mutable QByteArray bytes_;  // of a device that cannot be sought in
    mutable bool failed_ = false;
    bool done_ = false;  // the one picture of the file has been read
    QRect clip_rect_;
    QSize scaled_size_;
    int quality_ = -1;
};

class NaePlugin : public QImageIOPlugin {
    Q_OBJECT
    Q_PLUGIN_METADATA(IID "org.qt-project.Qt.QImageIOHandlerFactoryInterface" FILE "nae.json")

  public:
    Capabilities capabilities(QIODevice* device, const QByteArray& format) const override;
    QImageIOHandler* create(QIODevice* device, const QByteArray& format) const override;
};

#endif  // NAE_PLUGINS_QT_NAE_HANDLER_H_
