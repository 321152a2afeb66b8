// nae encode: any picture that GDAL reads becomes a .nae file, through the GDAL driver.
#include <cpl_string.h>
#include <gdal_utils.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "tools/nae/commands.h"
#include "tools/nae/console.h"
#include "tools/nae/gdal_files.h"

namespace nae::tool {
namespace {

int CPL_STDCALL on_progress(double fraction, const char*, void* bar) {
    return static_cast<ProgressBar*>(bar)->update(fraction) ? TRUE : FALSE;
}

CPLStringList creation_options(const EncodeArguments& arguments) {
    CPLStringList options;
    for (const std::string& option : arguments.creation_options) options.AddString(option.c_str());
    if (arguments.quality) options.SetNameValue("QUALITY", CPLSPrintf("%.10g", *arguments.quality));
    if (arguments.effort) options.SetNameValue("EFFORT", CPLSPrintf("%d", *arguments.effort));
    if (!arguments.tune.empty()) options.SetNameValue("TUNE", arguments.tune.c_str());
    if (arguments.tile_size) options.SetNameValue("BLOCKSIZE", CPLSPrintf("%d", *arguments.tile_size));
    if (!arguments.model.empty()) options.SetNameValue("MODEL", arguments.model.c_str());
    if (arguments.embed_model) options.SetNameValue("EMBED_MODEL", "YES");
    if (arguments.threads > 0) options.SetNameValue("NUM_THREADS", CPLSPrintf("%d", arguments.threads));
    return options;
}

// A palette's indices mean nothing to a lossy codec: the colours they stand for are what is encoded.
Result<DatasetPtr> with_colours(DatasetPtr source, const std::string& name) {
    GDALColorTableH table = GDALGetRasterColorTable(GDALGetRasterBand(source.get(), 1));
    if (GDALGetRasterCount(source.get()) != 1 || table == nullptr) return source;
    bool alpha = false;
    for (int i = 0; i < GDALGetColorEntryCount(table); ++i)
        alpha = alpha || GDALGetColorEntry(table, i)->c4 < 255;
    CPLStringList arguments;
    for (const char* word : {"-of", "VRT", "-expand", alpha ? "rgba" : "rgb"}) arguments.AddString(word);
    GDALTranslateOptions* options = GDALTranslateOptionsNew(arguments.List(), nullptr);
    DatasetPtr expanded(GDALTranslate("", source.get(), options, nullptr));
    GDALTranslateOptionsFree(options);
    if (!expanded) return QuietGdal::error(name, "its palette cannot be expanded");
    // The VRT holds a reference to the source.
    return expanded;
}

std::string summary(const EncodeArguments& arguments, int width, int height) {
    struct stat file {};
    if (arguments.output == "-" || stat(arguments.output.c_str(), &file) != 0 || !S_ISREG(file.st_mode))
        return "standard output: written";
    const auto bytes = static_cast<unsigned long long>(file.st_size);
    return CPLSPrintf("%s: %dx%d, %s, %.3f bits per pixel", arguments.output.c_str(), width, height,
                      bytes_text(bytes).c_str(), 8.0 * static_cast<double>(bytes) / width / height);
}

}  // namespace

int encode(const EncodeArguments& arguments) {
    if (const Status status = register_drivers(); !status.ok()) return fail(status.message());
    QuietGdal gdal;
    auto opened = open_picture(arguments.input, nullptr);
    if (!opened.ok()) return fail(opened.status().message());
    auto source = with_colours(std::move(opened).value(), arguments.input);
    if (!source.ok()) return fail(source.status().message());

    catch_interrupts();
    ProgressBar bar(arguments.output == "-" ? "encoding" : arguments.output, arguments.quiet);
    // Beside the output and not onto it: GDAL deletes what stands there before it knows whether it succeeds.
    std::unique_ptr<PendingOutput> pending;
    if (arguments.output != "-") {
        auto created = PendingOutput::create(arguments.output, "nae");
        if (!created.ok()) return fail(created.status().message());
        pending = std::move(created).value();
    }
    const std::string output = pending ? pending->path() : "/vsistdout/";
    CPLErrorReset();
    DatasetPtr written(GDALCreateCopy(GDALGetDriverByName("NAE"), output.c_str(), source.value().get(), FALSE,
                                      creation_options(arguments).List(), on_progress, &bar));
    if (!written && interrupted()) return say_interrupted();
    if (!written) {
        const Status status = QuietGdal::error(output, "cannot be written");
        std::string words = status.message();
        // The user's name for it.
        if (const size_t at = words.find(output); at != std::string::npos && pending)
            words.replace(at, output.size(), arguments.output);
        return fail(words);
    }
    written.reset();  // side files are written now
    if (pending) {
        if (const Status status = pending->commit(); !status.ok()) return fail(status.message());
    }
    for (const std::string& warning : gdal.warnings())
        std::fprintf(stderr, "nae: warning: %s\n", warning.c_str());
    bar.conclude(summary(arguments, GDALGetRasterXSize(source.value().get()),
                         GDALGetRasterYSize(source.value().get())));
    return kSuccess;
}

}  // namespace nae::tool
