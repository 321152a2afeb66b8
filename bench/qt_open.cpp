// qt_open PICTURE: opens a picture as a Qt viewer does, and prints milliseconds by the clock, milliseconds of processor
// and the most memory in MB that the process has needed. For bench/desktop.py.
#include <QElapsedTimer>
#include <QGuiApplication>
#include <QImageReader>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

// The process's own peak: getrusage() would begin with that of the process it was forked from.
static double peak_megabytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double kilobytes = 0;
        if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
    }
    return 0;
}

int main(int argc, char** argv) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QGuiApplication app(argc, argv);
    if (argc < 2) return 2;
    const std::clock_t before = std::clock();
    QElapsedTimer timer;
    timer.start();
    QImageReader reader(QString::fromLocal8Bit(argv[1]));
    const QImage image = reader.read();
    const double elapsed = static_cast<double>(timer.nsecsElapsed()) * 1e-6;
    const double busy = static_cast<double>(std::clock() - before) * 1e3 / CLOCKS_PER_SEC;
    if (image.isNull()) return std::fprintf(stderr, "%s\n", qPrintable(reader.errorString())), 1;
    std::printf("%.1f %.1f %.0f\n", elapsed, busy, peak_megabytes());
    return 0;
}
