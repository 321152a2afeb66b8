// The module's entry point. GDAL opens this library in every process, so registering must cost next to
// nothing: two version numbers compared, a dozen strings stored.

#include "plugins/gdal/compat.h"
#include "plugins/gdal/nae_create_copy.h"
#include "plugins/gdal/nae_dataset.h"
#include "plugins/gdal/nae_driver_core.h"

extern "C" __attribute__((visibility("default"))) void GDALRegister_NAE();

void GDALRegister_NAE() {
    // The C++ interface changes from one feature release to the next: a plugin for another one must not run.
    if (!GDAL_CHECK_VERSION("NAE driver")) return;
    if (GDALGetDriverByName(nae::gdal::kDriverName) != nullptr) return;

    GDALDriver* driver = new GDALDriver();
    nae::gdal::set_driver_metadata(driver);
    driver->SetMetadataItem(GDAL_DCAP_OPEN, "YES");
    driver->SetMetadataItem(GDAL_DCAP_CREATECOPY, "YES");
    driver->pfnIdentify = nae::gdal::identify;
    driver->pfnOpen = nae::gdal::NaeDataset::open;
    driver->pfnCreateCopy = nae::gdal::create_copy;
    GetGDALDriverManager()->RegisterDriver(driver);
}
