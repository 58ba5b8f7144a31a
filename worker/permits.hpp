// What a slot may begin, counted where both it and its worker can reach it: the slot takes a permit
// before it begins anything, and what the worker has taken back by then is not begun. So work
// changes hands while the slot is busy with something that takes long.
//
// An eventfd(2) with EFD_SEMAPHORE; the slot's side is worker/frameworks/pytest/permits.py.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/descriptor.hpp"

namespace xgrid::worker {

class Permits {
public:
    /// None yet. False, and errno is set, if there can be none.
    bool create();
    /// For the slot.
    Descriptor copy() const;
    void add(std::uint64_t count);
    /// Takes back up to so many; how many there were.
    std::size_t take(std::size_t count);

private:
    Descriptor descriptor_;
};

}  // namespace xgrid::worker
