// Catch2 beside LibTorch: both define CHECK, and tests want Catch2's.
#pragma once

#include "codec/torch/libtorch.h"
#undef CHECK
#undef CHECK_EQ
#include <catch2/catch.hpp>
