#include "codec/engine_kernels.h"
namespace nae { const Kernels* simd_kernels(EngineLevel) { return nullptr; } }
