// nae compare: how far two pictures are apart, band by band.
#include <cpl_json.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "tools/nae/commands.h"
#include "tools/nae/console.h"
#include "tools/nae/gdal_files.h"
#include "viewer/core/error_map.h"
#include "viewer/core/ms_ssim.h"
#include "viewer/core/picture.h"
#include "viewer/core/psnr.h"
#include "viewer/core/ssim.h"

namespace nae::tool {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Row {
    std::string band;
    double psnr = kNone;  // infinity for equal pictures
    double ssim = kNone;  // NaN where the picture is smaller than the metric's window
    double ms_ssim = kNone;
};

double value_or_none(const Result<double>& result) { return result.ok() ? result.value() : kNone; }

Picture band_of(const Picture& picture, int band) {
    Picture out(picture.width, picture.height, 1);
    for (size_t i = 0; i < out.samples.size(); ++i)
        out.samples[i] = picture.samples[i * static_cast<size_t>(picture.bands) + static_cast<size_t>(band)];
    return out;
}

Row measure(const std::string& name, const Picture& a, const Picture& b) {
    return {name, value_or_none(psnr(a, b)), value_or_none(ssim(a, b)), value_or_none(ms_ssim(a, b))};
}

std::vector<Row> measure_all(const Picture& a, const Picture& b) {
    std::vector<Row> rows;
    if (a.bands == 1) return {measure("gray", a, b)};
    for (int band = 0; band < 3; ++band) {
        const char* const names[] = {"red", "green", "blue"};
        rows.push_back(measure(names[band], band_of(a, band), band_of(b, band)));
    }
    rows.push_back(measure("all", a, b));
    return rows;
}

// Empty for what cannot be measured.
std::string number(double value, int digits) {
    if (std::isnan(value)) return "";
    if (std::isinf(value)) return "inf";
    char text[32];
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return text;
}

std::string csv_of(const std::vector<Row>& rows) {
    std::string text = "band,psnr_db,ssim,ms_ssim\n";
    for (const Row& row : rows)
        text += row.band + "," + number(row.psnr, 4) + "," + number(row.ssim, 6) + "," +
                number(row.ms_ssim, 6) + "\n";
    return text;
}

std::string json_of(const std::vector<Row>& rows) {
    CPLJSONArray all;
    for (const Row& row : rows) {
        CPLJSONObject one;
        one.Add("band", row.band);
        const auto add = [&one](const char* name, double value) {
            if (std::isfinite(value))
                one.Add(name, value);
            else
                one.AddNull(name);
        };
        one.Add("equal", std::isinf(row.psnr));
        add("psnr_db", row.psnr);
        add("ssim", row.ssim);
        add("ms_ssim", row.ms_ssim);
        all.Add(one);
    }
    return all.Format(CPLJSONObject::PrettyFormat::Pretty) + "\n";
}

std::string table_of(const std::vector<Row>& rows) {
    std::string text = "band   PSNR (dB)      SSIM   MS-SSIM\n";
    for (const Row& row : rows) {
        char line[96];
        std::snprintf(line, sizeof(line), "%-6s %9s %9s %9s\n", row.band.c_str(), number(row.psnr, 2).c_str(),
                      number(row.ssim, 4).c_str(), number(row.ms_ssim, 4).c_str());
        text += line;
    }
    return text;
}

Status write_text(const std::string& path, const std::string& text) {
    std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr && path != "-" && std::fclose(file) != 0) written = false;
    return written ? Status() : Status(ErrorCode::io, path + ": cannot be written");
}

Status write_heatmap(const std::string& path, const Picture& a, const Picture& b) {
    NAE_ASSIGN_OR_RETURN(const ErrorMap map, absolute_error_map(a, b));
    NAE_ASSIGN_OR_RETURN(const auto output, PendingOutput::create(path, "png"));
    NAE_RETURN_IF_ERROR(
        write_png(output->path(), paint_error_map(map, common_error_range({&map}), ColourMap::turbo)));
    return output->commit();
}

}  // namespace

int compare(const CompareArguments& arguments) {
    if (const Status status = register_drivers(); !status.ok()) return fail(status.message());
    const auto a = read_picture(arguments.original);
    if (!a.ok()) return fail(a.status().message());
    const auto b = read_picture(arguments.other);
    if (!b.ok()) return fail(b.status().message());
    if (!a.value().same_shape(b.value())) {
        const auto shape = [](const Picture& p) {
            return std::to_string(p.width) + "x" + std::to_string(p.height) + " with " +
                   std::to_string(p.bands) + (p.bands == 1 ? " band" : " bands");
        };
        return fail(arguments.original + " is " + shape(a.value()) + ", " + arguments.other + " is " +
                    shape(b.value()));
    }
    const std::vector<Row> rows = measure_all(a.value(), b.value());
    const std::string text = arguments.json ? json_of(rows) : table_of(rows);
    Status status;
    if (arguments.csv != "-") std::fputs(text.c_str(), stdout);
    if (!arguments.csv.empty()) status = write_text(arguments.csv, csv_of(rows));
    if (status.ok() && !arguments.heatmap.empty())
        status = write_heatmap(arguments.heatmap, a.value(), b.value());
    return status.ok() ? kSuccess : fail(status.message());
}

}  // namespace nae::tool
