#include "worker/frameworks/native/shared_answers.hpp"

#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

Ran said(std::string out) {
    return {.out = std::move(out), .err = "to stderr", .report = std::string("re\0port", 7)};
}

// Asks, and counts that.
struct Asker {
    const SharedAnswers& answers;
    int asked = 0;

    Result<Ran> get(const std::string& name, const Result<Ran>& answer) {
        return answers.get(name, [&] {
            ++asked;
            return answer;
        });
    }
};

// In a process of its own, as slots are; its exit code.
pid_t in_process(const std::function<int()>& act) {
    const pid_t pid = fork();
    if (pid == 0) _exit(act());
    return pid;
}

int exit_code(pid_t pid) {
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("what was asked once is not asked again") {
    const SharedAnswers answers;
    Asker asker{answers};
    asker.get("list", said("one"));
    asker.get("help", said("two"));
    Result<Ran> list = asker.get("list", Error{"asked again"});
    REQUIRE(list);
    CHECK(list->out == "one");
    CHECK(list->err == "to stderr");
    CHECK(list->report == std::string("re\0port", 7));
    CHECK(asker.get("help", Error{"asked again"})->out == "two");
    CHECK(asker.asked == 2);
}

TEST_CASE("a failure is not kept, nor what is forgotten, nor what is too large") {
    const SharedAnswers answers;
    Asker asker{answers};
    CHECK(!asker.get("list", Error{"cannot start"}));
    Ran failed = said("half of");
    failed.status = 256;
    CHECK(asker.get("list", failed)->status == 256);
    Ran late = said("half of");
    late.timed_out = true;
    CHECK(asker.get("list", late)->timed_out);
    CHECK(asker.get("list", said("all"))->out == "all");
    answers.forget();
    CHECK(asker.get("list", said("other"))->out == "other");
    asker.get("large", said(std::string(std::size_t{17} << 20, 'x')));
    CHECK(asker.get("large", said("small"))->out == "small");
    CHECK(asker.asked == 7);
}

TEST_CASE("when there is no more room the older ones make it") {
    const SharedAnswers answers;
    Asker asker{answers};
    for (int i = 0; i < 5; ++i) {
        asker.get(std::to_string(i), said(std::string(std::size_t{5} << 20, 'x')));
    }
    CHECK(asker.get("4", Error{"asked again"})->out.size() == std::size_t{5} << 20);
    CHECK(asker.get("0", said("new"))->out == "new");
}

TEST_CASE("of several processes one asks, and the others wait for what it hears") {
    const SharedAnswers answers;
    std::array<int, 2> asking{};
    REQUIRE(pipe(asking.data()) == 0);
    std::vector<pid_t> slots;
    for (int i = 0; i < 8; ++i) {
        slots.push_back(in_process([&] {
            Result<Ran> ran = answers.get("list", [&]() -> Result<Ran> {
                return write(asking[1], "!", 1) == 1 ? Result<Ran>(said("one")) : Error{"no pipe"};
            });
            return ran && ran->out == "one" ? 0 : 1;
        }));
    }
    for (const pid_t slot : slots) CHECK(exit_code(slot) == 0);
    close(asking[1]);
    std::array<char, 8> asked{};
    CHECK(read(asking[0], asked.data(), asked.size()) == 1);
    close(asking[0]);
}

TEST_CASE("who is killed while it asks leaves that to the next one") {
    const SharedAnswers answers;
    std::array<int, 2> asking{};
    REQUIRE(pipe(asking.data()) == 0);
    const pid_t first = in_process([&] {
        answers.get("list", [&]() -> Result<Ran> {
            if (write(asking[1], "!", 1) == 1) pause();
            return said("never");
        });
        return 0;
    });
    char begun = 0;
    REQUIRE(read(asking[0], &begun, 1) == 1);
    const pid_t second = in_process([&] {
        return answers.get("list", [] { return Result<Ran>(said("mine")); })->out == "mine" ? 0 : 1;
    });
    kill(first, SIGKILL);
    CHECK(exit_code(first) == -1);
    CHECK(exit_code(second) == 0);
    close(asking[0]);
    close(asking[1]);
}
