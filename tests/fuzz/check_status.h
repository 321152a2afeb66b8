// What every harness demands of an error: "internal" means a bug of ours, and a message says what went wrong.
#ifndef NAE_TESTS_FUZZ_CHECK_STATUS_H_
#define NAE_TESTS_FUZZ_CHECK_STATUS_H_

#include <cstdio>
#include <cstdlib>

#include "format/status.h"

namespace nae {

inline void check_status(const Status& status) {
    if (status.ok()) return;
    if (status.code() != ErrorCode::internal && !status.message().empty()) return;
    std::fprintf(stderr, "%s: '%s'\n", error_code_name(status.code()), status.message().c_str());
    std::abort();
}

}  // namespace nae

#endif  // NAE_TESTS_FUZZ_CHECK_STATUS_H_
