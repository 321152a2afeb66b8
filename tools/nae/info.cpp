// nae info: what a .nae file says about itself, through libnae alone; no pixel is decoded.
#include <cpl_json.h>
#include <cpl_string.h>

#include <cstdio>
#include <iterator>
#include <nae/nae.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/nae/commands.h"
#include "tools/nae/console.h"

namespace nae::tool {
namespace {

// Values longer than this are described rather than printed.
constexpr size_t kLongestText = 100;

struct Facts {
    std::string name;
    nae_info info{};
    nae_preview preview{};
    uint64_t file_bytes = 0;
    std::string model_path;  // "" when the model is not installed
    std::vector<nae_metadata_item> metadata;
};

std::string id_text(const uint8_t* id) {
    std::string text;
    for (int i = 0; i < 8; ++i) text += CPLSPrintf("%02x", id[i]);
    return text;
}

const char* layout_text(const nae_info& info) {
    switch (info.layout) {
        case NAE_GRAY:
            return "gray";
        case NAE_GRAY_ALPHA:
            return "gray with alpha";
        case NAE_RGB:
            return "RGB";
        case NAE_RGBA:
            return "RGB with alpha";
        default:
            return "bands";
    }
}

const char* sample_text(const nae_info& info) {
    switch (info.sample_type) {
        case NAE_UINT8:
            return "8-bit";
        case NAE_UINT16:
            return "16-bit";
        case NAE_INT16:
            return "signed 16-bit";
        case NAE_UINT32:
            return "32-bit";
        case NAE_INT32:
            return "signed 32-bit";
        case NAE_FLOAT32:
            return "32-bit float";
        default:
            return "other";
    }
}

std::string path_of_model(const uint8_t* id) {
    struct Search {
        const uint8_t* id;
        std::string path;
    } search{id, {}};
    nae::api::check(nae_list_models(
        [](const nae_model* model, void* user) {
            auto& wanted = *static_cast<Search*>(user);
            if (model->problem != nullptr || !std::equal(model->id, model->id + 8, wanted.id)) return 1;
            wanted.path = model->path;
            return 0;
        },
        &search));
    return search.path;
}

Facts facts_of(const nae::api::Decoder& decoder, const std::string& name, uint64_t bytes) {
    Facts facts;
    facts.name = name;
    facts.file_bytes = bytes;
    facts.info = decoder.info();
    facts.preview = nae::api::make<nae_preview>();
    nae::api::check(nae_get_preview(decoder.get(), &facts.preview));
    facts.model_path = path_of_model(facts.info.model_id);
    facts.metadata.resize(nae_metadata_count(decoder.get()));
    for (size_t i = 0; i < facts.metadata.size(); ++i)
        nae::api::check(nae_get_metadata_item(decoder.get(), i, &facts.metadata[i]));
    return facts;
}

double bits_per_pixel(const Facts& facts) {
    return 8.0 * static_cast<double>(facts.file_bytes) / facts.info.width / facts.info.height;
}

bool is_text(const nae_metadata_item& item) {
    const auto* bytes = static_cast<const unsigned char*>(item.value);
    for (size_t i = 0; i < item.size; ++i)
        if (bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\t' && bytes[i] != '\r') return false;
    return CPLIsUTF8(static_cast<const char*>(item.value), static_cast<int>(item.size)) != 0;
}

std::string item_key(const nae_metadata_item& item) {
    return item.domain[0] == '\0' ? item.key : std::string(item.domain) + ":" + item.key;
}

void print_text(const Facts& f) {
    std::printf("%s\n", f.name.c_str());
    std::printf("  Size         %u x %u pixels, %s, %s samples in %d band%s\n", f.info.width, f.info.height,
                layout_text(f.info), sample_text(f.info), f.info.bands, f.info.bands == 1 ? "" : "s");
    std::printf("  File         %s, %.3f bits per pixel\n", bytes_text(f.file_bytes).c_str(),
                bits_per_pixel(f));
    std::printf("  Quality      %g (written with effort %d)\n", f.info.quality, f.info.effort);
    std::printf("  Model        %s, %s, %s\n", f.info.model_name, id_text(f.info.model_id).c_str(),
                f.info.has_embedded_model != 0 ? "embedded"
                : f.model_path.empty()         ? "NOT INSTALLED: the pixels cannot be decoded"
                                               : f.model_path.c_str());
    std::printf("  Tiles        %d x %d pixels\n", f.info.tile_size, f.info.tile_size);
    if (f.info.levels > 1) std::printf("  Overviews    %d\n", f.info.levels - 1);
    if (f.info.has_preview != 0) std::printf("  Preview      %u x %u\n", f.preview.width, f.preview.height);
    if (f.info.orientation != 1) std::printf("  Orientation  %d (EXIF)\n", f.info.orientation);
    for (const nae_metadata_item& item : f.metadata) {
        const std::string text(static_cast<const char*>(item.value), item.size);
        if (is_text(item) && text.size() <= kLongestText && text.find('\n') == std::string::npos)
            std::printf("  %s = %s\n", item_key(item).c_str(), text.c_str());
        else
            std::printf("  %s: %s\n", item_key(item).c_str(), bytes_text(item.size).c_str());
    }
}

CPLJSONObject json_of(const Facts& f) {
    CPLJSONObject json;
    json.Add("file", f.name);
    json.Add("bytes", static_cast<GInt64>(f.file_bytes));
    json.Add("bits_per_pixel", bits_per_pixel(f));
    json.Add("width", static_cast<GInt64>(f.info.width));
    json.Add("height", static_cast<GInt64>(f.info.height));
    json.Add("bands", f.info.bands);
    json.Add("layout", layout_text(f.info));
    json.Add("samples", sample_text(f.info));
    json.Add("quality", f.info.quality);
    json.Add("effort", f.info.effort);
    json.Add("tile_size", f.info.tile_size);
    json.Add("levels", f.info.levels);
    json.Add("orientation", f.info.orientation);
    CPLJSONObject model;
    model.Add("name", f.info.model_name);
    model.Add("id", id_text(f.info.model_id));
    model.Add("embedded", f.info.has_embedded_model != 0);
    if (f.model_path.empty())
        model.AddNull("path");
    else
        model.Add("path", f.model_path);
    json.Add("model", model);
    if (f.info.has_preview != 0) {
        CPLJSONObject preview;
        preview.Add("width", static_cast<GInt64>(f.preview.width));
        preview.Add("height", static_cast<GInt64>(f.preview.height));
        json.Add("preview", preview);
    }
    CPLJSONArray metadata;
    for (const nae_metadata_item& item : f.metadata) {
        CPLJSONObject one;
        one.Add("domain", item.domain);
        one.Add("key", item.key);
        one.Add("bytes", static_cast<GInt64>(item.size));
        if (is_text(item)) one.Add("value", std::string(static_cast<const char*>(item.value), item.size));
        metadata.Add(one);
    }
    json.Add("metadata", metadata);
    return json;
}

// The whole file is wanted only where it cannot be sought in.
std::vector<uint8_t> standard_input() {
    std::vector<uint8_t> bytes;
    uint8_t block[65536];
    size_t n = 0;
    while ((n = std::fread(block, 1, sizeof(block), stdin)) > 0) bytes.insert(bytes.end(), block, block + n);
    return bytes;
}

uint64_t file_size(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return 0;
    const long size = std::fseek(file, 0, SEEK_END) == 0 ? std::ftell(file) : 0;
    std::fclose(file);
    return size > 0 ? static_cast<uint64_t>(size) : 0;
}

}  // namespace

int info(const InfoArguments& arguments) {
    int result = kSuccess;
    CPLJSONArray all;
    for (const std::string& path : arguments.files) {
        try {
            std::vector<uint8_t> bytes;
            if (path == "-") bytes = standard_input();
            const auto decoder = path == "-" ? nae::api::Decoder::open(bytes.data(), bytes.size())
                                             : nae::api::Decoder::open(path);
            const Facts facts = facts_of(decoder, path == "-" ? "standard input" : path,
                                         path == "-" ? bytes.size() : file_size(path));
            if (arguments.json)
                all.Add(json_of(facts));
            else
                print_text(facts);
        } catch (const nae::api::Error& error) {
            result = fail(error.what());
        }
    }
    if (arguments.json) {
        std::printf("%s\n", all.Format(CPLJSONObject::PrettyFormat::Pretty).c_str());
    }
    return result;
}

int models(const ModelsArguments& arguments) {
    struct Found {
        CPLJSONArray json;
        bool text = true;
        int count = 0;
    } found;
    found.text = !arguments.json;
    const nae_result result = nae_list_models(
        [](const nae_model* model, void* user) {
            auto& all = *static_cast<Found*>(user);
            ++all.count;
            if (all.text) {
                if (model->problem != nullptr)
                    std::printf("%-12s %-16s %-8s %s\n", "-", "-", "unusable", model->problem);
                else
                    std::printf("%-12s %s %-8s %s\n", model->name, id_text(model->id).c_str(),
                                model->can_encode != 0 ? "encodes" : "decodes", model->path);
                return 1;
            }
            CPLJSONObject one;
            one.Add("path", model->path);
            if (model->problem != nullptr) {
                one.Add("problem", model->problem);
            } else {
                one.Add("name", model->name);
                one.Add("id", id_text(model->id));
                one.Add("encodes", model->can_encode != 0);
            }
            all.json.Add(one);
            return 1;
        },
        &found);
    if (result != NAE_OK) return fail(nae_last_error());
    if (arguments.json) std::printf("%s\n", found.json.Format(CPLJSONObject::PrettyFormat::Pretty).c_str());
    if (found.count == 0) return fail("no model is installed; NAE_MODEL_PATH names folders to look in");
    return kSuccess;
}

}  // namespace nae::tool
