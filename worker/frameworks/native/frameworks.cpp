// The list of frameworks: one line each.
#include "worker/frameworks/native/binaries.hpp"
#include "worker/frameworks/native/commands.hpp"
#include "worker/frameworks/native/ctest.hpp"
#include "worker/frameworks/native/framework.hpp"
#include "worker/frameworks/native/meson_test.hpp"

namespace xgrid::worker::native {

Result<std::unique_ptr<Framework>> make_framework(const std::string& name, Asked asked) {
    if (name == "binaries") return make_binaries("", std::move(asked));
    if (name == "gtest" || name == "doctest" || name == "catch2") {
        return make_binaries(name, std::move(asked));
    }
    if (name == "command") return make_commands(std::move(asked));
    if (name == "ctest") return make_ctest(std::move(asked));
    if (name == "meson") return make_meson_test(std::move(asked));
    return Error{"this worker knows no framework of the name " + name};
}

}  // namespace xgrid::worker::native
