#include "worker/detection.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::worker;
namespace fs = std::filesystem;

namespace {

struct Interpreters {
    client::TempFolder folder;

    void script(const std::string& name, const std::string& text) {
        const fs::path path = fs::path(folder / name);
        std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
        fs::permissions(path, fs::perms::owner_all);
    }
    void program(const std::string& name) { fs::copy_file("/bin/true", fs::path(folder / name)); }
};

}  // namespace

TEST_CASE_FIXTURE(Interpreters, "an interpreter's name tells its version, wherever it leads") {
    program("python3.11");
    program("python3.9");
    program("python3.11-config");
    program("python3.x");
    fs::create_symlink("python3.11", fs::path(folder / "python3"));
    CHECK(python_versions({folder.path()}) == std::vector<std::string>{"3.9", "3.11"});
}

TEST_CASE_FIXTURE(Interpreters, "a script is asked, and one that does not answer is none") {
    script("python3.7", "echo 3.7");
    script("python3.8", "echo no such version >&2; exit 127");
    script("python3", "echo 3.12");
    CHECK(python_versions({folder.path(), fs::path(folder / "none")}) ==
          std::vector<std::string>{"3.7", "3.12"});
}

TEST_CASE("the system and the machine are known") {
    const std::map<std::string, std::string> labels = detected_labels();
    CHECK(labels.at("os") == "linux");
    CHECK(!labels.at("arch").empty());
}
