// Where one side of the conversation keeps objects: what the pure parts of it need to know of a
// store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/digest.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid {

struct Taken {
    std::vector<ObjectId> whole;  // they are there now, and are what their ids say
    std::vector<ObjectId>
        damaged;          // they are not what their ids say, and what there was of them is gone
    std::string trouble;  // not empty: why nothing can be kept
};

class Shelf {
public:
    virtual ~Shelf() = default;

    /// The same for all who use the same store at the same time; others differ.
    virtual std::string name() const = 0;

    /// Those that are not there as a whole.
    virtual std::vector<WantedObject> lacks(const std::vector<WantedObject>& objects) = 0;

    /// From how many bytes on it is lacking; not 0 where the beginning came earlier.
    virtual std::uint64_t offset(const ObjectId& id) = 0;

    /// Pieces of objects that are not there. One that is not the next of its object is left alone.
    virtual Taken take(const std::vector<Piece>& pieces) = 0;

    /// From an offset on, `bytes_max` at most. Error: it is not there, or cannot be read.
    virtual Result<Piece> read(const WantedObject& wanted, std::uint64_t bytes_max) = 0;
};

}  // namespace xgrid
