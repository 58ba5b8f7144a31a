// What may come next on a command line that is being typed. Pure: what only a shell knows (files)
// or a broker (runs) is named, for others to find.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/command_text.hpp"

namespace xgrid::client {

struct Candidate {
    std::string text;   // of the whole word
    std::string about;  // in a few words; may be empty
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// What else fits where the word is.
enum class Others : std::uint8_t { none, files, folders, runs, open_runs, labels };

struct Completion {
    std::vector<Candidate> candidates;
    Others others = Others::none;
    std::string before;  // which stands before them in the word (`--key=`)
};

/// The words behind `xgrid`, of which the last one is being typed, and may be empty.
Completion complete(const std::vector<CommandText>& commands,
                    const std::vector<std::string>& words);

/// What the words say of an option so far, `--name VALUE` or `--name=VALUE`; empty: nothing.
std::string given_value(const std::vector<std::string>& words, std::string_view option);

/// The first sentence or so of what a subcommand says of itself: `lists a broker's workers`.
std::string summary_of(const CommandText& command);

}  // namespace xgrid::client
