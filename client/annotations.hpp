// Failures as GitHub shows them beside the code: commands on the output of a workflow's step, at
// the end of the run.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/environment_names.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

struct AnnotationSettings {
    std::string directory;  // where the run was submitted; absolute
    std::string workspace;  // of the workflow: names of files begin there; absolute, or empty
    EnvironmentNames environments;
};

class Annotations {
public:
    explicit Annotations(AnnotationSettings settings) : settings_(std::move(settings)) {}

    void add(const Event& event);
    /// Whole lines: at most as many errors as GitHub shows for a step, and a notice of how many
    /// more there are.
    std::string text() const;

private:
    void note(const std::string& test, std::uint32_t environment, const Phase& phase,
              const std::string& file);
    std::string named(const std::string& path) const;

    AnnotationSettings settings_;
    std::string root_;  // of ids and of relative paths
    std::vector<std::string> errors_;
    std::uint64_t more_ = 0;
};

/// The message of a command, and a value of its properties, escaped as GitHub's runner reads them.
std::string annotation_text(const std::string& text);
std::string annotation_property(const std::string& text);

}  // namespace xgrid::client
