// ... for the parts that talk to each other.

#include "shared/messages.hpp"
#include "shared/precompiled/basics.hpp"
