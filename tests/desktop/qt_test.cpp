// qt_test FOLDER: reads and writes the pictures of make_pictures through QImageReader and QImageWriter. The plugin is
// found through QT_PLUGIN_PATH. Built for Qt 5 and for Qt 6.
#include <QBuffer>
#include <QColorSpace>
#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QImage>
#include <QImageReader>
#include <QImageWriter>
#include <cstdio>
#include <cstdlib>

namespace {

int failures = 0;
QString last_warning;

void expect(bool good, const QString& what) {
    if (good) return;
    std::printf("FAILED: %s\n", qPrintable(what));
    ++failures;
}

void keep_warning(QtMsgType, const QMessageLogContext&, const QString& text) { last_warning = text; }

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// A device that cannot be sought in, as a pipe.
class Pipe : public QIODevice {
  public:
    explicit Pipe(QByteArray bytes) : bytes_(std::move(bytes)) { open(QIODevice::ReadOnly); }
    bool isSequential() const override { return true; }
    qint64 bytesAvailable() const override { return bytes_.size() - position_ + QIODevice::bytesAvailable(); }

  protected:
    qint64 readData(char* to, qint64 n) override {
        n = qMin<qint64>(n, bytes_.size() - position_);
        std::copy_n(bytes_.constData() + position_, n, to);
        position_ += n;
        return n;
    }
    qint64 writeData(const char*, qint64) override { return -1; }

  private:
    QByteArray bytes_;
    qint64 position_ = 0;
};

void reading(const QString& folder) {
    expect(QImageReader::supportedImageFormats().contains("nae"), "the format is not listed");
    expect(QImageReader::supportedMimeTypes().contains("image/x-nae"), "the MIME type is not listed");
    expect(QImageWriter::supportedImageFormats().contains("nae"), "the format cannot be written");

    QImageReader reader(folder + "/colour.nae");
    expect(reader.canRead() && reader.format() == "nae", "canRead");
    expect(reader.size() == QSize(300, 200), "size before decoding");
    expect(reader.imageFormat() == QImage::Format_RGB888, "format before decoding");
    const QImage whole = reader.read();
    expect(whole.size() == QSize(300, 200), "whole picture: " + reader.errorString());
    expect(qRed(whole.pixel(3, 3)) > 180 && qRed(whole.pixel(297, 197)) < 90, "the bright corner");
    expect(!reader.canRead(), "there is one picture in the file");

    // Looking does not consume.
    QBuffer buffer;
    buffer.setData(contents(folder + "/colour.nae"));
    buffer.open(QIODevice::ReadOnly);
    expect(QImageReader::imageFormat(&buffer) == "nae" && buffer.pos() == 0,
           "imageFormat() moves the device");
    expect(QImageReader(&buffer).read() == whole, "from memory");
    Pipe pipe(contents(folder + "/colour.nae"));
    expect(QImageReader(&pipe, "nae").read() == whole, "from a pipe");

    QImageReader window(folder + "/colour.nae");
    window.setClipRect(QRect(120, 70, 61, 47));
    expect(window.read() == whole.copy(120, 70, 61, 47), "clip rectangle");
    QImageReader outside(folder + "/colour.nae");
    outside.setClipRect(QRect(400, 400, 10, 10));
    expect(outside.read().isNull(), "clip rectangle outside the picture");
    for (const char* name : {"/colour.nae", "/preview.nae", "/damaged-preview.nae"}) {
        for (const int width : {60, 120, 240}) {
            QImageReader small(folder + name);
            small.setScaledSize(QSize(width, width * 2 / 3));
            const QImage image = small.read();
            expect(image.size() == QSize(width, width * 2 / 3) && qRed(image.pixel(2, 2)) > 180, "scaled");
        }
    }
    QImageReader overviews(folder + "/overviews.nae");
    overviews.setScaledSize(QSize(140, 93));
    expect(qRed(overviews.read().pixel(2, 2)) > 180, "overviews.nae small: not from an overview");
    expect(QImage(folder + "/overviews.nae").isNull(), "overviews.nae whole: damage unnoticed");

    const QImage gray(folder + "/gray.nae");
    expect(gray.format() == QImage::Format_Grayscale8 && gray.size() == QSize(90, 130), "gray");

    QImageReader turned(folder + "/turned.nae");
    expect(turned.transformation() == QImageIOHandler::TransformationRotate90, "transformation");
    turned.setAutoTransform(true);
    const QImage upright = turned.read();
    expect(upright.size() == QSize(200, 300) && qRed(upright.pixel(190, 3)) > 180, "auto transform");
}

// 16 bits stay 16 bits, and alpha is exact.
void deep_and_transparent(const QString& folder) {
    const QImage deep(folder + "/deep.nae");
    expect(deep.format() == QImage::Format_RGBX64, "deep.nae: format");
    expect(std::abs(deep.pixelColor(70, 50).rgba64().red() - (230 * 257 + 3)) < 12 * 257, "deep.nae: red");
    expect(deep.pixelColor(70, 50).rgba64().red() % 257 != 0 ||
               deep.pixelColor(71, 50).rgba64().red() % 257 != 0 ||
               deep.pixelColor(200, 150).rgba64().red() % 257 != 0,
           "deep.nae: 8 bits only");
    expect(QImage(folder + "/deep-gray.nae").format() == QImage::Format_Grayscale16, "deep-gray.nae: format");
    const QImage transparent(folder + "/deep-alpha.nae");
    expect(transparent.format() == QImage::Format_RGBA64, "deep-alpha.nae: format");
    expect(transparent.pixelColor(9, 9).rgba64().alpha() == 0xffff &&
               transparent.pixelColor(9, 190).rgba64().alpha() == 0x5555,
           "deep-alpha.nae: alpha");
    const QImage alpha(folder + "/alpha.nae");
    expect(alpha.format() == QImage::Format_RGBA8888 && qAlpha(alpha.pixel(9, 9)) == 110, "alpha.nae: alpha");
    QImageReader small(folder + "/alpha.nae");
    small.setScaledSize(QSize(90, 60));
    expect(qAlpha(small.read().pixel(9, 9)) == 110, "alpha.nae small: alpha");

    // Written and read again: the same kind of picture, alpha as it was.
    for (const QImage& image : {deep, transparent, alpha, QImage(folder + "/deep-gray.nae")}) {
        QBuffer buffer;
        buffer.open(QIODevice::ReadWrite);
        QImageWriter writer(&buffer, "nae");
        writer.setQuality(90);
        expect(writer.write(image), "writing: " + writer.errorString() + last_warning);
        buffer.seek(0);
        const QImage back = QImageReader(&buffer).read();
        expect(back.format() == image.format() && back.size() == image.size(),
               "written: another kind of picture");
        if (back.isNull()) continue;
        for (const QPoint& at : {QPoint(9, 9), QPoint(9, 190), QPoint(290, 190)}) {
            const QRgba64 before = image.pixelColor(at).rgba64(), after = back.pixelColor(at).rgba64();
            expect(before.alpha() == after.alpha(), "written: alpha");
            expect(std::abs(before.red() - after.red()) < 12 * 257, "written: red");
        }
    }
}

void writing(const QString& folder) {
    QImage colour(folder + "/colour.nae");
    colour.setColorSpace(QColorSpace::SRgb);
    qint64 sizes[2] = {};
    int i = 0;
    for (const int quality : {20, 95}) {
        QBuffer buffer;
        buffer.open(QIODevice::ReadWrite);
        QImageWriter writer(&buffer, "nae");
        writer.setQuality(quality);
        expect(writer.write(colour), "writing: " + writer.errorString() + last_warning);
        sizes[i++] = buffer.size();
        buffer.seek(0);
        QImageReader reader(&buffer);
        const QImage back = reader.read();
        expect(back.size() == colour.size(), "written picture: " + reader.errorString());
        expect(back.colorSpace() == QColorSpace(QColorSpace::SRgb), "colour space");
    }
    expect(sizes[0] < sizes[1], "quality makes no difference");
}

void broken(const QString& folder) {
    const QStringList names = QDir(folder).entryList({"broken-*"});
    expect(names.size() == 10, "broken files tried");
    for (const QString& name : names) {
        last_warning.clear();
        QImageReader reader(folder + "/" + name);
        reader.setDecideFormatFromContent(false);
        const QImage image = reader.read();
        expect(image.isNull() && reader.error() != QImageReader::UnknownError, name + " is not refused");
        std::printf("%-30s %s | %s\n", qPrintable(name), qPrintable(reader.errorString()),
                    qPrintable(last_warning));
    }
}

}  // namespace

int main(int argc, char** argv) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QGuiApplication app(argc, argv);
    if (argc != 2) return 2;
    const QString folder = QString::fromLocal8Bit(argv[1]);
    qInstallMessageHandler(keep_warning);
    reading(folder);
    deep_and_transparent(folder);
    writing(folder);
    broken(folder);
    std::printf("Qt %s: %s\n", qVersion(), failures == 0 ? "all as expected" : "failures");
    return failures == 0 ? 0 : 1;
}
