// gdal_translate in.tif out.nae: any GDAL dataset of one or three Byte bands into a .nae file.
#pragma once

#include "plugins/gdal/compat.h"

namespace nae::gdal {

// GDALDriver::pfnCreateCopy. On failure one CPLError, a null pointer, and no file under the name.
GDALDataset* create_copy(const char* filename, GDALDataset* source, int strict, CreateOptions options,
                         GDALProgressFunc progress, void* progress_data);

}  // namespace nae::gdal
