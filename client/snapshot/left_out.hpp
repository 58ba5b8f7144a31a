// Globs of what stays behind, as `rsyncignore` has them: those without a slash are for base names,
// the others for paths, where stars take slashes too.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace xgrid::client {

class LeftOut {
public:
    explicit LeftOut(const std::vector<std::string>& globs);

    bool by_name(const std::string& name) const;
    bool asks_for_paths() const { return !paths_.empty(); }
    /// Absolute, or relative to the folder that travels.
    bool by_path(const std::string& path) const;

private:
    std::unordered_set<std::string> names_;  // without stars: the usual case, and fast
    std::vector<std::string> endings_;       // of "*ending"
    std::vector<std::string> globs_;
    std::vector<std::string> paths_;
};

}  // namespace xgrid::client
