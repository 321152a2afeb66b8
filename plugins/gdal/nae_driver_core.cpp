#include "plugins/gdal/nae_driver_core.h"

#include <cstring>

#include "format/container.h"

namespace nae::gdal {

namespace {

constexpr const char* kCreationOptions =
    "<CreationOptionList>"
    "  <Option name='QUALITY' type='float' min='1' max='100' default='75'"
    " description='Quality, 1 (smallest file) to 100 (best picture); fractions are allowed'/>"
    "  <Option name='EFFORT' type='int' min='1' max='9' default='5'"
    " description='Time spent on encoding, 1 (fastest) to 9 (smallest file); never costs decoding time'/>"
    "  <Option name='TUNE' type='string-select' default='PSNR'"
    " description='What the encoder goes by: PSNR, or structural similarity: less for busy parts, more for "
    "calm ones'>"
    "    <Value>PSNR</Value><Value>SSIM</Value>"
    "  </Option>"
    "  <Option name='TARGET_BPP' type='float' min='0'"
    " description='Instead of QUALITY: at most so many bits per pixel of the whole file, within 3 percent'/>"
    "  <Option name='TARGET_PSNR' type='float' min='0'"
    " description='Instead of QUALITY: at least this PSNR in dB, within 0.1'/>"
    "  <Option name='TARGET_SIZE' type='float' min='0'"
    " description='Instead of QUALITY: at most so many bytes, within 3 percent'/>"
    "  <Option name='LOSSLESS_ALPHA' type='boolean' default='YES'"
    " description='YES: alpha is kept exactly. NO: it is coded like any other band'/>"
    "  <Option name='OVERVIEWS' type='string-select'"
    " description='AUTO: existing overviews are taken over, missing ones made; IGNORE_EXISTING: all are "
    "made; "
    "default: AUTO above 16 megapixels, else NONE'>"
    "    <Value>AUTO</Value><Value>IGNORE_EXISTING</Value><Value>NONE</Value>"
    "  </Option>"
    "  <Option name='OVERVIEW_RESAMPLING' type='string-select' default='AVERAGE'"
    " description='Method for overviews that are made'>"
    "    <Value>AVERAGE</Value><Value>NEAREST</Value><Value>BILINEAR</Value><Value>CUBIC</Value>"
    "    <Value>CUBICSPLINE</Value><Value>LANCZOS</Value><Value>MODE</Value><Value>RMS</Value>"
    "  </Option>"
    "  <Option name='MODEL' type='string' default='photo'"
    " description='Name, ID or file of the model to encode with'/>"
    "  <Option name='EMBED_MODEL' type='boolean' default='NO'"
    " description='Whether to store the model&apos;s decoding part in the file itself'/>"
    "  <Option name='LABEL' type='int' min='0' max='255'"
    " description='The picture&apos;s class, for research models that are told it (mnist-cvae: the digit)'/>"
    "  <Option name='BLOCKSIZE' type='int' min='64' max='4096' default='512'"
    " description='Width and height of a tile in pixels, a power of two'/>"
    "  <Option name='NUM_THREADS' type='string' default='ALL_CPUS'"
    " description='Number of threads, or ALL_CPUS; overrides GDAL_NUM_THREADS'/>"
    "  <Option name='WRITE_METADATA' type='boolean' default='YES'"
    " description='NO: only what places and interprets the pixels, no other metadata domains'/>"
    "</CreationOptionList>";

constexpr const char* kOpenOptions =
    "<OpenOptionList>"
    "  <Option name='NUM_THREADS' type='string' default='ALL_CPUS'"
    " description='Number of threads, or ALL_CPUS; overrides GDAL_NUM_THREADS'/>"
    "  <Option name='MODEL_PATH' type='string'"
    " description='Directories to look for models in, separated by colons, before the usual ones'/>"
    "  <Option name='STRICT' type='boolean' default='YES'"
    " description='YES: a damaged tile fails the read. NO: it is reported as a warning and filled with "
    "gray'/>"
    "</OpenOptionList>";

}  // namespace

int identify(GDALOpenInfo* info) {
    return info->fpL != nullptr && info->nHeaderBytes >= static_cast<int>(kPictureSignature.size()) &&
           std::memcmp(info->pabyHeader, kPictureSignature.data(), kPictureSignature.size()) == 0;
}

void set_driver_metadata(GDALDriver* driver) {
    driver->SetDescription(kDriverName);
    driver->SetMetadataItem(GDAL_DCAP_RASTER, "YES");
    driver->SetMetadataItem(GDAL_DCAP_VIRTUALIO, "YES");
    driver->SetMetadataItem(GDAL_DCAP_COORDINATE_EPOCH, "YES");
    driver->SetMetadataItem(GDAL_DMD_LONGNAME, "NAE learned image codec");
    driver->SetMetadataItem(GDAL_DMD_HELPTOPIC, "drivers/raster/nae.html");
    driver->SetMetadataItem(GDAL_DMD_EXTENSION, "nae");
    driver->SetMetadataItem(GDAL_DMD_EXTENSIONS, "nae");
    driver->SetMetadataItem(GDAL_DMD_MIMETYPE, "image/x-nae");
    driver->SetMetadataItem(GDAL_DMD_CREATIONDATATYPES, "Byte UInt16 Int16 UInt32 Int32 Float32");
    driver->SetMetadataItem(GDAL_DMD_CREATIONOPTIONLIST, kCreationOptions);
    driver->SetMetadataItem(GDAL_DMD_OPENOPTIONLIST, kOpenOptions);
}

}  // namespace nae::gdal
