// qt_open PICTURE [REPEAT]: opens a picture as a Qt viewer does, and says how long that took (median) and how much
// memory the process has needed at most. For docs/desktop.md; no test.
#include <sys/resource.h>

#include <QElapsedTimer>
#include <QGuiApplication>
#include <QImageReader>
#include <algorithm>
#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QGuiApplication app(argc, argv);
    if (argc < 2) return 2;
    std::vector<double> times;
    for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); ++i) {
        QElapsedTimer timer;
        timer.start();
        QImageReader reader(QString::fromLocal8Bit(argv[1]));
        const QImage image = reader.read();
        if (image.isNull()) return std::fprintf(stderr, "%s\n", qPrintable(reader.errorString())), 1;
        times.push_back(static_cast<double>(timer.nsecsElapsed()) * 1e-6);
    }
    std::sort(times.begin(), times.end());
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%s: %.0f ms, %.0f MB\n", argv[1], times[times.size() / 2],
                static_cast<double>(usage.ru_maxrss) / 1024);
    return 0;
}
