#include "training/lab/run_report.h"

#include <gdal_priv.h>

#include <memory>

#include "training/lab/svg_chart.h"

namespace nae::training {
namespace {

using torch::Tensor;

Status write_curves(const std::string& folder) {
    NAE_ASSIGN_OR_RETURN(const std::vector<LogRow> log, read_log(folder + "/log.csv"));
    Series training{"training", {}, {}}, held_out{"held out", {}, {}};
    for (const LogRow& r : log) {
        training.x.push_back(r.epoch), training.y.push_back(r.loss);
        held_out.x.push_back(r.epoch), held_out.y.push_back(r.v_loss);
    }
    return write_line_chart("Loss by epoch", "epoch", "loss", {training, held_out}, folder + "/curves.svg");
}

Tensor samples_of(const LabModel& m) {
    constexpr int64_t kAcross = 10, kDown = 6;
    torch::manual_seed(1);
    const Tensor z = torch::randn({kAcross * kDown, m.latent_channels, 1, 1});
    const Tensor labels = m.classes > 0 ? torch::arange(m.classes).repeat({kDown}) : Tensor();
    return m.decode(z, labels);
}

}  // namespace

Status write_contact_sheet(const Tensor& pictures, int across, const std::string& path) {
    constexpr int64_t kGap = 2;
    const int64_t n = pictures.size(0), c = pictures.size(1), h = pictures.size(2), w = pictures.size(3);
    const int64_t columns = std::min<int64_t>(across, n), rows = (n + columns - 1) / columns;
    const Tensor bytes = (pictures.clamp(0, 1) * 255).round().to(torch::kByte);
    Tensor sheet = torch::full({c, rows * (h + kGap) - kGap, columns * (w + kGap) - kGap}, 128, torch::kByte);
    for (int64_t i = 0; i < n; ++i)
        sheet.narrow(1, i / columns * (h + kGap), h).narrow(2, i % columns * (w + kGap), w).copy_(bytes[i]);
    GDALAllRegister();
    GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
    GDALDriver* png = GetGDALDriverManager()->GetDriverByName("PNG");
    if (memory == nullptr || png == nullptr)
        return Status(ErrorCode::unsupported, path + ": GDAL has no PNG driver");
    const int sw = int(sheet.size(2)), sh = int(sheet.size(1));
    const auto close = [](GDALDataset* d) { GDALClose(d); };
    const std::unique_ptr<GDALDataset, void (*)(GDALDataset*)> made(
        memory->Create("", sw, sh, int(c), GDT_Byte, nullptr), close);
    if (made == nullptr || made->RasterIO(GF_Write, 0, 0, sw, sh, sheet.data_ptr<uint8_t>(), sw, sh, GDT_Byte,
                                          int(c), nullptr, 0, 0, 0, nullptr) != CE_None)
        return Status(ErrorCode::io, path + ": " + CPLGetLastErrorMsg());
    const std::unique_ptr<GDALDataset, void (*)(GDALDataset*)> file(
        png->CreateCopy(path.c_str(), made.get(), FALSE, nullptr, nullptr, nullptr), close);
    return file != nullptr ? Status() : Status(ErrorCode::io, path + ": " + CPLGetLastErrorMsg());
}

Status write_run_report(const LabModel& m, const LabData& data, const std::string& folder) {
    const torch::NoGradGuard no_grad;
    NAE_RETURN_IF_ERROR(write_curves(folder));
    const int64_t n = std::min<int64_t>(data.held_out.size(0), m.digits ? 20 : 6);
    const Tensor x = LabData::scaled(data.held_out.slice(0, 0, n));
    const Tensor labels = data.held_out_labels.defined() ? data.held_out_labels.slice(0, 0, n) : Tensor();
    const Tensor made = m.decode(m.quantise(m.latent(x, labels)), labels);
    NAE_RETURN_IF_ERROR(write_contact_sheet(torch::cat({x, made}), int(n), folder + "/reconstructions.png"));
    return m.variational ? write_contact_sheet(samples_of(m), 10, folder + "/samples.png") : Status();
}

}  // namespace nae::training
