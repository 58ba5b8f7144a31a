#include "broker/rights.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

TEST_CASE("who reads asks and follows, and starts nothing") {
    const Roles reads = {Role::read};
    CHECK(may_say(reads, Ask{}));
    CHECK(may_say(reads, Attach{}));
    CHECK(may_say(reads, Follow{}));
    for (const Message& message : {Message(Submit{}), Message(Cancel{}), Message(Offer{}),
                                   Message(Content{}), Message(Status{}), Message(Want{})}) {
        CHECK_FALSE(may_say(reads, message));
    }
}

TEST_CASE("who submits is no worker, and a worker submits nothing") {
    CHECK(may_say({Role::submit}, Submit{}));
    CHECK(may_say({Role::submit}, Cancel{}));
    CHECK(may_say({Role::submit}, Content{}));
    CHECK(may_say({Role::submit}, Ask{}));
    CHECK_FALSE(may_say({Role::submit}, Status{}));
    CHECK_FALSE(may_say({Role::submit}, Want{}));
    CHECK(may_say({Role::work}, Status{}));
    CHECK(may_say({Role::work}, Want{}));
    for (const Message& message : {Message(Submit{}), Message(Cancel{}), Message(Offer{}),
                                   Message(Content{}), Message(Ask{}), Message(Follow{})}) {
        CHECK_FALSE(may_say({Role::work}, message));
    }
}

TEST_CASE("an admin says all that is said to a broker, and nobody what a broker says") {
    const Roles all = {Role::read, Role::submit, Role::work, Role::admin};
    for (const Message& message : {Message(Submit{}), Message(Cancel{}), Message(Offer{}),
                                   Message(Content{}), Message(Ask{}), Message(Attach{}),
                                   Message(Follow{}), Message(Status{}), Message(Want{})}) {
        CHECK(may_say({Role::admin}, message));
        CHECK_FALSE(may_say({}, message));
    }
    CHECK_FALSE(may_say(all, Orders{}));
    CHECK_FALSE(may_say(all, Progress{}));
    CHECK(roles_that_say(Orders{}).empty());
}

TEST_CASE("who may not is told which roles may") {
    CHECK(roles_that_say(Submit{}) == "submit or admin");
    CHECK(roles_that_say(Follow{}) == "read, submit or admin");
    CHECK(roles_that_say(Status{}) == "work or admin");
}

TEST_CASE("what is published is for workers") {
    CHECK(may_listen({Role::work}));
    CHECK(may_listen({Role::admin}));
    CHECK_FALSE(may_listen({Role::read, Role::submit}));
}

TEST_CASE("roles are words with commas between") {
    Result<Roles> roles = roles_from("work,submit");
    REQUIRE(roles);
    CHECK(*roles == Roles{Role::submit, Role::work});
    CHECK(text_of(*roles) == "submit,work");
    for (const char* wrong : {"", "root", "work,", ",work", "work, submit", "Work"}) {
        CHECK_MESSAGE(!roles_from(wrong), wrong);
    }
    CHECK(roles_from("work,root").error() == "'root' is no role: admin, submit, work or read");
}
