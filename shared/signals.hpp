// Signals as something to wait for, beside sockets, instead of something that interrupts.
#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>

#include "shared/descriptor.hpp"

namespace xgrid {

/// From its making on, these signals only show here. Make it before any thread.
class Signals {
public:
    explicit Signals(std::initializer_list<int> numbers);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    int descriptor() const { return descriptor_.get(); }
    /// The next one that has come; none: no other has.
    std::optional<int> next();

private:
    Descriptor descriptor_;
};

}  // namespace xgrid
