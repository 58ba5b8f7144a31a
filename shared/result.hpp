// A value, or why there is none, for the caller to decide.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "shared/ensure.hpp"

namespace xgrid {

/// Why something could not be done; see STYLE for the wording: what, on what, why not.
struct Error {
    std::string text;
};

template <class T>
class Result {
public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }

    T& operator*() {
        ensure(state_.index() == 0, "a result is read only when it is there");
        return std::get<0>(state_);
    }
    T* operator->() { return &**this; }

    const std::string& error() const {
        ensure(state_.index() == 1, "an error is read only when there is one");
        return std::get<1>(state_).text;
    }

private:
    std::variant<T, Error> state_;
};

}  // namespace xgrid
