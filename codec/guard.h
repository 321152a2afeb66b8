// No exception leaves a public function of ours; the standard library's become errors here.
#ifndef NAE_CODEC_GUARD_H_
#define NAE_CODEC_GUARD_H_

#include <exception>
#include <new>
#include <string>

#include "format/status.h"

namespace nae {

// f(), or the error that its exception means. f returns Status or Result<T>.
template <class F>
auto guarded(F&& f) -> decltype(f()) {
    try {
        return f();
    } catch (const std::bad_alloc&) {
        return Status(ErrorCode::limit_exceeded, "out of memory");
    } catch (const std::exception& e) {
        return Status(ErrorCode::internal, std::string("unexpected exception: ") + e.what());
    }
}

}  // namespace nae

#endif  // NAE_CODEC_GUARD_H_
