// Any line from the Python runner gives facts or an error: tests can write to its pipe. Facts then
// travel, so they must survive that; and what goes to the runner stays one line, whatever names
// are.
//
//   fuzz_pytest_lines --seeds FOLDER    writes what to begin with: a line of each kind
#include "worker/frameworks/pytest_lines.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "shared/ensure.hpp"
#include "tests/fuzz/conversation.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::worker;

#define XGRID_PHASE                                                                  \
    R"({"when":"call","category":"failed","letter":"F","word":"FAILED","longrepr":)" \
    R"("E","crash":"m","reason":"","path":"a.py","line":7})"

constexpr std::array lines = {
    R"(["up",{"pytest":"7.2.1","platform":"linux","python":"3.11.2","executable":"/p",)"
    R"("rootdir":"/r","inifile":"","plugins":["xdist-3.1.0"],"header":["line"],)"
    R"("settings":{},"fingerprint":{"python":"3.11.2","pytest-xdist":"3.1.0"}}])",
    R"(["refused",4,"no such option"])",
    R"(["units",1,["test_a.py"]])",
    R"(["units",1,["a","b"],[null,{"processors":2,"locks":["database"],"serial":true}]])",
    R"(["found",1,["test_x",["test_y",1]],2])",
    R"(["start",1,0])",
    R"(["done",1,0,"passed",[0.1,2,0],null])",
    R"(["done",1,0,"failed",[0.1,2e-3,0],{"phases":[)" XGRID_PHASE
    R"(],"sections":[["Captured stdout call","out"]],"properties":[["name","value"]],)"
    R"("location":["a.py",3,"test_x"]}])",
    R"(["gave",1,2,[3,4]])",
    R"(["late",1,"test_x",0,)" XGRID_PHASE R"(])",
    R"(["warning",1,{"category":"UserWarning","message":"m","filename":"a.py","lineno":2,)"
    R"("when":"runtest","nodeid":"test_x","text":"t"}])",
    R"(["note",1,"text"])",
    R"(["exit",1,"reason",3])",
    R"(["end",1,{"error":"","missing":["test_x"],"returned":false,"stopped":true}])",
    R"({"ready":true})",
    R"({"failed":"text"})",
    R"({"started":1,"pid":99})",
    R"({"refused":1,"text":"why"})",
    R"({"exited":1,"status":-9})",
};

void check_one_line(const std::string& line) {
    ensure(line.find('\n') == line.size() - 1, "what goes to the runner is one line");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
    if (*count == 3 && std::string_view((*words)[1]) == "--seeds") {
        for (std::size_t i = 0; i < lines.size(); ++i) {
            std::ofstream((*words)[2] + std::string("/line-") + std::to_string(i)) << lines[i];
        }
        std::exit(0);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    Result<SlotLine> line = read_slot_line(text);
    if (line) {
        if (const auto* fact = std::get_if<LineFact>(&*line)) {
            xgrid::fuzz::check_round_trip(Status{.attempts = {{{1, 1}, 0, {fact->fact}}}});
        }
    }
    read_warm_line(text);
    const RunSpec spec{.directory = text, .arguments = {text}, .environment = {{text, text}}};
    check_one_line(job_line(1, {.unit = text, .selection = {Select::only, {{text, 1}}}}));
    check_one_line(start_line({.key = 1, .run = text, .name = text, .spec = &spec}));
    return 0;
}
