#include "training/post_filter_run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "training/read_model.h"

namespace nae::training {
namespace {

namespace fs = std::filesystem;

Result<CodedCrops> crops_of(const ReadyModelPtr& model, const PackedPictures& pictures,
                            const CodeCropsOptions& options, const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const CodedCropsHead head, coded_crops_head(model, pictures, options));
    if (fs::exists(path)) {
        Result<CodedCrops> kept = CodedCrops::open(path);
        if (kept.ok() && kept.value().head() == head) return kept;
        std::printf("%s: %s; crops are coded anew\n", path.c_str(),
                    kept.ok() ? "made from another model, or otherwise" : kept.status().message().c_str());
    }
    NAE_ASSIGN_OR_RETURN(CodedCropsWriter writer, CodedCropsWriter::create(path, head));
    NAE_RETURN_IF_ERROR(
        code_crops(model, pictures, options, [&](const CodedCrop& crop, bool) { return writer.add(crop); }));
    NAE_RETURN_IF_ERROR(writer.commit());
    return CodedCrops::open(path);
}

}  // namespace

Result<ReadyModelPtr> without_post_filter(Model model, const std::string& origin) {
    if (!model.has_analysis())
        return Status(ErrorCode::invalid_argument, origin + ": this model cannot encode");
    model.post_filter = PostFilter();
    return prepare_model(std::move(model), origin);
}

Result<PostFilterTrained> run_post_filter(const PostFilterRunCommand& c) {
    NAE_ASSIGN_OR_RETURN(Model model, read_model(c.model));
    NAE_ASSIGN_OR_RETURN(const ReadyModelPtr ready, without_post_filter(std::move(model), c.model));
    PackedPictures pictures;
    if (const std::string e = pictures.open(c.data); !e.empty()) return Status(ErrorCode::io, e);
    std::error_code ec;
    fs::create_directories(c.train.out_dir, ec);
    if (ec) return Status(ErrorCode::io, c.train.out_dir + ": " + ec.message());
    PostFilterRunCommand used = c;
    if (used.train.threads <= 0) used.train.threads = int(std::max(1U, std::thread::hardware_concurrency()));
    used.crops.threads = used.train.threads;
    const std::string path = c.crops_file.empty() ? c.train.out_dir + "/crops.bin" : c.crops_file;
    NAE_ASSIGN_OR_RETURN(const CodedCrops crops, crops_of(ready, pictures, used.crops, path));
    return train_post_filter(crops, used.train);
}

}  // namespace nae::training
