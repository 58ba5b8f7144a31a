#include "client/history_command.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "client/embedded.hpp"
#include "client/history_text.hpp"
#include "client/inquiry.hpp"
#include "client/reports.hpp"
#include "shared/ensure.hpp"
#include "shared/history_json.hpp"

namespace xgrid::client {
namespace {

// Projects on this machine are called as their folders: by the whole path, or its last part.
std::vector<TestHistory> ask_here(Ask ask, const Command& command) {
    const std::string& project = command.project;
    const bool is_name = !project.empty() && project.find('/') == std::string::npos;
    if (project.empty()) ask.project = command.project_root;
    if (is_name) ask.project.clear();
    Result<std::vector<TestHistory>> found = own_history(ask);
    if (!found) throw Fatal(found.error(), 3);
    if (is_name) {
        std::erase_if(*found, [&](const TestHistory& test) {
            return std::filesystem::path(test.project).filename() != project;
        });
    }
    return *std::move(found);
}

std::string where(const Command& command) {
    if (!command.options.broker.empty()) {
        const std::string of = command.project.empty() ? "" : " of project " + command.project;
        return fmt::format("that broker's history{}", of);
    }
    return fmt::format("this machine's history of {}",
                       command.project.empty() ? command.project_root : command.project);
}

std::string advice(const Command& command) {
    return command.options.broker.empty()
               ? "xgrid submit remembers what it runs here; --broker ENDPOINT asks a shared broker"
               : "a broker remembers what it has run";
}

}  // namespace

int show_history(const Command& command) {
    const bool flakes = command.kind == CommandKind::flakes;
    const Ask ask{.question = flakes ? Question::flakes : Question::history,
                  .about = command.about,
                  .project = command.project};
    const std::vector<TestHistory> tests =
        command.options.broker.empty()
            ? ask_here(ask, command)
            : Inquiry(command.options.broker, command.options.credentials).ask(ask).tests;
    const auto now = static_cast<std::uint64_t>(std::time(nullptr));
    if (command.json) {
        fmt::print("{}", history_json(tests));
    } else if (tests.empty() && !flakes) {
        throw Fatal(fmt::format("no test with '{}' in its id is in {}\n({})", command.about,
                                where(command), advice(command)),
                    4);
    } else if (tests.empty()) {
        fmt::print("no test is flaky, or may be, in {}\n({})\n", where(command), advice(command));
    } else {
        fmt::print("{}", flakes ? text_of_flakes(tests, now, shown_columns())
                                : text_of_history(tests, now, shown_columns()));
    }
    return 0;
}

}  // namespace xgrid::client
