// One translation unit holds Catch2 itself, so that the tests compile quickly.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
