// nae: .nae pictures on the command line. This file knows the options; each command has a file of its own.
#include <nae/nae.h>

#include <CLI/CLI.hpp>
#include <clocale>
#include <functional>
#include <string>

#include "tools/nae/commands.h"

namespace {

using namespace nae::tool;

constexpr char kExitCodes[] =
    "Exit codes: 0 success; 1 a file cannot be read or written, or is damaged; 2 wrong usage;\n"
    "130 interrupted, nothing half-written is left. Manual: man nae";

template <class Arguments>
void finish(CLI::App& command, Arguments& arguments, int (*run)(const Arguments&), int& result) {
    command.callback([&arguments, run, &result] { result = run(arguments); });
}

void add_common(CLI::App& command, int& threads, bool& quiet) {
    command.add_option("--threads", threads, "Computing threads; 0: all cores")->check(CLI::Range(0, 256));
    command.add_flag("--quiet", quiet, "No progress bar on a terminal");
}

void add_creation_options(CLI::App& command, std::vector<std::string>& options) {
    command.add_option("--co", options, "Creation option of the GDAL driver, NAME=VALUE; may be repeated")
        ->type_size(1)
        ->allow_extra_args(false);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("NAE learned image codec", "nae");
    app.set_version_flag("--version", std::string("nae ") + nae_version());
    app.require_subcommand(1);
    app.footer(kExitCodes);
    int result = kSuccess;

    EncodeArguments encode_arguments;
    CLI::App& encode_command = *app.add_subcommand("encode", "Make a .nae file of a picture that GDAL reads");
    encode_command.add_option("input", encode_arguments.input, "Picture; - is standard input")->required();
    encode_command.add_option("output", encode_arguments.output, ".nae file; - is standard output")
        ->required();
    encode_command
        .add_option("-q,--quality", encode_arguments.quality,
                    "1 (smallest) to 100 (best), fractions allowed; default 75")
        ->check(CLI::Range(1.0, 100.0));
    encode_command
        .add_option("-e,--effort", encode_arguments.effort,
                    "1 (fastest) to 9 (smallest file); never costs decoding time; default 5")
        ->check(CLI::Range(1, 9));
    encode_command
        .add_option("--tune", encode_arguments.tune, "What the encoder goes by: psnr, the default, or ssim")
        ->check(CLI::IsMember({"psnr", "ssim"}, CLI::ignore_case));
    encode_command.add_option("--model", encode_arguments.model,
                              "Name, ID or file of the model; default photo");
    encode_command.add_flag("--embed-model", encode_arguments.embed_model,
                            "Store the model's decoding part in the file");
    encode_command
        .add_option("--tile-size", encode_arguments.tile_size, "Pixels, a power of two; default 512")
        ->check(CLI::Range(64, 4096));
    add_common(encode_command, encode_arguments.threads, encode_arguments.quiet);
    add_creation_options(encode_command, encode_arguments.creation_options);
    finish(encode_command, encode_arguments, encode, result);

    DecodeArguments decode_arguments;
    CLI::App& decode_command = *app.add_subcommand("decode", "Make a picture of a .nae file");
    decode_command.add_option("input", decode_arguments.input, ".nae file; - is standard input")->required();
    decode_command.add_option("output", decode_arguments.output, "Picture; - is standard output")->required();
    decode_command.add_option("-f,--format", decode_arguments.format,
                              "GDAL format, as PNG or GTiff; default: by the extension, PNG for -");
    decode_command.add_option("-w,--window", decode_arguments.window, "Only these pixels: X Y WIDTH HEIGHT");
    decode_command.add_flag("--lenient", decode_arguments.lenient,
                            "Damaged tiles become gray, with a warning");
    add_common(decode_command, decode_arguments.threads, decode_arguments.quiet);
    add_creation_options(decode_command, decode_arguments.creation_options);
    finish(decode_command, decode_arguments, decode, result);

    InfoArguments info_arguments;
    CLI::App& info_command = *app.add_subcommand("info", "Say what a .nae file holds, without decoding it");
    info_command.add_option("files", info_arguments.files, ".nae files; - is standard input")->required();
    info_command.add_flag("--json", info_arguments.json, "An array with an object for each file");
    finish(info_command, info_arguments, info, result);

    CompareArguments compare_arguments;
    CLI::App& compare_command =
        *app.add_subcommand("compare", "PSNR, SSIM and MS-SSIM of two 8-bit pictures, band by band");
    compare_command.add_option("original", compare_arguments.original, "A picture that GDAL reads")
        ->required();
    compare_command.add_option("other", compare_arguments.other, "Another of the same size")->required();
    compare_command.add_option("--csv", compare_arguments.csv,
                               "Also write the figures as CSV; - is standard output");
    compare_command.add_option("--heatmap", compare_arguments.heatmap,
                               "Also write a PNG of the absolute differences");
    compare_command.add_flag("--json", compare_arguments.json, "Print JSON instead of the table");
    finish(compare_command, compare_arguments, compare, result);

    ModelsArguments models_arguments;
    CLI::App& models_command = *app.add_subcommand("models", "List the models that are installed");
    models_command.add_flag("--json", models_arguments.json, "An array with an object for each model file");
    finish(models_command, models_arguments, models, result);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kSuccess : kUsage;
    }
    return result;
}
