// pytest's cache folder, with the files that pytest puts into a new one.
#pragma once

#include <functional>
#include <string>

namespace xgrid::client {

class PytestCache {
public:
    explicit PytestCache(const std::string& path) : path_(path) {}

    /// The entry becomes what `change` makes of it. A folder that cannot be written to is left
    /// alone, as pytest does: no test fails for that.
    void update(const std::string& entry,
                const std::function<std::string(const std::string&)>& change) const;

private:
    bool exists_or_made() const;

    std::string path_;
};

}  // namespace xgrid::client
