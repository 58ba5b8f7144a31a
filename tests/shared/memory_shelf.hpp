// A shelf in memory, for tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/shelf.hpp"

namespace xgrid {

class MemoryShelf : public Shelf {
public:
    explicit MemoryShelf(std::string name = "memory") : name_(std::move(name)) {}

    ObjectId add(ObjectKind kind, const std::string& content) {
        const ObjectId id = object_id(kind, content);
        objects[id] = {kind, content};
        return id;
    }

    std::string name() const override { return name_; }

    std::vector<WantedObject> lacks(const std::vector<WantedObject>& wanted) override {
        std::vector<WantedObject> lacking;
        for (const WantedObject& object : wanted) {
            if (!objects.contains(object.id)) lacking.push_back(object);
        }
        return lacking;
    }

    std::uint64_t offset(const ObjectId& id) override {
        const auto found = partial.find(id);
        return found == partial.end() ? 0 : found->second.size();
    }

    Taken take(const std::vector<Piece>& pieces) override {
        Taken taken{.trouble = trouble};
        for (const Piece& piece : pieces) {
            std::string& text = partial[piece.id];
            if (!trouble.empty() || piece.offset != text.size()) continue;
            text += piece.bytes;
            ++pieces_taken;
            if (text.size() < piece.size) continue;
            const std::string whole = std::move(text);
            partial.erase(piece.id);
            const bool good = object_id(piece.kind, whole) == piece.id;
            (good ? taken.whole : taken.damaged).push_back(piece.id);
            if (good) objects[piece.id] = {piece.kind, whole};
        }
        return taken;
    }

    Result<Piece> read(const WantedObject& wanted, std::uint64_t bytes_max) override {
        const auto found = objects.find(wanted.id);
        if (found == objects.end() || wanted.offset > found->second.second.size()) {
            return Error{"not there"};
        }
        const auto& [kind, content] = found->second;
        return Piece{.id = wanted.id,
                     .kind = kind,
                     .size = content.size(),
                     .offset = wanted.offset,
                     .bytes = content.substr(wanted.offset, bytes_max)};
    }

    std::map<ObjectId, std::pair<ObjectKind, std::string>> objects;
    std::map<ObjectId, std::string> partial;
    std::size_t pieces_taken = 0;
    std::string trouble;  // that it is to have

private:
    std::string name_;
};

}  // namespace xgrid
