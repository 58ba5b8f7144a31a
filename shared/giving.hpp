// The answer to a turn of wants, from what is there. Pure but for the shelf.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shared/messages.hpp"
#include "shared/shelf.hpp"

namespace xgrid {

constexpr std::uint64_t turn_bytes_max = std::uint64_t{4} * 1024 * 1024;

class Turn {
public:
    /// `pack`: whoever asks wants it so.
    Turn(std::string run, std::uint64_t number, bool pack)
        : run_(std::move(run)), number_(number), pack_(pack) {}

    /// As much of the object as goes into a piece. False: it cannot be read, and nothing is said.
    bool give(Shelf& shelf, const WantedObject& object);
    void say_stored(const ObjectId& id) { content().stored.push_back(id); }
    /// `why`: if it is not that it has changed.
    void say_lacking(const ObjectId& id, const std::string& why = {});
    /// Nothing more is to be given.
    bool full() const { return given_ >= turn_bytes_max; }

    /// What is to be sent now. `last`: the turn ends with it.
    std::vector<Content> take(bool last);

private:
    Content& content();

    std::string run_;
    std::uint64_t number_ = 0;
    bool pack_ = false;
    std::uint64_t given_ = 0;    // bytes
    std::uint64_t pending_ = 0;  // bytes of the last content
    std::vector<Content> contents_;
};

/// A turn of one who has all there is on a shelf: as far as a turn goes.
std::vector<Content> answer(Shelf& shelf, const Want& want);

}  // namespace xgrid
