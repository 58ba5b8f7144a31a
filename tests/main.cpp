#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#define DOCTEST_CONFIG_IMPLEMENT  // the first says so, too, unless the header was precompiled
#include <doctest/doctest.h>

// libgit2 1.5 forgets what it has matched settings with, when a repository has extensions.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2"; }
