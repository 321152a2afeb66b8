#include "training/rate_kernels.h"

#include "training/clones.h"
#include "training/rate_element.h"

namespace nae::training {

NAE_CLONES void gaussian_bits_kernel(int64_t n, const float* v, const float* s, float least, float* bits,
                                     float* dv, float* ds) {
    for (int64_t i = 0; i < n; ++i) {
        const GaussianBitsElement e = gaussian_bits_element(v[i], s[i], least);
        bits[i] = e.bits;
        dv[i] = e.dv;
        ds[i] = e.ds;
    }
}

NAE_CLONES void rate_aware_round_kernel(int64_t n, const float* v, const float* s, const float* weight,
                                        float least_scale, float least, float* symbols) {
    for (int64_t i = 0; i < n; ++i)
        symbols[i] = rate_aware_round_element(v[i], s[i], weight[i], least_scale, least);
}

}  // namespace nae::training
