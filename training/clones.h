// Functions compiled for several instruction sets, one of which is chosen at run time.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NAE_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define NAE_CLONES
#endif
// What such a function calls must be part of it.
#define NAE_INLINE __attribute__((always_inline)) inline
