#include "plugins/gdal/nae_options.h"

#include <cpl_conv.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace nae::gdal {

namespace {

constexpr int kMaxThreads = 256;
// Rasters with more pixels get overviews unless told otherwise: smaller ones are quickly read as a whole.
constexpr int64_t kOverviewMinPixels = int64_t{16} << 20;

Status bad_option(const char* name, const std::string& value, const char* wanted) {
    return Status(ErrorCode::invalid_argument, std::string(name) + "=" + value + ": must be " + wanted);
}

// A whole option value as a number. False for anything else, a NaN included.
bool parse_number(const char* text, double& number) {
    char* end = nullptr;
    number = CPLStrtod(text, &end);
    return end != text && *end == '\0' && number == number;
}

// The option as a number in [low, high], or `fallback` when it is absent.
Result<double> number_option(CSLConstList options, const char* name, double fallback, double low, double high,
                             bool whole, const char* wanted) {
    const char* text = CSLFetchNameValue(options, name);
    if (text == nullptr) return fallback;
    double number = 0;
    if (!parse_number(text, number) || number < low || number > high ||
        (whole && number != static_cast<double>(static_cast<int>(number))))
        return bad_option(name, text, wanted);
    return number;
}

bool parse_thread_count(const char* text, int& threads) {
    double number = 0;
    if (EQUAL(text, "ALL_CPUS")) {
        threads = 0;
        return true;
    }
    if (!parse_number(text, number) || number < 1 || number > 1e6 ||
        number != static_cast<double>(static_cast<int>(number)))
        return false;
    threads = std::min(static_cast<int>(number), kMaxThreads);
    return true;
}

std::vector<std::string> split_path(const char* path) {
    const CPLStringList parts(CSLTokenizeString2(path, ":", 0));
    return std::vector<std::string>(parts.List(), parts.List() + parts.Count());
}

// Directories beyond those the shared store knows: an explicit path first, then a NAE_MODEL_PATH set with
// --config or in gdalrc; the environment's own is read by every store. Null when there are none.
std::unique_ptr<ModelStore> extra_store(const char* explicit_path) {
    std::vector<std::string> directories;
    if (explicit_path != nullptr) directories = split_path(explicit_path);
    const char* configured = CPLGetConfigOption("NAE_MODEL_PATH", nullptr);
    const char* environment = std::getenv("NAE_MODEL_PATH");
    if (configured != nullptr && (environment == nullptr || std::string(configured) != environment)) {
        const std::vector<std::string> more = split_path(configured);
        directories.insert(directories.end(), more.begin(), more.end());
    }
    if (directories.empty()) return nullptr;
    return std::make_unique<ModelStore>(std::move(directories));
}

// Sixteen hexadecimal digits name a model by its ID.
bool parse_model_id(const std::string& text, ModelId& id) {
    if (text.size() != 2 * id.size() || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        return false;
    for (size_t i = 0; i < id.size(); ++i)
        id[i] = static_cast<uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
    return true;
}

// What a file may ask for, as configuration options override it.
Result<Limits> configured_limits() {
    Limits limits;
    const std::pair<const char*, uint64_t*> configurable[] = {
        {"NAE_MAX_PIXELS", &limits.max_pixels},
        {"NAE_MAX_TILES", &limits.max_tiles},
        {"NAE_MAX_METADATA_BYTES", &limits.max_metadata_bytes},
        {"NAE_MAX_MODEL_BYTES", &limits.max_model_bytes},
        {"NAE_MAX_OPERATIONS_PER_PIXEL", &limits.max_macs_per_pixel},
        {"NAE_MAX_TENSOR_BYTES", &limits.max_tensor_bytes},
    };
    for (const auto& [name, limit] : configurable) {
        const char* text = CPLGetConfigOption(name, nullptr);
        if (text == nullptr) continue;
        double number = 0;
        if (!parse_number(text, number) || number < 1 || number > 1e18)
            return bad_option(name, text, "a number from 1 to 1e18");
        *limit = static_cast<uint64_t>(number);
    }
    return limits;
}

}  // namespace

Result<int> parse_threads(CSLConstList options) {
    int threads = 0;
    if (const char* text = CSLFetchNameValue(options, "NUM_THREADS")) {
        if (!parse_thread_count(text, threads))
            return bad_option("NUM_THREADS", text, "a positive whole number or ALL_CPUS");
        return threads;
    }
    const char* text = CPLGetConfigOption("GDAL_NUM_THREADS", "ALL_CPUS");
    return parse_thread_count(text, threads) ? threads : 0;
}

Result<EncoderOptions> parse_creation_options(CSLConstList options, std::unique_ptr<ModelStore>& store) {
    EncoderOptions result;
    NAE_ASSIGN_OR_RETURN(result.quality,
                         number_option(options, "QUALITY", 75, 1, 100, false, "a number from 1 to 100"));
    NAE_ASSIGN_OR_RETURN(const double effort,
                         number_option(options, "EFFORT", 5, 1, 9, true, "a whole number from 1 to 9"));
    result.effort = static_cast<int>(effort);
    if (const char* tune = CSLFetchNameValue(options, "TUNE")) {
        if (EQUAL(tune, "SSIM")) {
            result.tune = Tune::ssim;
        } else if (!EQUAL(tune, "PSNR")) {
            return bad_option("TUNE", tune, "PSNR or SSIM");
        }
    }
    constexpr const char* kTileSizes = "64, 128, 256, 512, 1024, 2048 or 4096";
    NAE_ASSIGN_OR_RETURN(const double tile, number_option(options, "BLOCKSIZE", 512, kMinTileSize,
                                                          kMaxTileSize, true, kTileSizes));
    result.tile_size = static_cast<int>(tile);
    if ((result.tile_size & (result.tile_size - 1)) != 0)
        return bad_option("BLOCKSIZE", std::to_string(result.tile_size), kTileSizes);
    NAE_ASSIGN_OR_RETURN(result.threads, parse_threads(options));
    result.embed_model = CPLFetchBool(options, "EMBED_MODEL", false);
    NAE_ASSIGN_OR_RETURN(const double label,
                         number_option(options, "LABEL", -1, 0, 255, true, "a whole number from 0 to 255"));
    result.label = static_cast<int>(label);

    store = extra_store(nullptr);
    result.model_store = store.get();
    if (const char* model = CSLFetchNameValue(options, "MODEL")) {
        result.model_name = model;
        ModelId id{};
        if (parse_model_id(model, id)) {
            // Encoding needs the whole model file, which the store hands out by path.
            for (const ModelStore::Entry& entry : (store ? *store : ModelStore::shared()).list())
                if (entry.status.ok() && entry.summary.id == id) {
                    result.model_name = entry.path;
                    break;
                }
        }
    }
    return result;
}

Result<std::optional<EncodeTarget>> parse_target(CSLConstList options, GDALDataset& source) {
    std::string given;
    EncodeTarget target;
    for (const char* name : {"QUALITY", "TARGET_BPP", "TARGET_PSNR", "TARGET_SIZE"}) {
        if (CSLFetchNameValue(options, name) == nullptr) continue;
        if (!given.empty())
            return Status(ErrorCode::invalid_argument,
                          given + " and " + name + " contradict each other: choose one");
        given = name;
        if (EQUAL(name, "QUALITY")) continue;
        NAE_ASSIGN_OR_RETURN(target.value,
                             number_option(options, name, 0, 1e-9, 1e15, false, "a positive number"));
        if (EQUAL(name, "TARGET_PSNR")) target.kind = EncodeTarget::Kind::psnr;
        if (EQUAL(name, "TARGET_BPP"))
            target.value *= static_cast<double>(source.GetRasterXSize()) * source.GetRasterYSize() / 8;
    }
    if (target.value == 0) return std::optional<EncodeTarget>();
    return std::optional<EncodeTarget>(target);
}

Result<Overviews> parse_overviews(CSLConstList options, GDALDataset& source, int tile_size) {
    Overviews result;
    const char* wanted = CSLFetchNameValue(options, "OVERVIEWS");
    const int64_t pixels = int64_t{source.GetRasterXSize()} * source.GetRasterYSize();
    if (wanted == nullptr) wanted = pixels > kOverviewMinPixels ? "AUTO" : "NONE";
    const char* method = CSLFetchNameValueDef(options, "OVERVIEW_RESAMPLING", "AVERAGE");
    constexpr struct {
        const char* name;
        GDALRIOResampleAlg value;
    } kMethods[] = {{"NEAREST", GRIORA_NearestNeighbour},
                    {"BILINEAR", GRIORA_Bilinear},
                    {"CUBIC", GRIORA_Cubic},
                    {"CUBICSPLINE", GRIORA_CubicSpline},
                    {"LANCZOS", GRIORA_Lanczos},
                    {"MODE", GRIORA_Mode},
                    {"RMS", GRIORA_RMS}};
    for (const auto& one : kMethods)
        if (EQUAL(method, one.name)) result.options.resampling = one.value;
    if (!result.options.resampling && !EQUAL(method, "AVERAGE"))
        return bad_option("OVERVIEW_RESAMPLING", method,
                          "AVERAGE, NEAREST, BILINEAR, CUBIC, CUBICSPLINE, LANCZOS, MODE or RMS");
    if (EQUAL(wanted, "NONE")) return result;
    if (!EQUAL(wanted, "AUTO") && !EQUAL(wanted, "IGNORE_EXISTING"))
        return bad_option("OVERVIEWS", wanted, "AUTO, IGNORE_EXISTING or NONE");
    result.options.use_existing = EQUAL(wanted, "AUTO");
    // GDAL's resampling takes the nearest existing overview, and cannot be told not to.
    if (!result.options.use_existing && result.options.resampling && source.GetRasterCount() > 0 &&
        source.GetRasterBand(1)->GetOverviewCount() > 0)
        return Status(ErrorCode::unsupported,
                      std::string("OVERVIEWS=IGNORE_EXISTING of a source that has overviews needs "
                                  "OVERVIEW_RESAMPLING=AVERAGE, not ") +
                          method);
    result.levels =
        automatic_levels(static_cast<uint32_t>(source.GetRasterXSize()),
                         static_cast<uint32_t>(source.GetRasterYSize()), static_cast<uint32_t>(tile_size));
    return result;
}

Result<DecoderOptions> parse_open_options(CSLConstList options, std::unique_ptr<ModelStore>& store) {
    DecoderOptions result;
    NAE_ASSIGN_OR_RETURN(result.threads, parse_threads(options));
    result.strict = CPLFetchBool(options, "STRICT", true);
    NAE_ASSIGN_OR_RETURN(result.limits, configured_limits());
    store = extra_store(CSLFetchNameValue(options, "MODEL_PATH"));
    result.model_store = store.get();
    return result;
}

}  // namespace nae::gdal
