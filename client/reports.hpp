// Who is told of a run, and where each report goes: the terminal, files, pytest's cache. Owns the
// tally.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/annotations.hpp"
#include "client/cache_entries.hpp"
#include "client/options.hpp"
#include "client/report.hpp"
#include "client/tally.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

/// Whether reports that hold many runs go on from an earlier one of the same client.
enum class Continued : std::uint8_t { no, yes };

/// What only the loop knows of a run.
struct Submission {
    std::string run;
    std::string host;
    std::string started;  // local time, ISO 8601
    Continued continued = Continued::no;
};

/// How many there are for the terminal's lines.
std::size_t terminal_columns();
/// ... for tables; 0: stdout is no terminal, and nothing is cut for a program or a file.
std::size_t shown_columns();

/// Whether the terminal is to be in colour: as asked, or as the environment and the terminal
/// suggest.
bool wants_colour(const Options& options);

class Reports {
public:
    /// Throws Fatal with exit code 4 if a file cannot be written.
    Reports(const Options& options, const Submission& submission);
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;
    ~Reports();

    /// The tree that the run uses, where that is not the last commit's. To be called before
    /// begin(), and before begin_again().
    void set_tree(const std::string& tree);
    void begin(Instant now);
    /// Nothing of the run has begun, and it goes by another name from now on.
    void begin_again(const std::string& run);
    void add(Instant now, const Event& event);
    /// Of the code's content, so far.
    void add_given(std::uint64_t bytes) { tally_.add_given(bytes); }
    void tick(Instant now);
    const Tally& tally() const { return tally_; }
    /// To be called before end().
    void close(Closing closing) { tally_.close(std::move(closing)); }
    /// The run's exit code. Throws Fatal if a report could not be written in full.
    int end(Instant now);

    /// Something is to be redrawn as time goes by.
    bool live() const { return live_; }

private:
    struct Destination {
        std::unique_ptr<Report> report;
        std::FILE* file = nullptr;
        std::string name;
        bool failed = false;
    };

    void add(std::unique_ptr<Report> report, const std::string& path, const char* mode = "we");
    void write(Destination& to, const std::string& text);
    void write_cache() const;

    bool collect_only_;
    bool has_cache_;  // the run was submitted on this machine
    bool live_ = false;
    Tally tally_;
    CacheEntries cache_;
    std::optional<Annotations> annotations_;  // for a workflow of GitHub
    std::vector<Destination> destinations_;
};

}  // namespace xgrid::client
