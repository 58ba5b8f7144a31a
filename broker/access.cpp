#include "broker/access.hpp"

#include <utility>

#include "shared/ensure.hpp"
#include "shared/key_words.hpp"

namespace xgrid::broker {
namespace {

template <class T>
T right(Result<T> result) {
    if (!result) throw Fatal(result.error(), 4);
    return *std::move(result);
}

}  // namespace

Access::Access(Context& context, const std::filesystem::path& folder, LimitRules limits,
               Guard::CountTests open_tests, const Notices& notices)
    : notices_(notices),
      store_(folder),
      secret_(right(store_.secret())),
      audit_(folder / "audit.log"),
      guard_(right(store_.read()), std::move(limits), std::move(open_tests)),
      gate_(context, [this](const Caller& caller) {
          return guard_.lets_in(now_,
                                {.key = text_of_public(caller.key), .address = caller.address},
                                caller.domain == domain_of_publishers ? Guard::Door::publications
                                                                      : Guard::Door::messages);
      }) {}

bool Access::greets(const Guard::Now& now, const Received& received) {
    return guard_.greets(now, from_of(received));
}

Guard::Verdict Access::hear(const Guard::Now& now, const Received& received, Message& message,
                            const std::function<bool(const std::string&)>& is_open) {
    Guard::Verdict verdict =
        guard_.hear(now, from_of(received), received.bytes(), message, is_open);
    if (verdict.token_used) {
        const KnownKey used = *guard_.keys().find(received.key);
        const Result<KeyList> written = store_.change([&](KeyList& keys) {
            if (keys.find(used.key) != nullptr) keys.allow(used);
        });
        // As far as this broker lives, it knows.
        if (!written)
            notices_.say(Level::warning, "cannot keep that a token was used: " + written.error());
    }
    return verdict;
}

Guard::Cut Access::look(const Guard::Now& now) {
    now_ = now;
    look_at_ = now.instant + look_interval;
    Guard::Cut cut;
    if (store_.changed()) {
        Result<KeyList> keys = store_.read();
        if (keys) {
            cut = guard_.replace(*std::move(keys));
            trouble_.clear();
        } else if (trouble_ != keys.error()) {
            trouble_ = keys.error();
            notices_.say(Level::warning, "goes on with the keys as they were: " + trouble_);
        }
    }
    log();
    return cut;
}

void Access::log() {
    const std::string why = audit_.add(now_.time, guard_.occurrences());
    if (!why.empty()) notices_.say(Level::warning, why);
}

}  // namespace xgrid::broker
