// What check_hardening.py must object to.
#include <cstring>

extern "C" __attribute__((visibility("default"))) size_t nae_unprotected(const char* text) {
    char copy[64];
    std::strcpy(copy, text);
    return std::strlen(copy);
}
