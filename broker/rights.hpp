// What each role may say to a broker. Pure.
//
//   read     asks what there is, and follows runs, its own or others'
//   submit   that, and submits runs, gives their code, and cancels its own
//   work     is a worker: says its status, and gets code
//   admin    all of that, and cancels anybody's runs
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::broker {

enum class Role : std::uint8_t { read, submit, work, admin };

/// A key has one or more.
using Roles = std::set<Role>;

/// "submit,work". Error: what of it is no role.
Result<Roles> roles_from(std::string_view text);
std::string text_of(const Roles& roles);

bool may_say(const Roles& roles, const Message& message);
/// Which roles may, for who may not: "submit or admin". Empty: nobody says that to a broker.
std::string roles_that_say(const Message& message);

/// What is published is for workers.
bool may_listen(const Roles& roles);

}  // namespace xgrid::broker
