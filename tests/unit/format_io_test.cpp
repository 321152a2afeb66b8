// Byte sources and sinks.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "format/byte_sink.h"
#include "format/byte_source.h"
#include "tests/support/folder.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

TEST_CASE("sources read exactly what is asked or say truncated", "[format][io]") {
    const Folder folder;
    const std::string path = folder.file("a");
    put(path, "0123456789");
    const auto file = FileSource::open(path);
    REQUIRE(file.ok());
    const MemorySource owning(Bytes{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}, "memory");
    const auto cached = PrefixCachedSource::open(owning, 4);
    REQUIRE(cached.ok());
    for (const ByteSource* source :
         {static_cast<const ByteSource*>(file.value().get()), static_cast<const ByteSource*>(&owning),
          static_cast<const ByteSource*>(cached.value().get())}) {
        CAPTURE(source->name());
        CHECK(source->size() == 10);
        for (uint64_t begin = 0; begin <= 11; ++begin) {
            for (size_t n = 0; n <= 11; ++n) {
                std::string got(n, '?');
                const Status status = source->read(begin, got.data(), n);
                CHECK(status.ok() == (begin + n <= 10));
                if (status.ok()) CHECK(got == std::string("0123456789").substr(begin, n));
                if (!status.ok()) CHECK(status.code() == ErrorCode::truncated);
            }
        }
        char byte = 0;
        CHECK(source->read(~uint64_t{0}, &byte, 1).code() == ErrorCode::truncated);
        const auto all = read_all(*source, 10);
        REQUIRE(all.ok());
        CHECK(all.value().size() == 10);
        CHECK(read_all(*source, 9).status().code() == ErrorCode::limit_exceeded);
    }
}

TEST_CASE("the prefix is read once, however often it is asked for", "[format][io]") {
    struct Counting : MemorySource {
        using MemorySource::MemorySource;
        Status read(uint64_t offset, void* dst, size_t n) const override {
            ++reads;
            return MemorySource::read(offset, dst, n);
        }
        mutable int reads = 0;
    };
    const Counting base(full_file(), "counted");
    const auto layout = read_layout(base);
    REQUIRE(layout.ok());
    // The whole file fits: one request for everything but the tiles.
    CHECK(base.reads == 1);
}

TEST_CASE("files that cannot be opened are named with the reason", "[format][io]") {
    const Folder folder;
    const auto absent = FileSource::open(folder.file("none.nae"));
    CHECK(absent.status().code() == ErrorCode::io);
    CHECK(contains(absent.status().message(), folder.file("none.nae")));
    CHECK(contains(absent.status().message(), "No such file or directory"));
    CHECK(contains(FileSource::open(folder.file("")).status().message(), "Is a directory"));
    CHECK(FileSource::open("/dev/null").status().code() == ErrorCode::io);
}

TEST_CASE("a file that shrinks while it is read is an error", "[format][io]") {
    const Folder folder;
    put(folder.file("a"), "0123456789");
    const auto source = FileSource::open(folder.file("a"));
    REQUIRE(source.ok());
    fs::resize_file(folder.file("a"), 4);
    char bytes[10];
    CHECK(source.value()->read(0, bytes, 10).code() == ErrorCode::truncated);
}

TEST_CASE("a file sink shows the file only when committed", "[format][io]") {
    const Folder folder;
    const std::string path = folder.file("out.nae");
    {
        const auto sink = FileSink::create(path);
        REQUIRE(sink.ok());
        REQUIRE(sink.value()->write("abc", 3).ok());
        REQUIRE(sink.value()->write("", 0).ok());
        CHECK_FALSE(fs::exists(path));
        REQUIRE(sink.value()->write("def", 3).ok());
        REQUIRE(sink.value()->commit().ok());
        CHECK(content(path) == "abcdef");
        CHECK(sink.value()->write("x", 1).code() == ErrorCode::internal);
        CHECK(sink.value()->commit().code() == ErrorCode::internal);
    }
    CHECK(content(path) == "abcdef");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("an abandoned file sink leaves nothing behind and the old file alone", "[format][io]") {
    const Folder folder;
    const std::string path = folder.file("out.nae");
    {
        const auto sink = FileSink::create(path);
        REQUIRE(sink.ok());
        REQUIRE(sink.value()->write("abc", 3).ok());
    }
    CHECK(folder.names().size() == 0);

    put(path, "old");
    {
        const auto sink = FileSink::create(path);
        REQUIRE(sink.ok());
        REQUIRE(sink.value()->write("abc", 3).ok());
        CHECK(content(path) == "old");
    }
    CHECK(content(path) == "old");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("replacing a file keeps its permissions and the link that leads to it", "[format][io]") {
    const Folder folder;
    put(folder.file("real.nae"), "old");
    fs::permissions(folder.file("real.nae"), fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("real.nae", folder.file("link.nae"));
    const auto sink = FileSink::create(folder.file("link.nae"));
    REQUIRE(sink.ok());
    REQUIRE(sink.value()->write("new", 3).ok());
    REQUIRE(sink.value()->commit().ok());
    CHECK(fs::is_symlink(folder.file("link.nae")));
    CHECK(content(folder.file("real.nae")) == "new");
    CHECK(fs::status(folder.file("real.nae")).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(folder.names().size() == 2);
}

TEST_CASE("a path that cannot be written is named with the reason", "[format][io]") {
    const Folder folder;
    put(folder.file("file"), "x");
    const std::pair<std::string, std::string> cases[] = {
        {folder.file("absent/out.nae"), "No such file or directory"},
        {folder.file("file/out.nae"), "Not a directory"},
        {folder.file(""), "Is a directory"},
    };
    for (const auto& [path, reason] : cases) {
        CAPTURE(path);
        const auto sink = FileSink::create(path);
        REQUIRE_FALSE(sink.ok());
        CHECK(sink.status().code() == ErrorCode::io);
        CHECK(contains(sink.status().message(), path));
        CHECK(contains(sink.status().message(), reason));
    }
    CHECK(folder.names().size() == 1);
}

TEST_CASE("a full disk is an error that names the file", "[format][io]") {
    if (!fs::exists("/dev/full")) return;
    const auto sink = FileSink::create("/dev/full");
    REQUIRE(sink.ok());
    const Bytes block(100000);
    Status status = sink.value()->write(block.data(), block.size());
    if (status.ok()) status = sink.value()->commit();
    CHECK(status.code() == ErrorCode::io);
    CHECK(contains(status.message(), "/dev/full"));
    CHECK(contains(status.message(), "No space left"));
    CHECK(fs::exists("/dev/full"));
}
