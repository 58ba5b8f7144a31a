// Paths and node ids as pytest's terminal shows them: relative to where the user is, while ids
// begin at the root of the project.
#pragma once

#include <string>

namespace xgrid::client {

class Places {
public:
    Places() = default;
    /// Both absolute; a root that is empty or the directory itself leaves ids as they are.
    Places(std::string directory, std::string root);

    std::string path(const std::string& absolute) const;
    std::string id(const std::string& id) const;

private:
    std::string directory_;
    std::string root_;
};

}  // namespace xgrid::client
