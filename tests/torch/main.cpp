// LibTorch defines a macro CHECK of its own; Catch2 comes after it and takes the name over.
#include <torch/torch.h>
#undef CHECK
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
