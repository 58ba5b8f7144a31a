// The lines of results: letters that fill lines or, with -v, a line for each phase. Owns the column
// that is reached.
#pragma once

#include <string>

#include "client/display.hpp"
#include "client/markup.hpp"
#include "client/places.hpp"
#include "client/tally.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class ResultLines {
public:
    /// Not distributed: as plain pytest has them, with files' names and without slots'.
    ResultLines(const Markup& markup, bool distributed)
        : markup_(markup), distributed_(distributed) {}

    void adopt(const Display& display, const Places& places);

    std::string add(const std::string& worker, const TestName& test, const TestResult& result,
                    const Tally& tally);
    std::string add(const std::string& worker, const TestName& test, const Phase& phase,
                    const Tally& tally);
    /// Ends a line of letters, so that something else can be shown.
    std::string new_line();
    /// Ends the last line, with the share that was done.
    std::string end(const Tally& tally);

    std::size_t column() const { return column_; }

private:
    std::string letter(const std::string& id, const Phase& phase, const Tally& tally);
    std::string line(const std::string& worker, const std::string& id, const Phase& phase,
                     const Tally& tally) const;
    std::string reason(const Phase& phase, std::size_t taken) const;
    std::string share(const Tally& tally, bool last = false) const;
    std::string filled(const std::string& share, std::size_t column, const Tally& tally) const;

    const Markup& markup_;
    bool distributed_;
    Display display_;
    Places places_;
    std::size_t column_ = 0;
    std::string file_;     // whose letters stand on the line
    std::string reached_;  // the share that was done with the last letter
};

}  // namespace xgrid::client
