// Writers that are killed, run out of room, or meet one another: the old file is intact or the new one is complete.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "format/text.h"
#include "tests/robust/tiny_file.h"
#include "tests/support/folder.h"

using namespace nae;
using namespace nae::test;
namespace fs = std::filesystem;

namespace {

Bytes content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return Bytes(text.begin(), text.end());
}

void put(const std::string& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// Runs `body` in a child process, with its exit status.
pid_t start(const std::function<int()>& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(body());
    return child;
}

int result_of(pid_t child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// A whole conversion: pixels to a file under its final name.
Status convert(const Picture& picture, const std::string& path) {
    TinyAnalysis analysis;
    MemoryImageSource image(picture.pixels.data(), picture.width, picture.height, picture.bands);
    NAE_ASSIGN_OR_RETURN(const auto sink, FileSink::create(path));
    EncoderOptions options = tiny_options(analysis);
    options.threads = 2;
    NAE_RETURN_IF_ERROR(encode(options, image, Metadata(), *sink));
    return sink->commit();
}

// Many small writes, so that a kill meets one.
Status copy_slowly(const Bytes& bytes, const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const auto sink, FileSink::create(path));
    for (size_t at = 0; at < bytes.size(); at += 512)
        NAE_RETURN_IF_ERROR(sink->write(bytes.data() + at, std::min<size_t>(512, bytes.size() - at)));
    return sink->commit();
}

}  // namespace

TEST_CASE("writers: killed at a hundred random moments, the file is the old or the new one", "[writer]") {
    const Folder folder;
    const std::string path = folder.file("picture.nae");
    const Picture pictures[] = {make_picture(300, 200, 3, 1), make_picture(280, 210, 3, 2)};
    const Bytes valid[] = {tiny_file(1, 1),
                           [&] {
                               REQUIRE(convert(pictures[0], folder.file("a")).ok());
                               return content(folder.file("a"));
                           }(),
                           [&] {
                               REQUIRE(convert(pictures[1], folder.file("b")).ok());
                               return content(folder.file("b"));
                           }()};
    put(path, valid[0]);
    std::mt19937 random(11);
    int changed = 0, left_behind = 0;
    unsigned latest = 60000;  // moment of a kill, microseconds
    for (int i = 0; i < 100; ++i) {
        // A busy machine, or an instrumented build on one, may hardly finish a file in that time.
        if (i % 10 == 9 && 5 * changed < i) latest = std::min(2 * latest, 960000U);
        const Bytes before = content(path);
        const pid_t child = start([&] {
            for (int k = 0;; ++k)
                if (!(k % 4 == 3 ? copy_slowly(valid[1 + k / 4 % 2], path) : convert(pictures[k % 2], path))
                         .ok())
                    return 1;
        });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % latest));
        ::kill(child, SIGKILL);
        REQUIRE(result_of(child) == -SIGKILL);
        const Bytes now = content(path);
        REQUIRE(std::find(std::begin(valid), std::end(valid), now) != std::end(valid));
        changed += now != before;
    }
    for (const std::string& name : folder.names()) {
        if (name == "picture.nae" || name == "a" || name == "b") continue;
        ++left_behind;
        CHECK_THAT(name, Catch::StartsWith(".nae-") && Catch::EndsWith(".part"));
    }
    CHECK(changed > 0);  // the kills came late enough for some conversion to end
    WARN("100 kills, " << changed << " times a new file was complete, " << left_behind
                       << " temporaries left");
}

TEST_CASE("writers: out of room, the old file stays and nothing is left behind", "[writer]") {
    const Folder folder;
    const std::string path = folder.file("picture.nae");
    const Bytes old = tiny_file(70, 40);
    put(path, old);
    const Picture picture = make_picture(300, 200, 3);
    // A limit on file sizes fails a write as a full disk and a quota do, at any byte.
    for (const rlim_t limit : {0, 1, 500, 1000, 1500}) {
        CAPTURE(limit);
        const pid_t child = start([&] {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit size{limit, limit};
            ::setrlimit(RLIMIT_FSIZE, &size);
            return static_cast<int>(convert(picture, path).code());
        });
        CHECK(result_of(child) == static_cast<int>(ErrorCode::io));
        CHECK((content(path) == old));
        CHECK(folder.names() == std::vector<std::string>{"picture.nae"});
    }
    // The same where the limit's signal ends the process.
    const pid_t child = start([&] {
        const rlimit size{600, 600};
        ::setrlimit(RLIMIT_FSIZE, &size);
        return static_cast<int>(convert(picture, path).code());
    });
    CHECK(result_of(child) != 0);
    CHECK((content(path) == old));
}

TEST_CASE("writers: a read-only folder is an error that names the file", "[writer]") {
    const Folder folder;
    const std::string path = folder.file("locked/picture.nae");
    fs::create_directory(folder.file("locked"));
    put(path, tiny_file(70, 40));
    const Bytes old = content(path);
    // Everybody may look into both, as the process without privileges below must.
    const fs::perms look = fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read |
                           fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec;
    fs::permissions(folder.file("."), fs::perms::owner_all | look);
    fs::permissions(folder.file("locked"), look);
    const pid_t child = start([&] {
        // The administrator may write everywhere.
        if (::geteuid() == 0 && ::setuid(65534) != 0) return 100;
        const Status status = convert(make_picture(20, 20, 3), path);
        return contains(status.message(), path) ? static_cast<int>(status.code()) : 101;
    });
    const int result = result_of(child);
    fs::permissions(folder.file("locked"), fs::perms::owner_all);
    CHECK(result == static_cast<int>(ErrorCode::io));
    CHECK((content(path) == old));
}

TEST_CASE("writers: two processes under one name, a reader sees only whole files", "[writer]") {
    const Folder folder;
    const std::string path = folder.file("picture.nae");
    const Picture pictures[] = {make_picture(90, 70, 3, 1), make_picture(70, 90, 3, 2)};
    REQUIRE(convert(pictures[0], path).ok());
    pid_t writers[2];
    for (int w = 0; w < 2; ++w)
        writers[w] = start([&, w] {
            for (int i = 0; i < 150; ++i)
                if (!convert(pictures[w], path).ok()) return 1;
            return 0;
        });
    int reads = 0, bad = 0;
    for (; ::waitpid(writers[0], nullptr, WNOHANG) == 0; ++reads) bad += !read_pixels(content(path)).ok();
    CHECK(bad == 0);
    CHECK(reads > 0);
    CHECK(result_of(writers[1]) == 0);
    CHECK(folder.names() == std::vector<std::string>{"picture.nae"});
}
