// nae decode: a .nae file, or a window of it, becomes a picture in any format that GDAL writes.
#include <cpl_string.h>
#include <gdal_utils.h>

#include <cstdio>

#include "tools/nae/commands.h"
#include "tools/nae/console.h"
#include "tools/nae/gdal_files.h"

namespace nae::tool {
namespace {

int CPL_STDCALL on_progress(double fraction, const char*, void* bar) {
    return static_cast<ProgressBar*>(bar)->update(fraction) ? TRUE : FALSE;
}

Status translate(const DecodeArguments& arguments, GDALDatasetH source, const std::string& format,
                 const std::string& output, ProgressBar& bar) {
    CPLStringList words;
    words.AddString("-of");
    words.AddString(format.c_str());
    if (arguments.window != std::array<int, 4>{}) {
        words.AddString("-srcwin");
        for (const int number : arguments.window) words.AddString(CPLSPrintf("%d", number));
        words.AddString("-epo");  // a window that reaches outside is an error, not padding
    }
    for (const std::string& option : arguments.creation_options) {
        words.AddString("-co");
        words.AddString(option.c_str());
    }
    GDALTranslateOptions* options = GDALTranslateOptionsNew(words.List(), nullptr);
    if (options == nullptr) return QuietGdal::error(arguments.output, "wrong options");
    GDALTranslateOptionsSetProgress(options, on_progress, &bar);
    CPLErrorReset();
    int usage_error = FALSE;
    const DatasetPtr written(GDALTranslate(output.c_str(), source, options, &usage_error));
    GDALTranslateOptionsFree(options);
    if (!written || usage_error != FALSE) return QuietGdal::error(arguments.output, "cannot be written");
    // Some drivers report only when closing.
    GDALFlushCache(written.get());
    if (CPLGetLastErrorType() == CE_Failure) return QuietGdal::error(arguments.output, "cannot be written");
    return Status();
}

}  // namespace

int decode(const DecodeArguments& arguments) {
    if (const Status status = register_drivers(); !status.ok()) return fail(status.message());
    QuietGdal gdal;
    std::vector<std::string> open_options;
    if (arguments.lenient) open_options.emplace_back("STRICT=NO");
    if (arguments.threads > 0) open_options.emplace_back("NUM_THREADS=" + std::to_string(arguments.threads));
    const auto source = open_picture(arguments.input, "NAE", open_options);
    if (!source.ok()) return fail(source.status().message());

    std::string format = arguments.format;
    if (format.empty()) {
        const auto found =
            arguments.output == "-" ? Result<std::string>(std::string("PNG")) : driver_for(arguments.output);
        if (!found.ok()) return fail(found.status().message());
        format = found.value();
    }
    catch_interrupts();
    const auto output = PendingOutput::create(arguments.output, format);
    if (!output.ok()) return fail(output.status().message());
    Status status;
    {
        ProgressBar bar(arguments.output == "-" ? "decoding" : arguments.output, arguments.quiet);
        status = translate(arguments, source.value().get(), format, output.value()->path(), bar);
    }
    if (interrupted()) return say_interrupted();
    if (status.ok()) status = output.value()->commit();
    if (!status.ok()) return fail(status.message());
    for (const std::string& warning : gdal.warnings())
        std::fprintf(stderr, "nae: warning: %s\n", warning.c_str());
    return kSuccess;
}

}  // namespace nae::tool
