#include "worker/kernel.hpp"

#include <unistd.h>

#include <doctest/doctest.h>

using namespace xgrid::worker;

TEST_CASE("the kernel's count of kills for want of memory is read in both of its formats") {
    CHECK(oom_kills("low 0\nhigh 0\nmax 3\noom 2\noom_kill 7\noom_group_kill 1\n") == 7);
    CHECK(oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 12\n") == 12);
    CHECK(oom_kills("") == 0);
}

TEST_CASE("of a process that runs it is known that it is not stopped, and which program it is") {
    CHECK(!is_stopped(getpid()));
    CHECK(program_of(getpid()).starts_with("/"));
    CHECK(program_of(-1).empty());
}
