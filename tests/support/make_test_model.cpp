// make_test_model NAME SEED FILE.nam: writes a model for the tests, see block_model.h.

#include <cstdio>
#include <cstdlib>

#include "codec/model.h"
#include "tests/support/block_model.h"

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: make_test_model NAME SEED FILE.nam\n");
        return 2;
    }
    const nae::Model model =
        nae::test::make_block_model(argv[1], static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
    const nae::Status status = nae::save_model(model, argv[3]);
    if (!status.ok()) {
        std::fprintf(stderr, "make_test_model: %s\n", status.message().c_str());
        return 1;
    }
    return 0;
}
