// SHA-256 with the SHA extensions of x86 processors. Opening a picture hashes its model, which takes longer
// than reading a window otherwise.
#include "codec/sha256.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

namespace nae {
namespace {

bool has_sha() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    // SSE4.1 and SSSE3 come with every processor that has SHA, but asking costs nothing.
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1u << 29)) != 0;
}

__m128i load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
void store(void* p, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }

__attribute__((target("sha,sse4.1,ssse3"))) void hardware_blocks(uint32_t state[8], const uint8_t* p,
                                                                 size_t blocks) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions want the state as (a, b, e, f) and (c, d, g, h), highest lane first.
    const __m128i badc = _mm_shuffle_epi32(load(state), 0xB1),
                  hgfe = _mm_shuffle_epi32(load(state + 4), 0x1B);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
    for (; blocks > 0; --blocks, p += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];  // the last 16 words of the schedule
        for (int i = 0; i < 4; ++i) w[i] = _mm_shuffle_epi8(load(p + 16 * i), big_endian);
        for (int r = 0; r < 16; ++r) {  // four rounds each
            const __m128i sum = _mm_add_epi32(w[r % 4], load(kSha256Round + 4 * r));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
            const __m128i w3 = w[(r + 3) % 4];
            const __m128i part = _mm_add_epi32(_mm_sha256msg1_epu32(w[r % 4], w[(r + 1) % 4]),
                                               _mm_alignr_epi8(w3, w[(r + 2) % 4], 4));
            w[r % 4] = _mm_sha256msg2_epu32(part, w3);  // the last four are not needed
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    store(state, _mm_blend_epi16(feba, dchg, 0xF0));
    store(state + 4, _mm_alignr_epi8(dchg, feba, 8));
}

}  // namespace

void (*sha256_hardware_blocks())(uint32_t state[8], const uint8_t* p, size_t blocks) {
    static const bool available = has_sha();
    return available ? hardware_blocks : nullptr;
}

}  // namespace nae

#else

namespace nae {
void (*sha256_hardware_blocks())(uint32_t state[8], const uint8_t* p, size_t blocks) { return nullptr; }
}  // namespace nae

#endif
