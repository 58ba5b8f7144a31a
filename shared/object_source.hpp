// Where the content of objects comes from, for those who write it to files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid {

/// May be asked by several threads at once.
class ObjectSource {
public:
    virtual ~ObjectSource() = default;

    /// A tree's bytes. Error: it is not there, or cannot be read.
    virtual Result<std::string> tree(const ObjectId& id) = 0;

    /// A blob's size in bytes, and then its content in pieces of at most some MiB, from `take`
    /// false stops. Whoever calls checks nothing: what comes is what the id names, or there is an
    /// error at the end.
    virtual Result<std::uint64_t> blob(const ObjectId& id,
                                       const std::function<bool(std::string_view)>& take) = 0;

    /// The path of a file that holds a blob's content and nothing else, from which it can be copied
    /// without coming through this process; empty: there is none, or asking for pieces is as fast.
    virtual std::string file_of(const ObjectId& /*id*/) { return {}; }
};

}  // namespace xgrid
