#include "training/post_filter_export.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "codec/engine.h"
#include "codec/model.h"
#include "format/text.h"
#include "training/code_crops.h"
#include "training/crop_sampler.h"
#include "training/fit_tables.h"
#include "training/post_filter_checkpoint.h"
#include "training/post_filter_run.h"
#include "training/read_model.h"

namespace nae::training {
namespace {

constexpr int kTableCrops = 64, kTableCropSize = 256;

// What the integer graph makes of crops, each by the set that its quality has.
class IntegerRun {
  public:
    static Result<IntegerRun> create(const PostFilter& filter, const CodedCropsHead& head) {
        IntegerRun run;
        run.filter_ = &filter;
        run.head_ = head;
        for (size_t s = 0; s < filter.sets.size(); ++s) {
            NAE_ASSIGN_OR_RETURN(PackedGraph graph, PackedGraph::create(filter.at(s)));
            run.graphs_.push_back(std::move(graph));
        }
        return run;
    }

    Result<torch::Tensor> operator()(const CodedCropView& crop) const {
        const int side = int(head_.size);
        Tensor16 in(side, side, 3), out;
        std::copy_n(crop.decoded, size_t{3} * head_.size * head_.size, in.pixel(0, 0));
        const Extents extents{side, side};
        NAE_RETURN_IF_ERROR(Engine::run(graphs_[filter_->set_of(crop.quality_centi)], extents, in,
                                        whole(extents), whole(extents), out));
        torch::Tensor pixels = torch::empty({1, side, side, 3});
        std::copy_n(out.pixel(0, 0), size_t(pixels.numel()), pixels.data_ptr<float>());
        return pixels.permute({0, 3, 1, 2}) / double(1 << head_.frac_bits);
    }

  private:
    const PostFilter* filter_ = nullptr;
    CodedCropsHead head_;
    std::vector<PackedGraph> graphs_;
};

struct Crops {
    CodedCropsHead head;
    std::vector<CodedCrop> training, held_out;
};

std::vector<CodedCropView> views(const std::vector<CodedCrop>& crops) {
    std::vector<CodedCropView> out;
    for (const CodedCrop& crop : crops) out.push_back(crop.view());
    return out;
}

Result<Crops> code(const ReadyModelPtr& model, const PackedPictures& pictures,
                   const PostFilterExportCommand& c) {
    CodeCropsOptions options;
    options.size = c.crop_size;
    options.training = c.calibration;
    options.held_out = c.held_out;
    options.threads = c.threads;
    options.seed = 4711;  // other crops than those that a usual run is trained on
    Crops crops;
    NAE_ASSIGN_OR_RETURN(crops.head, coded_crops_head(model, pictures, options));
    NAE_RETURN_IF_ERROR(code_crops(model, pictures, options, [&](const CodedCrop& crop, bool held_out) {
        (held_out ? crops.held_out : crops.training).push_back(crop);
        return Status();
    }));
    return crops;
}

Result<PostFilterExported> compare(const PostFilterNet& net, const PostFilter& filter, const Crops& crops) {
    PostFilterExported gains;
    NAE_ASSIGN_OR_RETURN(const IntegerRun integers, IntegerRun::create(filter, crops.head));
    NAE_ASSIGN_OR_RETURN(gains.network, post_filter_gains(views(crops.held_out), crops.head, net));
    NAE_ASSIGN_OR_RETURN(gains.integers, post_filter_gains(views(crops.held_out), crops.head, integers));
    std::printf("%8s  %11s  %11s  %11s\n", "quality", "network, dB", "integer, dB", "difference");
    for (const auto& [quality, gain] : gains.network)
        std::printf("%8g  %+11.4f  %+11.4f  %+11.4f\n", quality / 100.0, gain, gains.integers[quality],
                    gains.integers[quality] - gain);
    return gains;
}

std::string joined(const std::string& a, const std::string& b) {
    return a.empty() || b.empty() ? a + b : a + " " + b;
}

}  // namespace

Result<PostFilterExported> export_post_filter(const PostFilterExportCommand& c) try {
    at::set_num_threads(std::max(1, c.threads));
    if (c.tables < 0 || c.tables > 100)
        return Status(ErrorCode::invalid_argument, "tables: rounds are outside 0..100");
    NAE_ASSIGN_OR_RETURN(Model model, read_model(c.model));
    NAE_ASSIGN_OR_RETURN(const ReadyModelPtr ready, without_post_filter(model, c.model));
    NAE_ASSIGN_OR_RETURN(const PostFilterProgress progress, load_post_filter(c.checkpoint));
    NAE_ASSIGN_OR_RETURN(const PostFilterNet net, averaged_net(progress));
    PackedPictures pictures;
    if (const std::string e = pictures.open(c.data); !e.empty()) return Status(ErrorCode::io, e);
    NAE_ASSIGN_OR_RETURN(const Crops crops, code(ready, pictures, c));

    NAE_ASSIGN_OR_RETURN(model.post_filter,
                         quantise_post_filter(net, views(crops.training), crops.head, c.quantise));
    if (!c.name.empty()) model.name = c.name;
    model.text = joined(joined(model.text, c.text),
                        cat("Post-filter: ", progress.steps, " steps, ", progress.hours, " hours, ",
                            int64_t(progress.megapixels), " megapixels of crops."));
    NAE_RETURN_IF_ERROR(validate(model));
    PostFilterExported gains;
    if (!crops.held_out.empty()) {
        NAE_ASSIGN_OR_RETURN(gains, compare(net, model.post_filter, crops));
    }
    if (c.tables > 0) {
        const CropSampler sampler(pictures, 128, 0.08, 1);
        const std::string wrong = fit_tables(model, sampler.calibration_pixels(kTableCrops, kTableCropSize),
                                             kTableCropSize, c.tables);
        if (!wrong.empty()) return Status(ErrorCode::internal, wrong);
    }
    NAE_RETURN_IF_ERROR(save_model(model, c.out));
    NAE_ASSIGN_OR_RETURN(const ModelId id, model_id(model));
    std::printf("%s: model %s, ID %s, %.2f kMAC/px to decode\n", c.out.c_str(), model.name.c_str(),
                model_id_string(id).c_str(), decoder_macs_per_pixel(model) / 1000);
    return gains;
} catch (const std::exception& e) {
    return Status(ErrorCode::internal, c.out + ": " + e.what());
}

}  // namespace nae::training
