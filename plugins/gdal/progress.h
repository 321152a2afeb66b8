// Asking the user whether to go on.
#pragma once

#include <cpl_progress.h>

namespace nae::gdal {

// The caller's progress function. Reading a slow source and writing to a slow target may take longer than a user
// who has changed his mind should wait: wanted() asks there, too, at the fraction last reported.
class Progress {
  public:
    Progress(GDALProgressFunc function, void* data)
        : function_(function != nullptr ? function : GDALDummyProgress), data_(data) {}
    // False: the user wants to stop.
    bool report(double fraction) {
        fraction_ = fraction;
        return wanted();
    }
    // Once it has said no, the user is not asked again.
    bool wanted() {
        if (wanted_) wanted_ = function_(fraction_, nullptr, data_) != FALSE;
        return wanted_;
    }

  private:
    GDALProgressFunc function_;
    void* data_;
    double fraction_ = 0;
    bool wanted_ = true;
};

// A GDALProgressFunc that asks a Progress.
inline int CPL_STDCALL ask_while_reading(double, const char*, void* data) {
    return static_cast<Progress*>(data)->wanted() ? TRUE : FALSE;
}

}  // namespace nae::gdal
