// What a workspace holds at one path and needs at another: content that the source need not give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/result.hpp"
#include "worker/descriptor.hpp"
#include "worker/workspace/examine.hpp"

namespace xgrid::worker {

class Donors {
public:
    /// Finds a donor for each object that is to be written and that the manifest has. Those that do
    /// not stay where they are go into the folder `aside`, out of the way of what comes.
    /// Error: one cannot be moved.
    static Result<Donors> gather(const Listing& wanted, const Differences& differences,
                                 const std::vector<std::uint32_t>& held_of, const Examination& how,
                                 int aside);

    struct Donor {
        std::string path;   // of one that stays
        std::string aside;  // its name there, of one that does not
        std::size_t takers = 0;
    };
    /// Null if there is none.
    const Donor* of(const ObjectId& id) const;

private:
    std::map<ObjectId, Donor> donors_;
};

}  // namespace xgrid::worker
