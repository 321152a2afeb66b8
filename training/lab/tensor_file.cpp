#include "training/lab/tensor_file.h"

#include <algorithm>
#include <cstring>

#include "format/text.h"
#include "training/lab/torch_pickle.h"
#include "training/lab/zip_file.h"

namespace nae::training {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
using Arrays = std::map<std::string, torch::Tensor>;

Status bad(ErrorCode code, const std::string& what) { return Status(code, what); }

// The text after 'key': in the dictionary of an .npy header, without blanks.
std::string npy_field(const std::string& header, const std::string& key) {
    const size_t at = header.find("'" + key + "':");
    if (at == std::string::npos) return {};
    size_t from = header.find_first_not_of(' ', at + key.size() + 3);
    if (from == std::string::npos) return {};
    const size_t to = header[from] == '(' ? header.find(')', from) + 1 : header.find_first_of(",}", from);
    return to == std::string::npos || to <= from ? std::string() : header.substr(from, to - from);
}

torch::Tensor tensor_of(const uint8_t* data, const std::vector<int64_t>& shape,
                        const std::vector<int64_t>& stride, bool wide) {
    // from_blob() wants a pointer that may be written to, and the clone owns its values.
    auto* values = const_cast<uint8_t*>(data);
    return torch::from_blob(values, shape, stride, wide ? torch::kDouble : torch::kFloat)
        .to(torch::kFloat)
        .clone(torch::MemoryFormat::Contiguous);
}

std::vector<int64_t> row_by_row(const std::vector<int64_t>& shape) {
    std::vector<int64_t> stride(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
    return stride;
}

// Number of elements; false if it does not fit into the limit.
bool element_count(const std::vector<int64_t>& shape, uint64_t* count) {
    *count = 1;
    bool empty = false;
    for (int64_t side : shape) {
        if (side < 0 || (side > 0 && *count > kMostBytes / uint64_t(side))) return false;
        empty |= side == 0;
        *count *= uint64_t(std::max<int64_t>(side, 1));
    }
    if (empty) *count = 0;  // whose other sides must have fitted, too
    return true;
}

// Elements from the first one of a tensor to behind its last one, of which the shape has been counted. False where steps lead
// backwards, or further than the limit.
bool element_span(const std::vector<int64_t>& shape, const std::vector<int64_t>& stride, uint64_t* span) {
    *span = 1;
    if (stride.size() != shape.size()) return false;
    for (size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] < 2) continue;
        if (stride[i] < 0 || uint64_t(stride[i]) > kMostBytes) return false;
        *span += uint64_t(shape[i] - 1) * uint64_t(stride[i]);
        if (*span > kMostBytes) return false;
    }
    return true;
}

// NumPy's .npy, versions 1 to 3. An undefined tensor: an array of another type than floats.
Result<torch::Tensor> parse_npy(const std::vector<uint8_t>& bytes) {
    if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
        return bad(ErrorCode::corrupt, "is no .npy array");
    const bool wide_header = bytes[6] >= 2;
    const size_t start = wide_header ? 12 : 10;
    if (bytes.size() < start) return bad(ErrorCode::truncated, "ends early");
    size_t length = size_t(bytes[8]) | size_t(bytes[9]) << 8;
    if (wide_header) length |= size_t(bytes[10]) << 16 | size_t(bytes[11]) << 24;
    if (length > bytes.size() - start) return bad(ErrorCode::truncated, "ends early");
    const std::string header(bytes.begin() + ptrdiff_t(start), bytes.begin() + ptrdiff_t(start + length));
    const std::string type = npy_field(header, "descr"), order = npy_field(header, "fortran_order"),
                      sides = npy_field(header, "shape");
    if (type != "'<f4'" && type != "'<f8'") return torch::Tensor();
    if (order != "False") return bad(ErrorCode::unsupported, "is stored in Fortran's order");
    std::vector<int64_t> shape;
    for (size_t i = 0; i < sides.size();) {
        if (sides[i] < '0' || sides[i] > '9') {
            ++i;
            continue;
        }
        int64_t side = 0;
        for (; i < sides.size() && sides[i] >= '0' && sides[i] <= '9'; ++i) {
            side = side * 10 + (sides[i] - '0');
            if (side > int64_t(kMostBytes)) return bad(ErrorCode::limit_exceeded, "is larger than 1 GiB");
        }
        shape.push_back(side);
    }
    uint64_t count = 0;
    const uint64_t size = type == "'<f8'" ? 8 : 4;
    if (!element_count(shape, &count)) return bad(ErrorCode::limit_exceeded, "is larger than 1 GiB");
    if (count > (bytes.size() - start - length) / size) return bad(ErrorCode::truncated, "ends early");
    return tensor_of(bytes.data() + start + length, shape, row_by_row(shape), size == 8);
}

Result<Arrays> read_npz(const ZipFile& zip) {
    Arrays out;
    for (const auto& [name, entry] : zip.entries()) {
        if (name.size() < 5 || name.compare(name.size() - 4, 4, ".npy") != 0) continue;
        NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, zip.read(entry));
        const std::string array = name.substr(0, name.size() - 4);
        Result<torch::Tensor> tensor = parse_npy(bytes);
        if (!tensor.ok()) return tensor.status().in("array \"" + array + "\"");
        if (tensor.value().defined()) out[array] = tensor.value();
    }
    return out;
}

Result<Arrays> read_pt(const ZipFile& zip) {
    std::string folder;  // all members lie in one
    for (const auto& [name, entry] : zip.entries())
        if (name.size() > 9 && name.compare(name.size() - 9, 9, "/data.pkl") == 0)
            folder = name.substr(0, name.size() - 9);
    if (folder.empty())
        return bad(ErrorCode::unsupported,
                   "has no data.pkl; files older than PyTorch 1.6 must be saved anew");
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> pickle, zip.read(zip.entries().at(folder + "/data.pkl")));
    NAE_ASSIGN_OR_RETURN(const std::vector<PickledTensor> tensors, parse_torch_pickle(pickle));
    Arrays out;
    for (const PickledTensor& t : tensors) {
        if (t.type != "FloatStorage" && t.type != "DoubleStorage") continue;
        const auto entry = zip.entries().find(folder + "/data/" + t.storage);
        uint64_t count = 0;
        if (entry == zip.entries().end())
            return bad(ErrorCode::corrupt, "the values of \"" + t.name + "\" are missing");
        if (!element_count(t.shape, &count))
            return bad(ErrorCode::limit_exceeded, "\"" + t.name + "\" is larger than 1 GiB");
        // Row by row, or in another order such as channels-last; but no value twice.
        uint64_t span = 0;
        if (!element_span(t.shape, t.stride, &span) || count > span)
            return bad(ErrorCode::unsupported, "\"" + t.name + "\" has values twice, or backwards");
        NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, zip.read(entry->second));
        const uint64_t size = t.type == "DoubleStorage" ? 8 : 4, have = bytes.size() / size;
        if (count > 0 && (t.offset < 0 || uint64_t(t.offset) > have || span > have - uint64_t(t.offset)))
            return bad(ErrorCode::truncated, "the values of \"" + t.name + "\" end early");
        if (count == 0)
            out[t.name] = torch::empty(t.shape);
        else
            out[t.name] = tensor_of(bytes.data() + uint64_t(t.offset) * size, t.shape, t.stride, size == 8);
    }
    return out;
}

}  // namespace

Result<Arrays> read_tensor_file(const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const ZipFile zip, ZipFile::open(path));
    const bool npz = path.size() > 4 && path.compare(path.size() - 4, 4, ".npz") == 0;
    return (npz ? read_npz(zip) : read_pt(zip)).in(path);
}

}  // namespace nae::training
