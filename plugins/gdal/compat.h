// The one place that knows how GDAL's own C++ interface changed between feature releases. The driver is
// written against the newest spelling; what an older (or newer) GDAL says differently is named here.
//
//   3.7   GDALDataset::FlushCache returns CPLErr (was void); GDALDataset::Close appears
//   3.10  GDALDataset::IRasterIO takes its band map as BANDMAP_TYPE (was int*)
//   3.12  GDALDataset::GetGeoTransform(GDALGeoTransform&) const replaces GetGeoTransform(double*)
//   3.13  GetMetadata returns CSLConstList; CreateCopy takes its options as CSLConstList
//
// The driver keeps away from FlushCache, Close and GetMetadata on purpose: it fills the metadata containers
// of GDALMajorObject when a file is opened, which needs no override in any version.
#pragma once

#include <gdal_pam.h>
#include <gdal_priv.h>
#include <gdal_version.h>

#if GDAL_VERSION_NUM < GDAL_COMPUTE_VERSION(3, 6, 0)
#error "the NAE driver needs GDAL 3.6 or newer"
#endif

namespace nae::gdal {

// The type of the option list that GDAL hands to pfnCreateCopy.
#if GDAL_VERSION_NUM >= GDAL_COMPUTE_VERSION(3, 13, 0)
using CreateOptions = CSLConstList;
#else
using CreateOptions = char**;
#endif

// The type of the list of bands in IRasterIO.
#ifdef BANDMAP_TYPE
using BandMap = BANDMAP_TYPE;
#else
using BandMap = int*;
#endif

// The six coefficients of a dataset, through the C entry point, which is the same in every version.
inline bool get_geo_transform(GDALDataset& dataset, double six[6]) {
    return GDALGetGeoTransform(GDALDataset::ToHandle(&dataset), six) == CE_None;
}

}  // namespace nae::gdal

// Overrides GetGeoTransform in a class derived from GDALPamDataset: what a side file says comes first, then
// `bool geo_transform(double* six) const` of the class, which returns false where the file has none.
#if GDAL_VERSION_NUM >= GDAL_COMPUTE_VERSION(3, 12, 0)
#define NAE_OVERRIDE_GET_GEO_TRANSFORM                                      \
    CPLErr GetGeoTransform(GDALGeoTransform& gt) const override {           \
        if (GDALPamDataset::GetGeoTransform(gt) == CE_None) return CE_None; \
        return geo_transform(gt.data()) ? CE_None : CE_Failure;             \
    }
#else
#define NAE_OVERRIDE_GET_GEO_TRANSFORM                                       \
    CPLErr GetGeoTransform(double* six) override {                           \
        if (GDALPamDataset::GetGeoTransform(six) == CE_None) return CE_None; \
        return geo_transform(six) ? CE_None : CE_Failure;                    \
    }
#endif
