#include "worker/frameworks/crash_text.hpp"

#include <doctest/doctest.h>

using namespace xgrid::worker;

TEST_CASE("the stack of a crash shows the test, not what runs it") {
    CHECK(without_frames_below("said\n"
                               "Fatal Python error: Aborted\n\n"
                               "Current thread 0x1 (most recent call first):\n"
                               "  File \"/a/test_a.py\", line 1 in test_a\n"
                               "  File \"/p/_pytest/python.py\", line 2 in call\n"
                               "  File \"<xgrid>/running.py\", line 3 in run\n"
                               "  File \"<string>\", line 4 in <module>\n\n"
                               "Extension modules: a\n") ==
          "said\n"
          "Fatal Python error: Aborted\n\n"
          "Current thread 0x1 (most recent call first):\n"
          "  File \"/a/test_a.py\", line 1 in test_a\n\n"
          "Extension modules: a\n");
}

TEST_CASE("the innermost frame stays, whose it may be") {
    CHECK(without_frames_below("Thread 0x1 (most recent call first):\n"
                               "  File \"/p/pluggy/x.py\", line 1 in a\n"
                               "  File \"/p/pluggy/x.py\", line 2 in b") ==
          "Thread 0x1 (most recent call first):\n"
          "  File \"/p/pluggy/x.py\", line 1 in a\n");
    CHECK(without_frames_below("") == "");
}
