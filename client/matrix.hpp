// A run of each of several environments, test by environment: what failed everywhere, what only on
// some, and in which lines of their fingerprints those differ from the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

/// What became of a test in an environment.
enum class Cell : std::uint8_t {
    open,    // nothing is known: its environment did not come far enough
    known,   // collected there, and not run
    absent,  // collected there, and it was not among the tests
    passed,  // or xfailed, or xpassed
    skipped,
    failed,
};

/// Tests that went alike.
struct MatrixGroup {
    enum class Kind : std::uint8_t { failed_everywhere, failed_somewhere, found_somewhere };

    Kind kind = Kind::failed_everywhere;
    std::vector<Cell> cells;  // by environment
    std::vector<TestName> tests;

    /// Those where it went so, in order.
    std::vector<std::uint32_t> where(Cell cell) const;
};

/// A line of fingerprints that no environment where it failed shares with one where it passed.
struct Difference {
    std::string name;
    std::vector<std::string> failed;  // values there, each once; "none": there is no such line
    std::vector<std::string> passed;

    friend bool operator==(const Difference&, const Difference&) = default;
};

class Matrix {
public:
    explicit Matrix(std::size_t environments) : fingerprints_(environments), over_(environments) {}

    /// Events of other environments than there are count as nothing.
    void add(const Event& event);

    std::size_t environments() const { return fingerprints_.size(); }
    /// Empty: no slot there has begun.
    const std::map<std::string, std::string>& fingerprint(std::uint32_t environment) const {
        return fingerprints_.at(environment);
    }
    /// Of all kinds, in that order; tests that nowhere failed and everywhere are have none.
    std::vector<MatrixGroup> groups() const;
    /// Most telling first. Empty: nothing tells those where it failed from those where it passed.
    std::vector<Difference> differences(const MatrixGroup& group) const;

private:
    enum class Seen : std::uint8_t { nothing, known, passed, skipped, failed };
    struct Unit {
        std::vector<bool> loaded;                     // by environment
        std::map<TestName, std::vector<Seen>> tests;  // each by environment
    };

    void note(const std::string& unit, const TestName& test, std::uint32_t environment, Seen seen);
    Unit& unit(const std::string& name);
    std::vector<Cell> cells(const std::string& unit, const TestName& test) const;
    bool is_collected(const Unit& unit, const std::string& name, std::uint32_t environment) const;

    std::vector<std::map<std::string, std::string>> fingerprints_;
    std::vector<bool> over_;  // everything there was run
    std::map<std::string, Unit> units_;
};

}  // namespace xgrid::client
