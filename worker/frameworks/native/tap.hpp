// Reads the Test Anything Protocol, versions 12 to 14, as a program prints it: one point for each
// test in it, "ok 1 - name", and a plan, "1..N", before or after them.
//
// Total: any text is TAP, or says so little that it is none (see `spoken`). What is wrong with it
// is kept as errors. Subtests (indented, version 14) are kept as points of their own depth, and
// judge nothing: the point that follows them sums them up.
//
// Format: testanything.org/tap-version-14-specification.html; what is an error in it is as
// Meson 1.0.1 has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::worker::native {

struct TapPoint {
    std::uint64_t number = 0;
    std::string name;
    Outcome outcome = Outcome::passed;  // of the point, with its directive
    std::string why;                    // behind # SKIP or # TODO
    std::string diagnosis;              // its YAML block, and comments that follow it
    std::size_t depth = 0;
};

class Tap {
public:
    void add(std::string_view text);
    /// Nothing more comes.
    void end();

    /// Whether there was anything of TAP: a version, a plan or a point.
    bool spoken() const { return spoken_; }
    const std::vector<TapPoint>& points() const { return points_; }
    const std::vector<std::string>& errors() const { return errors_; }
    const std::optional<std::string>& bail_out() const { return bail_out_; }

    /// Of all together: an error if it is no valid TAP or was given up; failed if a point is;
    /// skipped if all points are, or there are none to be.
    Outcome outcome() const;
    /// One line of why; empty: it passed.
    std::string why() const;

private:
    void add_line(std::string_view line);
    bool in_block(std::string_view line);
    bool add_point(std::string_view line, std::size_t depth);
    bool add_plan(std::string_view line);
    void add_version(std::uint64_t version);
    void complain(std::string what);

    std::string rest_;
    std::uint64_t line_ = 0;
    bool spoken_ = false;
    std::uint64_t version_ = 12;
    std::uint64_t count_ = 0;  // points that are no subtest's
    std::optional<std::uint64_t> plan_;
    bool plan_is_late_ = false;
    std::string plan_why_;
    bool late_point_ = false;
    bool after_point_ = false;
    std::optional<std::string> block_indent_;
    std::vector<TapPoint> points_;
    std::vector<std::string> errors_;
    std::optional<std::string> bail_out_;
};

}  // namespace xgrid::worker::native
