// The stream that LibTorch's operators use when called from this thread.
#pragma once

#ifdef NAE_WITH_CUDA
#include <c10/cuda/CUDAStream.h>

namespace nae::training {

inline void* current_stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

}  // namespace nae::training
#endif
