// The contract of a framework whose tests are programs: how its units are named, what tests are in
// one, which program runs a batch of them, and how to read what that program tells.
//
// A framework starts nothing and waits for nothing: `jobs` does, which is the same for all. So it
// can be tested with texts alone. To add one is to write one file: see worker/frameworks/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::worker::native {

/// One test of a unit.
struct Case {
    std::string name;   // the framework's own, under which it can be selected
    std::string suite;  // what reports class it under; empty: its unit
    std::string path;   // where it is defined, if the framework tells
    std::uint32_t line = 0;
    std::string skip;            // why it is not run; empty: it is
    double timeout_seconds = 0;  // its own limit; 0: the run's
    std::string selector;        // what else its framework needs to find it again; for it alone
};

/// A process to be started.
struct Program {
    std::vector<std::string> command;  // a path, or a name for PATH, and its arguments
    // Beside the slot's own; none: not set there.
    std::map<std::string, std::optional<std::string>> variables;
    std::string directory;    // empty: the slot's
    std::string file;         // what it finds at `file_path`; empty: nothing is there
    bool one_stream = false;  // what it writes to stderr comes as its output, in its place there
};

/// Where a program may write a report that is read as it comes, beside its output.
inline constexpr const char* report_path = "/dev/fd/3";
/// For what is too long for a command line.
inline constexpr const char* file_path = "/dev/fd/4";

/// How a program has ended, as waitpid(2) gives it, and all that it wrote.
struct Ran {
    int status = 0;
    std::string out;
    std::string err;
    std::string report;  // what it wrote to `report_path`
    bool timed_out = false;
};

/// Runs one to its end, at most so long as the run's limit; an error if it cannot be started.
using RunProgram = std::function<Result<Ran>(const Program&)>;

/// What is told of a batch while it runs; tests by their place in it.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void began(std::size_t test) = 0;
    /// It has ended; implies that it began. `seconds` of the result: 0 if not known.
    virtual void ended(std::size_t test, TestResult result) = 0;
    /// Of a test that has ended.
    virtual void recorded(std::size_t /*test*/, Properties /*properties*/) {}
    /// The running test's, or of what comes before and after.
    virtual void printed(Stream stream, std::string_view text) = 0;
};

enum class Source : std::uint8_t { out, err, report };

/// Understands what the program of one batch writes. Total: any text makes sense to it somehow.
class Reader {
public:
    virtual ~Reader() = default;
    /// The program has been started: for one that tells of nothing but its end.
    virtual void start(Listener& /*to*/) {}
    virtual void read(Source source, std::string_view text, Listener& to) = 0;
    /// The program has ended like that, by itself (not: was killed at a limit).
    virtual void end(int status, Listener& to) = 0;
};

/// What a run asks of its framework, the same in every slot.
struct Asked {
    std::string directory;               // where the run was submitted, or its copy
    std::vector<std::string> arguments;  // targets and options, in the user's order
    bool boxed = false;
};

struct Units {
    std::vector<std::string> names;
    std::vector<UnitNeeds> needs;    // of each; empty: no more than a slot each
    std::vector<std::string> notes;  // that the user should read
};

/// The program that runs some tests of one unit, one after the other.
struct Batch {
    Program program;
    std::size_t tests = 0;  // as many of the first ones as one process can take; at least one
    std::unique_ptr<Reader> reader;
    bool ends_with_0 = true;  // when none of its tests has failed; else something beside them has
    // Where it tells of its tests. Of the output: between what they print there, so that nothing
    // hangs on when that is read.
    Source told_in = Source::report;
};

struct Loaded {
    std::vector<Case> tests;       // in the order in which the unit's own runner has them
    std::uint32_t deselected = 0;  // others, which the user does not want
};

class Framework {
public:
    virtual ~Framework() = default;
    /// As users know it.
    virtual std::string title() const = 0;
    /// An error is one of usage, and says what to do.
    virtual Result<Units> enumerate(const RunProgram& run) = 0;
    /// What is in a unit. An error: it cannot be listed, which is a failure of the unit.
    virtual Result<Loaded> load(const std::string& unit, const RunProgram& run) = 0;
    /// As users see it, once in a run.
    virtual std::string id(const std::string& unit, const Case& test) const {
        return unit == test.name ? unit : unit + "::" + test.name;
    }
    /// Runs these tests of it and no others; none of them has a reason to be skipped.
    virtual Batch batch(const std::string& unit, std::span<const Case> tests) = 0;
    /// Whether its tests build on each other: then they stay on one slot, in their order.
    virtual bool keeps_together(const std::string& /*unit*/) { return false; }
    /// What tells programs apart that were learnt from; empty: nothing is learnt of this unit.
    virtual std::string fingerprint(const std::string& /*unit*/) { return {}; }
};

/// Of that name, for what is asked; an error names what there is.
Result<std::unique_ptr<Framework>> make_framework(const std::string& name, Asked asked);

}  // namespace xgrid::worker::native
