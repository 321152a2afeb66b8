// Small helpers for putting messages together.
#ifndef NAE_FORMAT_TEXT_H_
#define NAE_FORMAT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

namespace nae {

// The arguments written one after another, as operator<< writes them (careful: uint8_t is a character).
template <class... Args>
std::string cat(const Args&... args) {
    std::ostringstream out;
    (out << ... << args);
    return out.str();
}

// Bytes as lower-case hexadecimal, without separators.
std::string to_hex(const void* bytes, size_t size);

// Bytes from a file made safe for a terminal: printable ASCII stays, everything else becomes \xNN.
std::string printable(const void* bytes, size_t size);

// True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF)
// without control characters (U+0000..U+001F, U+007F..U+009F).
bool is_plain_utf8(const std::string& text);

// The operating system's wording of an errno value.
std::string errno_text(int error);

}  // namespace nae

#endif  // NAE_FORMAT_TEXT_H_
