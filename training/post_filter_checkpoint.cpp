#include "training/post_filter_checkpoint.h"

#include <algorithm>
#include <fstream>
#include <memory>

#include "format/byte_sink.h"
#include "training/flat_adam.h"

namespace nae::training {
namespace {

constexpr char kMagic[8] = {'N', 'A', 'E', 'P', 'F', 'C', '1', '\n'};
constexpr int64_t kMostValues = int64_t{1} << 26;

}  // namespace

Status save_post_filter(const PostFilterProgress& p, const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSink> sink, FileSink::create(path));
    const auto put = [&](const auto& value) { return sink->write(&value, sizeof value); };
    const auto put_all = [&](const torch::Tensor& t) {
        const torch::Tensor values = t.detach().to(torch::kCPU, torch::kFloat).contiguous();
        return sink->write(values.data_ptr<float>(), size_t(values.numel()) * sizeof(float));
    };
    NAE_RETURN_IF_ERROR(put(kMagic));
    NAE_RETURN_IF_ERROR(put(p.steps));
    NAE_RETURN_IF_ERROR(put(p.optimiser_steps));
    NAE_RETURN_IF_ERROR(put(p.hours));
    NAE_RETURN_IF_ERROR(put(p.megapixels));
    for (const int side : {p.shape.width, p.shape.blocks, p.shape.anchors})
        NAE_RETURN_IF_ERROR(put(uint64_t(side)));
    NAE_RETURN_IF_ERROR(put_all(p.whitening));
    NAE_RETURN_IF_ERROR(put(int64_t{p.state[0].numel()}));
    for (const torch::Tensor& t : p.state) NAE_RETURN_IF_ERROR(put_all(t));
    return sink->commit();
}

Result<PostFilterProgress> load_post_filter(const std::string& path) {
    const auto bad = [&](ErrorCode code, const char* what) { return Status(code, path + ": " + what); };
    std::ifstream in(path, std::ios::binary);
    if (!in) return bad(ErrorCode::io, "cannot be read");
    const auto take = [&](auto& value) {
        return bool(in.read(reinterpret_cast<char*>(&value), sizeof value));
    };
    const auto take_all = [&](torch::Tensor& t, at::IntArrayRef sides) {
        t = torch::empty(sides);
        return bool(in.read(reinterpret_cast<char*>(t.data_ptr<float>()),
                            std::streamsize(size_t(t.numel()) * sizeof(float))));
    };
    PostFilterProgress p;
    char magic[8];
    uint64_t shape[3];
    int64_t count = 0;
    if (!take(magic) || !std::equal(magic, magic + 8, kMagic))
        return bad(ErrorCode::not_nae, "no checkpoint of a post-filter");
    if (!take(p.steps) || !take(p.optimiser_steps) || !take(p.hours) || !take(p.megapixels) || !take(shape))
        return bad(ErrorCode::truncated, "ends early");
    if (p.steps < 0 || p.optimiser_steps < 0 || shape[0] < 1 || shape[0] > 256 || shape[1] > 16 ||
        shape[2] < 2 || shape[2] > 64)
        return bad(ErrorCode::corrupt, "a network of an impossible shape");
    p.shape = {int(shape[0]), int(shape[1]), int(shape[2])};
    if (!take_all(p.whitening, {kPostFilterChannels, kPostFilterChannels}) || !take(count))
        return bad(ErrorCode::truncated, "ends early");
    if (count < 1 || count > kMostValues) return bad(ErrorCode::corrupt, "an impossible number of values");
    p.state.resize(4);
    for (torch::Tensor& t : p.state)
        if (!take_all(t, {count})) return bad(ErrorCode::truncated, "ends early");
    return p;
}

Result<PostFilterNet> averaged_net(const PostFilterProgress& progress) {
    PostFilterNet net = make_post_filter_net(progress.shape);
    net.set_whitening(progress.whitening);
    FlatAdam values(torch::kCPU, torch::kFloat);
    for (const auto& [name, tensor] : net.parameters()) values.add(name, *tensor, false);
    values.seal();
    if (!values.restore(progress.state, progress.optimiser_steps))
        return Status(ErrorCode::corrupt, "a checkpoint's values are not as many as its network has");
    int i = 0;
    for (const auto& parameter : net.parameters()) *parameter.second = values.value(i++, true);
    return net;
}

}  // namespace nae::training
