#include "training/lab/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace nae::training {
namespace {

constexpr double kWidth = 640, kHeight = 360, kLeft = 70, kRight = 150, kTop = 36, kBottom = 48;
// Okabe and Ito 2008: told apart by colour-blind people too.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#e69f00", "#56b4e9", "#000000"};

std::string escaped(const std::string& s) {
    std::string out;
    for (char c : s) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    return out;
}

struct Range {
    double lo = INFINITY, hi = -INFINITY;
    void add(double v) {
        if (std::isfinite(v)) lo = std::min(lo, v), hi = std::max(hi, v);
    }
    void settle() {
        if (!(lo <= hi)) lo = 0, hi = 1;
        if (lo == hi) hi = lo + (lo == 0 ? 1 : std::abs(lo) * 0.1);
    }
};

class Chart {
  public:
    Chart(const std::string& title, const std::string& x_label, const std::string& y_label, Range x, Range y)
        : x_(x), y_(y) {
        x_.settle(), y_.settle();
        out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << kWidth << "\" height=\"" << kHeight
             << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
                "fill=\"white\"/>\n";
        text(kLeft, 20, "start", title);
        text((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", x_label);
        text(8, kTop - 6, "start", y_label);
        grid(x_, true), grid(y_, false);
    }
    double x(double v) const { return kLeft + (v - x_.lo) / (x_.hi - x_.lo) * (kWidth - kLeft - kRight); }
    double y(double v) const {
        return kHeight - kBottom - (v - y_.lo) / (y_.hi - y_.lo) * (kHeight - kTop - kBottom);
    }
    void legend(size_t i, const std::string& name) {
        const double at = kTop + 10 + 18 * double(i);
        out_ << "<rect x=\"" << kWidth - kRight + 12 << "\" y=\"" << at - 9
             << "\" width=\"10\" height=\"10\" fill=\"" << kColours[i % 7] << "\"/>\n";
        text(kWidth - kRight + 28, at, "start", name);
    }
    void text(double px, double py, const char* anchor, const std::string& s) {
        out_ << "<text x=\"" << px << "\" y=\"" << py << "\" text-anchor=\"" << anchor << "\">" << escaped(s)
             << "</text>\n";
    }
    std::ostringstream& out() { return out_; }
    Status write(const std::string& path) {
        out_ << "</svg>\n";
        std::ofstream file(path);
        file << out_.str();
        file.close();
        return file ? Status() : Status(ErrorCode::io, path + ": cannot be written");
    }

  private:
    void grid(const Range& r, bool across) {
        const double rough = (r.hi - r.lo) / 6, base = std::pow(10, std::floor(std::log10(rough)));
        const double step = base * (rough / base < 1.5   ? 1
                                    : rough / base < 3.5 ? 2
                                    : rough / base < 7.5 ? 5
                                                         : 10);
        for (double v = std::ceil(r.lo / step) * step; v <= r.hi + step * 1e-6; v += step) {
            std::ostringstream label;
            label << (std::abs(v) < step * 1e-6 ? 0 : v);
            if (across)
                text(x(v), kHeight - kBottom + 16, "middle", label.str());
            else
                text(kLeft - 6, y(v) + 4, "end", label.str());
            out_ << "<path stroke=\"#ddd\" d=\"M" << (across ? x(v) : kLeft) << ' ' << (across ? kTop : y(v))
                 << 'L' << (across ? x(v) : kWidth - kRight) << ' ' << (across ? kHeight - kBottom : y(v))
                 << "\"/>\n";
        }
    }
    Range x_, y_;
    std::ostringstream out_;
};

}  // namespace

Status write_line_chart(const std::string& title, const std::string& x_label, const std::string& y_label,
                        const std::vector<Series>& series, const std::string& path) {
    Range xs, ys;
    for (const Series& s : series) {
        for (double v : s.x) xs.add(v);
        for (double v : s.y) ys.add(v);
    }
    Chart chart(title, x_label, y_label, xs, ys);
    for (size_t i = 0; i < series.size(); ++i) {
        std::ostringstream line;
        for (size_t k = 0; k < series[i].x.size(); ++k) {
            if (!std::isfinite(series[i].x[k]) || !std::isfinite(series[i].y[k])) continue;
            const double px = chart.x(series[i].x[k]), py = chart.y(series[i].y[k]);
            line << px << ',' << py << ' ';
            chart.out() << "<circle cx=\"" << px << "\" cy=\"" << py << "\" r=\"2.5\" fill=\""
                        << kColours[i % 7] << "\"/>\n";
        }
        chart.out() << "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"" << kColours[i % 7]
                    << "\" points=\"" << line.str() << "\"/>\n";
        chart.legend(i, series[i].name);
    }
    return chart.write(path);
}

Status write_histograms(const std::string& title, const std::string& x_label,
                        const std::vector<Series>& series, int bins, const std::string& path) {
    Range xs, ys;
    for (const Series& s : series)
        for (double v : s.y) xs.add(v);
    xs.settle();
    ys.add(0);
    std::vector<std::vector<double>> shares;
    for (const Series& s : series) {
        std::vector<double> share(static_cast<size_t>(bins));
        for (double v : s.y) {
            if (!std::isfinite(v)) continue;
            const int bin = std::min(bins - 1, int((v - xs.lo) / (xs.hi - xs.lo) * bins));
            share[size_t(bin)] += 1.0 / double(s.y.size());
        }
        for (double v : share) ys.add(v);
        shares.push_back(share);
    }
    Chart chart(title, x_label, "share", xs, ys);
    const double width = (xs.hi - xs.lo) / bins,
                 bar = 0.9 * width / double(std::max<size_t>(1, series.size()));
    for (size_t i = 0; i < series.size(); ++i) {
        for (int b = 0; b < bins; ++b) {
            const double from = xs.lo + b * width + bar * double(i), top = shares[i][size_t(b)];
            if (top <= 0) continue;
            chart.out() << "<rect x=\"" << chart.x(from) << "\" y=\"" << chart.y(top) << "\" width=\""
                        << chart.x(from + bar) - chart.x(from) << "\" height=\"" << chart.y(0) - chart.y(top)
                        << "\" fill=\"" << kColours[i % 7] << "\"/>\n";
        }
        chart.legend(i, series[i].name);
    }
    return chart.write(path);
}

}  // namespace nae::training
