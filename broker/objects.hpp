// The broker's objects: its hub, over a store that is opened when the first run with a tree comes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "broker/hub.hpp"
#include "shared/store.hpp"
#include "shared/store_shelf.hpp"

namespace xgrid::broker {

class Objects {
public:
    Objects(std::filesystem::path folder, std::uint64_t bytes_max)
        : folder_(std::move(folder)), bytes_max_(bytes_max) {}

    /// If it is about objects; else none.
    std::optional<Hub::Sends> receive(Instant now, const std::string& from, const Message& message);
    /// As Hub::keep(), after its offer.
    Hub::Sends keep(Instant now, const std::string& from, const std::string& run,
                    const ObjectId& tree);
    Hub::Sends advance(Instant now);
    Instant next_deadline() const { return hub_ ? hub_->next_deadline() : never; }

private:
    bool open();

    std::filesystem::path folder_;
    std::uint64_t bytes_max_ = 0;
    std::string trouble_;  // why there is no store
    std::unique_ptr<Store> store_;
    std::optional<StoreShelf> shelf_;
    std::optional<Hub> hub_;
};

}  // namespace xgrid::broker
