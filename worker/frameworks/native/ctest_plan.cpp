#include "worker/frameworks/native/ctest_plan.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace xgrid::worker::native {
namespace {

using Places = std::vector<std::size_t>;

/// `name`, or with the first free number from 2 behind it.
std::string unique(const std::string& name, std::set<std::string>& taken) {
    std::string candidate = name;
    for (std::size_t number = 2; !taken.insert(candidate).second; ++number) {
        candidate = name + "#" + std::to_string(number);
    }
    return candidate;
}

std::map<std::string, Places> places_by(const std::vector<CTestTest>& tests,
                                        std::vector<std::string> CTestEntry::*names) {
    std::map<std::string, Places> places;
    for (std::size_t place = 0; place < tests.size(); ++place) {
        for (const std::string& name : tests[place].entry.*names) places[name].push_back(place);
    }
    return places;
}

void add_places(const std::map<std::string, Places>& by_name, const std::vector<std::string>& names,
                std::size_t but, Places& to) {
    for (const std::string& name : names) {
        const auto found = by_name.find(name);
        if (found == by_name.end()) continue;
        std::ranges::copy_if(found->second, std::back_inserter(to),
                             [&](std::size_t place) { return place != but; });
    }
}

/// For each test, those that go before it.
std::vector<Places> dependencies(const std::vector<CTestTest>& tests) {
    std::map<std::string, Places> by_name;
    for (std::size_t place = 0; place < tests.size(); ++place) {
        by_name[tests[place].entry.name].push_back(place);
    }
    std::vector<Places> before(tests.size());
    for (std::size_t place = 0; place < tests.size(); ++place) {
        add_places(by_name, tests[place].entry.depends, tests.size(), before[place]);
        std::ranges::copy(tests[place].setups, std::back_inserter(before[place]));
    }
    return before;
}

/// For each test, the first one that it is connected with, over any number of others.
Places first_connected(const std::vector<Places>& before) {
    Places parent(before.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto first = [&](std::size_t place) {
        while (parent[place] != place) place = parent[place] = parent[parent[place]];
        return place;
    };
    for (std::size_t place = 0; place < before.size(); ++place) {
        for (const std::size_t other : before[place]) {
            const std::size_t one = first(place);
            const std::size_t two = first(other);
            parent[std::max(one, two)] = std::min(one, two);
        }
    }
    for (std::size_t place = 0; place < parent.size(); ++place) parent[place] = first(place);
    return parent;
}

/// As listed, but no test before one that it depends on; fewer where they go in a circle.
Places ordered(const Places& listed, const std::vector<Places>& before) {
    std::map<std::size_t, Places> after;
    std::map<std::size_t, std::size_t> missing;
    std::set<std::size_t> ready;
    for (const std::size_t place : listed) {
        missing[place] = before[place].size();
        for (const std::size_t other : before[place]) after[other].push_back(place);
        if (before[place].empty()) ready.insert(place);
    }
    Places order;
    while (!ready.empty()) {
        const std::size_t place = *ready.begin();
        ready.erase(ready.begin());
        order.push_back(place);
        for (const std::size_t next : after[place]) {
            if (--missing[next] == 0) ready.insert(next);
        }
    }
    return order;
}

std::string first_fixture(const std::vector<CTestTest>& tests, const Places& places) {
    for (const auto names : {&CTestEntry::fixtures_setup, &CTestEntry::fixtures_required,
                             &CTestEntry::fixtures_cleanup}) {
        for (const std::size_t place : places) {
            if (!(tests[place].entry.*names).empty()) return (tests[place].entry.*names).front();
        }
    }
    return {};
}

}  // namespace

Result<CTestPlan> ctest_plan_of(std::vector<CTestEntry> entries) {
    CTestPlan plan;
    std::set<std::string> taken;
    for (CTestEntry& entry : entries) {
        const std::string id = unique(entry.name, taken);
        plan.tests.push_back({.entry = std::move(entry), .id = id});
    }
    const auto setups = places_by(plan.tests, &CTestEntry::fixtures_setup);
    for (std::size_t place = 0; place < plan.tests.size(); ++place) {
        CTestTest& test = plan.tests[place];
        add_places(setups, test.entry.fixtures_required, place, test.setups);
    }

    const std::vector<Places> before = dependencies(plan.tests);
    const Places first = first_connected(before);
    std::map<std::size_t, Places> connected;
    for (std::size_t place = 0; place < first.size(); ++place) {
        connected[first[place]].push_back(place);
    }
    std::vector<std::pair<double, std::string>> costs;
    for (const auto& [_, places] : connected) {
        Places order = ordered(places, before);
        if (order.size() < places.size()) {
            return Error{"tests depend on each other in a circle: " +
                         plan.tests[places.front()].entry.name + " is connected with it"};
        }
        std::string name = plan.tests[order.front()].id;
        if (const std::string fixture = first_fixture(plan.tests, order);
            order.size() > 1 && !fixture.empty()) {
            name = unique("fixtures:" + fixture, taken);
        }
        double cost = 0;
        for (const std::size_t place : order) cost = std::max(cost, plan.tests[place].entry.cost);
        costs.emplace_back(cost, name);
        plan.unit_tests.emplace(name, std::move(order));
    }
    std::ranges::stable_sort(costs, std::greater{}, &std::pair<double, std::string>::first);
    for (auto& [_, name] : costs) plan.units.push_back(std::move(name));
    return plan;
}

}  // namespace xgrid::worker::native
