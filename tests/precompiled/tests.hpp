// What most tests include, parsed once.

#include <doctest/doctest.h>

#include "shared/precompiled/talk.hpp"
