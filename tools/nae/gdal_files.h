// Pictures through GDAL: drivers, opening, "-" for the standard streams, and output that appears whole or not at
// all.
#ifndef NAE_TOOLS_NAE_GDAL_FILES_H_
#define NAE_TOOLS_NAE_GDAL_FILES_H_

#include <gdal.h>

#include <memory>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae::tool {

struct CloseDataset {
    void operator()(void* dataset) const { GDALClose(dataset); }
};
using DatasetPtr = std::unique_ptr<void, CloseDataset>;

// Makes GDAL's drivers known, ours among them, also where its plugin lies beside this program rather than where
// GDAL looks. Error: unsupported when there is no NAE driver.
Status register_drivers();

// GDAL's messages are kept while this exists, and become ours.
class QuietGdal {
  public:
    QuietGdal();
    ~QuietGdal();
    QuietGdal(const QuietGdal&) = delete;
    QuietGdal& operator=(const QuietGdal&) = delete;
    // Warnings so far, in order.
    const std::vector<std::string>& warnings() const { return warnings_; }
    // The last error as a status that names `path`, or `otherwise` where GDAL gave no reason.
    static Status error(const std::string& path, const std::string& otherwise);

  private:
    static void CPL_STDCALL handle(CPLErr level, CPLErrorNum number, const char* message);
    std::vector<std::string> warnings_;
};

// Opens a picture; "-" reads all of standard input first. `driver` may be empty: any.
Result<DatasetPtr> open_picture(const std::string& path, const char* driver,
                                const std::vector<std::string>& open_options = {});

// Short name of the driver that writes files of this name. Error: invalid_argument.
Result<std::string> driver_for(const std::string& path);

// A folder beside `path` into which a driver writes the file and whatever else it thinks belongs to it. commit()
// moves them all to where they belong; without it they vanish. For "-" the file goes to standard output.
class PendingOutput {
  public:
    static Result<std::unique_ptr<PendingOutput>> create(const std::string& path,
                                                         const std::string& extension);
    ~PendingOutput();
    PendingOutput(const PendingOutput&) = delete;
    PendingOutput& operator=(const PendingOutput&) = delete;

    // What the driver is to write.
    const std::string& path() const { return written_; }
    Status commit();

  private:
    PendingOutput() = default;
    std::string target_;  // "-" for standard output
    std::string folder_;  // "" when the target is written directly (a device)
    std::string written_;
};

}  // namespace nae::tool

#endif  // NAE_TOOLS_NAE_GDAL_FILES_H_
