// A process beside the test's, which ends with it.
#pragma once

#include <csignal>
#include <functional>
#include <iostream>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace xgrid {

/// Does something in a process of its own, which ends with the status it gives. There must be no
/// open store, and no thread, when it begins.
class OtherProcess {
public:
    explicit OtherProcess(const std::function<int()>& work) {
        REQUIRE(::pipe(to_) == 0);
        REQUIRE(::pipe(from_) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ > 0) {
            ::close(to_[0]);
            ::close(from_[1]);
            return;
        }
        ::close(to_[1]);
        ::close(from_[0]);
        current = this;
        int status = 99;
        try {
            status = work();
        } catch (...) {
            std::cout.flush();  // what failed
        }
        ::_exit(status);
    }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;
    ~OtherProcess() {
        if (pid_ > 0) kill();
    }

    /// In the other process: says that it has come here, and waits to be told to go on.
    static void rest() {
        char byte = 0;
        if (::write(current->from_[1], "x", 1) != 1 || ::read(current->to_[0], &byte, 1) != 1) {
            ::_exit(98);
        }
    }
    static void say() {
        if (::write(current->from_[1], "x", 1) != 1) ::_exit(98);
    }

    /// False: it has ended, or said all.
    bool hears_word() {
        char byte = 0;
        return ::read(from_[0], &byte, 1) == 1;
    }
    void wait_for_word() { REQUIRE(hears_word()); }
    void go_on() { REQUIRE(::write(to_[1], "x", 1) == 1); }
    int wait() {
        int status = 0;
        REQUIRE(::waitpid(pid_, &status, 0) == pid_);
        done();
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    void kill() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        done();
    }

private:
    void done() {
        pid_ = -1;
        ::close(to_[1]);
        ::close(from_[0]);
    }

    static inline OtherProcess* current = nullptr;
    int to_[2] = {-1, -1};
    int from_[2] = {-1, -1};
    pid_t pid_ = -1;
};

}  // namespace xgrid
