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

class Shelf {
public:
    virtual ~Shelf() = default;

    /// The same for all who use the same store at the same time; others differ.
    virtual std::string name() const = 0;

    /// Those that are not there as a whole.
    virtual std::vector<WantedObject> lacks(const std::vector<WantedObject>& objects) = 0;

    /// From how many bytes on it is lacking; not 0 where the beginning came earlier.
    virtual std::uint64_t offset(const ObjectId& id) = 0;

    /// A piece of an object that is not there. True: now it is, as a whole, and is what its id
    /// says. Error: it is not, or cannot be kept; what there was of it is gone. A piece that is not
    /// the next is left alone.
    virtual Result<bool> take(const Piece& piece) = 0;

    /// From an offset on, `bytes_max` at most. Error: it is not there, or cannot be read.
    virtual Result<Piece> read(const WantedObject& wanted, std::uint64_t bytes_max) = 0;
};

}  // namespace xgrid
