#include "tools/nae/gdal_files.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace nae::tool {
namespace {

namespace fs = std::filesystem;

constexpr char kStdinFile[] = "/vsimem/nae/standard-input";

// GDAL keeps a pointer to these bytes.
std::vector<unsigned char>& standard_input() {
    static std::vector<unsigned char> bytes;
    return bytes;
}

Status read_standard_input() {
    std::vector<unsigned char>& bytes = standard_input();
    unsigned char block[65536];
    size_t n = 0;
    while ((n = std::fread(block, 1, sizeof(block), stdin)) > 0) bytes.insert(bytes.end(), block, block + n);
    if (std::ferror(stdin) != 0) return Status(ErrorCode::io, "standard input: cannot be read");
    if (bytes.empty()) return Status(ErrorCode::truncated, "standard input: is empty");
    VSIFCloseL(VSIFileFromMemBuffer(kStdinFile, bytes.data(), bytes.size(), FALSE));
    return Status();
}

Status copy_to_standard_output(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    bool good = file != nullptr;
    char block[65536];
    size_t n = 0;
    while (good && (n = std::fread(block, 1, sizeof(block), file)) > 0)
        good = std::fwrite(block, 1, n, stdout) == n;
    if (file != nullptr) std::fclose(file);
    if (!good || std::fflush(stdout) != 0) return Status(ErrorCode::io, "standard output: cannot be written");
    return Status();
}

}  // namespace

Status register_drivers() {
    GDALAllRegister();
    if (GDALGetDriverByName("NAE") != nullptr) return Status();
    // Not where GDAL looks: beside this program, as the installation or the build lays it.
    std::error_code ignored;
    const fs::path here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    for (const char* place : {NAE_GDAL_PLUGINS_FROM_BINDIR, "../../gdalplugins"}) {
        const fs::path folder = (here / place).lexically_normal();
        if (!fs::exists(folder / "gdal_NAE.so", ignored)) continue;
        CPLSetConfigOption("GDAL_DRIVER_PATH", folder.c_str());
        GDALAllRegister();
        CPLSetConfigOption("GDAL_DRIVER_PATH", nullptr);
        if (GDALGetDriverByName("NAE") != nullptr) return Status();
    }
    return Status(
        ErrorCode::unsupported,
        "GDAL does not know .nae: its plugin gdal_NAE.so is not installed, or GDAL_DRIVER_PATH does "
        "not name its folder");
}

QuietGdal::QuietGdal() {
    CPLErrorReset();
    CPLPushErrorHandlerEx(handle, this);
}

QuietGdal::~QuietGdal() { CPLPopErrorHandler(); }

void CPL_STDCALL QuietGdal::handle(CPLErr level, CPLErrorNum, const char* message) {
    if (level == CE_Warning)
        static_cast<QuietGdal*>(CPLGetErrorHandlerUserData())->warnings_.emplace_back(message);
}

Status QuietGdal::error(const std::string& path, const std::string& otherwise) {
    std::string words = CPLGetLastErrorType() == CE_Failure ? CPLGetLastErrorMsg() : "";
    words.erase(words.find_last_not_of(" \r\n") + 1);  // some drivers pass on a line's end
    const size_t at = words.find(kStdinFile);
    if (at != std::string::npos) words.replace(at, std::strlen(kStdinFile), "standard input");
    const std::string name = path == "-" ? "standard input" : path;
    if (words.find(name) != std::string::npos) return Status(ErrorCode::io, words);
    return Status(ErrorCode::io, name + ": " + (words.empty() ? otherwise : words));
}

Result<DatasetPtr> open_picture(const std::string& path, const char* driver,
                                const std::vector<std::string>& open_options) {
    std::string file = path;
    if (path == "-") {
        NAE_RETURN_IF_ERROR(read_standard_input());
        file = kStdinFile;
    }
    CPLStringList options;
    for (const std::string& option : open_options) options.AddString(option.c_str());
    const char* const drivers[] = {driver, nullptr};
    CPLErrorReset();
    DatasetPtr dataset(GDALOpenEx(file.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                  driver != nullptr ? drivers : nullptr, options.List(), nullptr));
    if (!dataset) return QuietGdal::error(path, "is no picture that GDAL can open");
    return dataset;
}

Result<std::string> driver_for(const std::string& path) {
    const char* extension = CPLGetExtension(path.c_str());
    for (int i = 0; *extension != '\0' && i < GDALGetDriverCount(); ++i) {
        GDALDriverH driver = GDALGetDriver(i);
        const char* extensions = GDALGetMetadataItem(driver, GDAL_DMD_EXTENSIONS, nullptr);
        if (extensions == nullptr || GDALGetMetadataItem(driver, GDAL_DCAP_RASTER, nullptr) == nullptr)
            continue;
        if (GDALGetMetadataItem(driver, GDAL_DCAP_CREATECOPY, nullptr) == nullptr &&
            GDALGetMetadataItem(driver, GDAL_DCAP_CREATE, nullptr) == nullptr)
            continue;
        const CPLStringList list(CSLTokenizeString2(extensions, " ", 0));
        if (list.FindString(extension) >= 0) return std::string(GDALGetDriverShortName(driver));
    }
    return Status(ErrorCode::invalid_argument,
                  path + ": no format of this GDAL has that extension; --format names one");
}

Result<std::unique_ptr<PendingOutput>> PendingOutput::create(const std::string& path,
                                                             const std::string& extension) {
    std::unique_ptr<PendingOutput> output(new PendingOutput());
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    output->target_ = path;
    // A rename would replace a symbolic link, not what it points to.
    if (path != "-" && fs::is_symlink(fs::symlink_status(path, error)) && fs::exists(status))
        output->target_ = fs::canonical(path, error).string();
    if (path != "-" && fs::is_directory(status)) return Status(ErrorCode::io, path + ": is a directory");
    if (path != "-" && fs::exists(status) && !fs::is_regular_file(status)) {
        output->written_ = path;
        return output;
    }
    const std::string& target = output->target_;
    fs::path parent = path == "-" ? fs::temp_directory_path(error) : fs::path(target).parent_path();
    if (parent.empty()) parent = ".";
    std::string folder = (parent / ".nae-XXXXXX").string();
    if (mkdtemp(&folder[0]) == nullptr)
        return Status(ErrorCode::io,
                      (path == "-" ? folder : path) + ": cannot create: " + std::strerror(errno));
    output->folder_ = folder;
    output->written_ =
        (fs::path(folder) / (path == "-" ? "picture." + extension : fs::path(target).filename().string()))
            .string();
    return output;
}

PendingOutput::~PendingOutput() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Status PendingOutput::commit() {
    if (folder_.empty()) return Status();
    if (target_ == "-") return copy_to_standard_output(written_);
    std::error_code error;
    const fs::path parent = fs::path(target_).parent_path();
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        fs::rename(entry.path(), parent / entry.path().filename(), error);
        if (error) break;
    }
    if (error) return Status(ErrorCode::io, target_ + ": cannot write: " + error.message());
    return Status();
}

}  // namespace nae::tool
