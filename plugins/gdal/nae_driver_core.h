// What GDAL must know about the driver before a single .nae file is touched: the signature test and the
// driver's metadata. Apart from the dataset, so that a process that never meets a .nae file pays for no
// more than this: no tables are built, no model is looked for, nothing else is loaded.
#pragma once

#include "plugins/gdal/compat.h"

namespace nae::gdal {

inline constexpr const char* kDriverName = "NAE";

// TRUE exactly when the file begins with the eight bytes of the .nae signature (format/FORMAT.md). The
// extension plays no part: a text file named .nae is not ours, and a .nae file under any name is.
int identify(GDALOpenInfo* info);

// Fills in names, extension, option lists and capabilities; entry points are set by the caller.
void set_driver_metadata(GDALDriver* driver);

}  // namespace nae::gdal
