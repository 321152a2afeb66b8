// Test vectors of NIST (FIPS 180-4 examples and SHAVS).
#include "codec/sha256.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "format/text.h"

using namespace nae;

namespace {
std::string hex_of(const std::string& message) {
    const auto digest = sha256(message.data(), message.size());
    return to_hex(digest.data(), digest.size());
}
}  // namespace

TEST_CASE("SHA-256 of the published examples", "[sha256]") {
    CHECK(hex_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmn"
                 "opqrsmn"
                 "opqrstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(hex_of(std::string(1000000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how the message is cut", "[sha256]") {
    std::string message;
    for (int i = 0; i < 300; ++i) message += static_cast<char>(i * 7);
    for (size_t length : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 119u, 120u, 128u, 300u}) {
        const auto whole = sha256(message.data(), length);
        for (size_t piece : {1u, 3u, 64u, 100u}) {
            for (const bool portable : {false, true}) {
                Sha256 hash(portable);
                for (size_t at = 0; at < length; at += piece) {
                    hash.update(message.data() + at, std::min<size_t>(piece, length - at));
                }
                CHECK(hash.finish() == whole);
            }
        }
    }
}
