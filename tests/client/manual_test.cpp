#include "client/manual.hpp"

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "client/subcommands.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

bool has(const std::string& page, const std::string& text) {
    return page.find(text) != std::string::npos;
}

// As roff wants hyphens that can be copied.
std::string dashed(std::string text) {
    for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) {
        text.insert(at, "\\");
    }
    return text;
}

}  // namespace

TEST_CASE("a manual page has each option of its subcommand, and all sections") {
    for (const CommandText& command : subcommands()) {
        if (!has_page(command)) continue;
        CAPTURE(command.name);
        const std::string page = manual_page(command, "1.2");
        for (const OptionGroupText& group : command.groups) {
            for (const OptionText& option : group.options) {
                CAPTURE(option.name);
                CHECK(has(page, "\\fB" + dashed("--" + option.name) + "\\fR"));
            }
        }
        std::size_t at = 0;
        for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS",
                                    "FILES", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"}) {
            CAPTURE(section);
            const std::size_t found = page.find("\n.SH " + std::string(section) + "\n", at);
            REQUIRE(found != std::string::npos);
            at = found;
        }
        CHECK(page.starts_with(".TH "));
        CHECK(has(page, "\"xgrid 1.2\""));
    }
}

TEST_CASE("the program's page lists all subcommands") {
    const std::string page = manual_page(subcommands(), "1.2");
    for (const CommandText& command : subcommands()) {
        CHECK(has(page, ".TP\n\\fB" + dashed(command.name) + "\\fR\n"));
        if (has_page(command)) CHECK(has(page, dashed("xgrid-" + command.name) + "\\fR(1)"));
    }
}

TEST_CASE("what roff would take for its own is escaped") {
    const std::string page =
        manual_page({.name = "x",
                     .opening = "usage: xgrid x\n\nPrints.\n.dot and \\ back\n",
                     .groups = {{"Options", {{.name = "y"}}}}},
                    "1");
    CHECK(has(page, "\n\\&.dot and \\e back\n"));
}

TEST_CASE("paragraphs are filled, and tables are left as they are") {
    const std::string page = manual_page(
        {.name = "x",
         .opening = "usage: xgrid x\n       xgrid x --y\n\nPrints\nmuch.\n\na   one\nb   two\n",
         .groups = {{"Options", {{.name = "y"}}}}},
        "1");
    CHECK(has(page, ".SH SYNOPSIS\n.nf\nxgrid x\nxgrid x \\-\\-y\n.fi\n"));
    CHECK(has(page, ".PP\nPrints\nmuch.\n.PP\n.nf\na   one\nb   two\n.fi\n"));
}
