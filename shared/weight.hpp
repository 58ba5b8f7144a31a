// About how many bytes a message or a part of one takes: for limits on batches, not for accounting.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "shared/digest.hpp"

namespace xgrid {

template <class T>
std::size_t weight(const T& value);

namespace weights {

inline std::size_t of(const std::string& text) { return 5 + text.size(); }
template <std::size_t size>
std::size_t of(const Id<size>&) {
    return size + 2;
}
template <class T>
std::size_t of(const std::vector<T>& items) {
    std::size_t total = 5;
    for (const T& item : items) total += weight(item);
    return total;
}
template <class K, class V>
std::size_t of(const std::map<K, V>& items) {
    std::size_t total = 5;
    for (const auto& [key, value] : items) total += weight(key) + weight(value);
    return total;
}
template <class A, class B>
std::size_t of(const std::pair<A, B>& both) {
    return weight(both.first) + weight(both.second);
}
template <class T>
std::size_t of(const std::optional<T>& value) {
    return value ? weight(*value) : 1;
}
template <class... T>
std::size_t of(const std::variant<T...>& value) {
    return 2 + std::visit([](const auto& one) { return weight(one); }, value);
}
template <class T>
requires requires(const T& value) { value.fields(); }
std::size_t of(const T& value) {
    return std::apply([](const auto&... field) { return (std::size_t{1} + ... + weight(field)); },
                      value.fields());
}
template <class T>
requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) std::size_t of(const T&) {
    return sizeof(T);
}
template <class T, std::size_t n>
std::size_t of(const std::array<T, n>&) {
    return n * sizeof(T);
}

}  // namespace weights

template <class T>
std::size_t weight(const T& value) {
    return weights::of(value);
}

}  // namespace xgrid
