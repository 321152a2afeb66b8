#include "viewer/core/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace nae {

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::vector<std::string>& words) {
    int ends[2];
    if (words.empty() || pipe2(ends, O_CLOEXEC) != 0)
        return Status(ErrorCode::io, "a program cannot be started");
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t process = 0;
    const int error = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return Status(ErrorCode::io, words[0] + ": cannot be started (" + std::strerror(error) + ")");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return std::unique_ptr<ChildProcess>(new ChildProcess(process, ends[0]));
}

ChildProcess::~ChildProcess() {
    stop();
    reap(true);
    close(output_);
}

void ChildProcess::reap(bool wait) {
    if (ended_) return;
    int status = 0;
    pid_t got = 0;
    do got = waitpid(process_, &status, wait ? 0 : WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0) return;
    ended_ = true;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 255;
}

void ChildProcess::stop() {
    if (!ended_) kill(process_, SIGTERM);
}

bool ChildProcess::running() {
    reap(false);
    return !ended_;
}

std::vector<std::string> ChildProcess::lines() {
    // Asked first: what it wrote before it ended is in the pipe.
    const bool last = !running();
    char buffer[4096];
    for (ssize_t n = read(output_, buffer, sizeof buffer); n > 0; n = read(output_, buffer, sizeof buffer))
        unfinished_.append(buffer, static_cast<size_t>(n));
    std::vector<std::string> out;
    for (size_t end = unfinished_.find('\n'); end != std::string::npos; end = unfinished_.find('\n')) {
        out.push_back(unfinished_.substr(0, end));
        unfinished_.erase(0, end + 1);
    }
    if (last && !unfinished_.empty()) {
        out.push_back(unfinished_);
        unfinished_.clear();
    }
    return out;
}

}  // namespace nae
