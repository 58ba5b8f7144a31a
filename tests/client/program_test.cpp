#include "client/program.hpp"

#include <filesystem>
#include <fstream>
#include <poll.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

namespace fs = std::filesystem;

template <class Ask>
auto when_there(ProgramTask& task, Ask ask) {
    for (auto answer = ask();; answer = ask()) {
        if (answer) return *answer;
        pollfd item{task.descriptor(), POLLIN, 0};
        poll(&item, 1, 10'000);
        task.take_notice();
    }
}

}  // namespace

TEST_CASE("a program travels with its libraries and its loader, and runs where it is unpacked") {
    const TempFolder folder;
    ProgramTask task;
    Result<Program> program = when_there(task, [&] { return task.program(); });
    REQUIRE(program);
    for (const bool packed : {false, true}) {
        auto bytes = when_there(task, [&] { return task.bytes(packed); });
        REQUIRE(bytes);
        const fs::path there = fs::path(folder.path()) / (packed ? "packed" : "plain");
        fs::create_directory(there);
        std::ofstream(there / "tar", std::ios::binary) << **bytes;
        const std::string unpack = fmt::format(
            "cd '{}' && {} tar | tar -xf - && ./{} --library-path . ./xgrid --help "
            "> out",
            there.string(), packed ? "gzip -dc <" : "cat", program->loader);
        CHECK(std::system(unpack.c_str()) == 0);
        CHECK(fs::file_size(there / "out") > 0);
    }
    auto plain = when_there(task, [&] { return task.bytes(false); });
    CHECK((*plain)->size() == program->bytes);
    CHECK(object_id(ObjectKind::blob, **plain) == program->id);
    CHECK(program->system.starts_with("Linux "));
}
