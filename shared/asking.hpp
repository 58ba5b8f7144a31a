// Which objects are wanted of one giver, and which of them it was asked for: the credit of a
// transfer. Pure.
//
// A giver is asked in turns of many objects, and answers as much of one as fits into its limit for
// a turn; two turns are under way, so that the giver never waits for us. What a turn did not bring
// is asked for again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid {

class Asking {
public:
    /// `store`: the name of the shelf where objects are kept.
    Asking(std::string run, std::string store) : run_(std::move(run)), store_(std::move(store)) {}

    /// Whether the giver is to pack what it gives.
    void pack(bool pack) { pack_ = pack; }

    /// Trees go first: what else is wanted depends on them. One that is wanted already is left
    /// alone.
    void want(const WantedObject& object);
    bool wants(const ObjectId& id) const { return wanted_.contains(id); }
    bool empty() const { return wanted_.empty(); }
    /// Those of objects that are wanted.
    std::vector<Piece> wanted_of(std::vector<Piece> pieces) const;
    /// A piece came, and that is how much there is of it.
    void has_until(const ObjectId& id, std::uint64_t offset);
    /// It is there, or cannot be had.
    void settle(const ObjectId& id) { wanted_.erase(id); }
    std::size_t size() const { return wanted_.size(); }
    /// Nobody wants the others any more.
    void keep_only(const std::set<ObjectId>& ids);

    /// That turn is over, or an answer to it has come.
    void hear(Instant now, const Content& content);
    /// On a new connection, or with another giver: nothing that was asked is certain.
    void begin_anew();

    /// What to send now.
    std::vector<Want> next(Instant now);
    /// When a giver that says nothing is asked again.
    Instant next_deadline() const { return turns_.empty() ? never : heard_at_ + silence_max; }

    static constexpr std::size_t objects_per_turn = wanted_objects_max;
    static constexpr std::size_t turns_under_way = 2;
    static constexpr Duration silence_max = std::chrono::seconds(10);

private:
    struct Object {
        ObjectKind kind = ObjectKind::blob;
        std::uint64_t offset = 0;
        std::uint64_t turn = 0;  // 0: in none
    };
    void give_up(std::uint64_t turn);

    std::string run_;
    std::string store_;
    bool pack_ = false;
    std::unordered_map<ObjectId, Object, IdHash> wanted_;
    std::deque<ObjectId> trees_;  // that are in no turn, and perhaps some that are settled
    std::deque<ObjectId> blobs_;
    std::map<std::uint64_t, std::vector<ObjectId>> turns_;
    std::uint64_t last_turn_ = 0;
    Instant heard_at_;
};

}  // namespace xgrid
