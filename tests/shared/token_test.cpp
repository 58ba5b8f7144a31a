#include "shared/token.hpp"

#include <set>

#include <doctest/doctest.h>

#include "shared/curve.hpp"

using namespace xgrid;

TEST_CASE("a token and a worker's keys survive being written") {
    const WorkerKeys keys = make_worker_keys();
    Result<WorkerKeys> read = keys_from(text_of(keys));
    REQUIRE(read);
    CHECK(*read == keys);
    const Token token = token_for(keys);
    Result<Token> again = token_from(text_of(token));
    REQUIRE(again);
    CHECK(*again == token);
    CHECK(token.worker_public == public_of(keys.worker_secret));
    CHECK(token.client_secret == keys.client_secret);
}

TEST_CASE("no two workers have the same keys") {
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) CHECK(seen.insert(text_of(make_worker_keys())).second);
}

TEST_CASE("a token is one word that no shell touches") {
    const std::string text = text_of(token_for(make_worker_keys()));
    CHECK(text.starts_with("xgt1_"));
    CHECK(text.find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
}

TEST_CASE("a token with any letter wrong, lost or added is damaged") {
    const std::string text = text_of(token_for(make_worker_keys()));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string other = text;
        other[i] = other[i] == 'B' ? 'C' : 'B';
        CHECK(!token_from(other));
        CHECK(!token_from(text.substr(0, i)));
        CHECK(!token_from(text.substr(0, i) + "A" + text.substr(i)));
        other[i] = '\0';
        CHECK(!token_from(other));
    }
    CHECK(!token_from(text + "A"));
    CHECK(!token_from(text + "="));
}

TEST_CASE("what is wrong with a token is said without a letter of it") {
    const std::string keys = text_of(make_worker_keys());
    Result<Token> of_worker = token_from(keys);
    REQUIRE(!of_worker);
    CHECK(of_worker.error() == "is the worker's own key, and not the token for clients");
    Result<Token> half = token_from(text_of(token_for(make_worker_keys())).substr(0, 40));
    REQUIRE(!half);
    CHECK(half.error() == "is damaged: was all of it copied?");
    CHECK(!keys_from(text_of(token_for(make_worker_keys()))));
}
