#include "format/text.h"

#include <system_error>

namespace nae {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

}  // namespace

std::string to_hex(const void* bytes, size_t size) {
    const auto* p = static_cast<const uint8_t*>(bytes);
    std::string out;
    for (size_t i = 0; i < size; ++i) {
        out += kHexDigits[p[i] >> 4];
        out += kHexDigits[p[i] & 15];
    }
    return out;
}

std::string printable(const void* bytes, size_t size) {
    const auto* p = static_cast<const uint8_t*>(bytes);
    std::string out;
    for (size_t i = 0; i < size; ++i) {
        if (p[i] >= 0x20 && p[i] < 0x7F) {
            out += static_cast<char>(p[i]);
        } else {
            out += "\\x" + to_hex(p + i, 1);
        }
    }
    return out;
}

bool is_plain_utf8(const std::string& text) {
    // Smallest code point that needs 1, 2, 3, 4 bytes: a smaller one in that form is overlong.
    constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<uint8_t>(text[i]);
        size_t more = 0;
        uint32_t code = lead;
        if (lead >= 0xF8 || (lead & 0xC0) == 0x80) return false;
        if (lead >= 0xF0) {
            more = 3;
            code = lead & 0x07u;
        } else if (lead >= 0xE0) {
            more = 2;
            code = lead & 0x0Fu;
        } else if (lead >= 0xC0) {
            more = 1;
            code = lead & 0x1Fu;
        }
        if (text.size() - i <= more) return false;
        for (size_t k = 1; k <= more; ++k) {
            const auto byte = static_cast<uint8_t>(text[i + k]);
            if ((byte & 0xC0) != 0x80) return false;
            code = code << 6 | (byte & 0x3Fu);
        }
        if (code < kSmallest[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
        if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
        i += more + 1;
    }
    return true;
}

std::string errno_text(int error) { return std::generic_category().message(error); }

}  // namespace nae
