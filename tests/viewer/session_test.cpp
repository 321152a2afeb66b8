// What is remembered, what can be done, and work in the background.
#include "viewer/core/session.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "viewer/core/actions.h"
#include "viewer/core/jobs.h"
#include "viewer/core/view_state.h"

TEST_CASE("Settings come back as they were written, whatever is in them", "[session]") {
    nae::Settings settings;
    settings.set("path", "/a folder/with = signs\\and\nline ends.tif");
    settings.set("zoom", 0.0625);
    const nae::Settings read = nae::Settings::parse("nonsense\n" + settings.write() + "= x\n");
    CHECK(read.text("path") == "/a folder/with = signs\\and\nline ends.tif");
    CHECK(read.number("zoom", 1) == 0.0625);
    CHECK(read.number("path", 3) == 3);
    CHECK(read.text("missing", "else") == "else");
}

TEST_CASE("Recent files are ten, newest first, none twice", "[session]") {
    nae::RecentFiles recent;
    for (int i = 0; i < 14; ++i) recent.add("/p" + std::to_string(i));
    recent.add("/p9");
    CHECK(recent.paths().size() == nae::RecentFiles::kMost);
    CHECK(recent.paths()[0] == "/p9");
    CHECK(recent.paths()[1] == "/p13");
    nae::Settings settings;
    recent.write_to(settings);
    nae::RecentFiles read;
    read.read_from(nae::Settings::parse(settings.write()));
    CHECK(read.paths() == recent.paths());
}

TEST_CASE("The view state survives a session; damaged values do no harm", "[session]") {
    nae::ViewState state;
    state.mode = nae::CompareMode::wipe;
    state.reset_panes();
    state.view = {12.5, 99, 3, false};
    state.wipe = 0.25;
    state.heat_kind = nae::HeatKind::delta_e;
    state.colours = nae::ColourMap::turbo;
    nae::Settings settings;
    state.write_to(settings);
    nae::ViewState read;
    read.read_from(settings);
    CHECK(read.mode == nae::CompareMode::wipe);
    CHECK(read.panes[1].entry == nae::Entry::jpeg);
    CHECK(read.view.centre_x == 12.5);
    CHECK_FALSE(read.view.fit);
    CHECK(read.wipe == 0.25);
    CHECK(read.heat_kind == nae::HeatKind::delta_e);
    CHECK(read.colours == nae::ColourMap::turbo);
    settings.set("mode", "nonsense");
    settings.set("view.zoom", "a lot");
    settings.set("wipe", 17);
    nae::ViewState other;
    other.read_from(settings);
    CHECK(other.mode == nae::CompareMode::three_up);
    CHECK(other.view.zoom == 1);
    CHECK(other.wipe == 1);
}

TEST_CASE("Files are written whole, or an error says which was not", "[session]") {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("nae-session-" + std::to_string(getpid()))).string();
    REQUIRE(nae::write_file(path, "words").ok());
    CHECK(nae::write_file("/no/such/folder/x", "words").message() == "/no/such/folder/x: cannot be written");
    std::remove(path.c_str());
}

TEST_CASE("Actions have ids and shortcuts of their own, and words", "[actions]") {
    std::set<std::string> ids;
    std::set<std::string> shortcuts;
    for (const nae::Action& action : nae::action_table()) {
        CHECK(ids.insert(action.id).second);
        const std::string shortcut = nae::shortcut_text(action.shortcut);
        if (!shortcut.empty()) CHECK(shortcuts.insert(shortcut).second);
        CHECK(std::string(action.help).size() > 8);
        CHECK(nae::find_action(action.id) == &action);
    }
    CHECK(nae::find_action("no.such") == nullptr);
}

TEST_CASE("The palette finds actions by a few letters", "[actions]") {
    const auto first = [](const char* query) {
        const auto found = nae::search_actions(query);
        return std::string(found.empty() ? "" : found[0]->id);
    };
    CHECK(first("fit") == "view.fit");
    CHECK(first("wipe") == "view.wipe");
    CHECK(first("same ssim") == "codec.match_ssim");
    CHECK(first("quit") == "file.quit");
    CHECK(nae::search_actions("").size() == nae::action_table().size());
    CHECK(nae::search_actions("xqzzy").empty());
}

TEST_CASE("Jobs deliver in poll, report progress, and can be cancelled", "[jobs]") {
    std::atomic<int> woken{0};
    nae::JobQueue queue(1, [&] { ++woken; });
    int delivered = 0;
    std::atomic<bool> started{false};
    const nae::JobPtr endless = queue.start("endless", [&](nae::Job& job) {
        started = true;
        while (job.progress(0.5)) std::this_thread::yield();
        return std::function<void()>([&] { delivered += 100; });
    });
    queue.start("next", [&](nae::Job&) { return std::function<void()>([&] { ++delivered; }); });
    while (!started) std::this_thread::yield();
    CHECK(queue.active().size() == 2);
    CHECK(endless->fraction() == 0.5);
    endless->cancel();
    CHECK(queue.active().size() <= 1);
    while (!queue.idle()) {
        queue.deliver();
        std::this_thread::yield();
    }
    CHECK(delivered == 1);  // a cancelled job's result is dropped
    CHECK(woken == 2);
}

TEST_CASE("A queue that goes away stops what runs", "[jobs]") {
    std::atomic<bool> ended{false};
    {
        nae::JobQueue queue(1);
        std::atomic<bool> started{false};
        queue.start("endless", [&](nae::Job& job) {
            started = true;
            while (job.progress(0)) std::this_thread::yield();
            ended = true;
            return std::function<void()>();
        });
        while (!started) std::this_thread::yield();
    }
    CHECK(ended);
    CHECK(nae::duration_text(2.2) == "3 s");
    CHECK(nae::duration_text(130) == "2 min 10 s");
    CHECK(nae::duration_text(3900) == "1 h 5 min");
}
