// What every file here that calls GDAL needs: handles that close, errors that become values.
#ifndef NAE_VIEWER_CORE_GDAL_ACCESS_H_
#define NAE_VIEWER_CORE_GDAL_ACCESS_H_

#include <cpl_error.h>
#include <gdal_priv.h>

#include <memory>
#include <string>

#include "format/status.h"

namespace nae {

struct CloseDataset {
    void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using DatasetPtr = std::unique_ptr<GDALDataset, CloseDataset>;

// GDAL's errors become values here, so they are kept from its handler, which would print them a second time.
class QuietErrors {
  public:
    QuietErrors() {
        CPLErrorReset();
        CPLPushErrorHandler(CPLQuietErrorHandler);
    }
    ~QuietErrors() { CPLPopErrorHandler(); }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
};

// The last error in GDAL's words, with the path in front unless they name it already.
Status gdal_error(const std::string& path, const char* doing);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_GDAL_ACCESS_H_
