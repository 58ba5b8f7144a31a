// Settings, wherever they stand: their names, what they take, and where each comes from. Pure.
//
// A setting has the name of the long option that it presets, and the same meaning:
//
//   rsyncdir, rsyncignore, keep, label, tx, px            texts: a list, or one text
//   numprocesses, maxprocesses, dist, python, collect,    text or number: the last one counts
//   start, framework, testrunuid, broker, broker-key, key, compress,
//   junitxml, junitprefix, json, tap, html, perfetto, timeout, maxfail,
//   max-worker-restart, priority, project, retries, retry-on
//   boxed, duplicate-tail, exitfirst, fail-on-flaky, looponfail, no-confirm,  true or false
//   take-all, empty-folders
//
// In the environment it is XGRID_ and the name in capitals, with _ for -: XGRID_TX. Texts are
// parted there as in a shell.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/python_literals.hpp"
#include "shared/result.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::client {

/// Where a setting was found.
struct Origin {
    std::string name;    // a file, or "the environment"; empty: the command line
    std::string folder;  // what its paths are relative to; absolute

    friend bool operator==(const Origin&, const Origin&) = default;
};

struct Setting {
    std::string name;
    std::string value;  // of a switch: "true" or "false"
    Origin origin;

    friend bool operator==(const Setting&, const Setting&) = default;
};

/// As an error calls it: "--dist", or "dist in /home/me/xgrid.toml".
std::string called(const Setting& setting);

enum class Takes : std::uint8_t { text, number, path, texts, truth };

struct KnownSetting {
    const char* name;
    Takes takes = Takes::text;
    bool in_addopts = false;  // pytest-xdist or pytest has it, too
};

std::span<const KnownSetting> known_settings();
const KnownSetting* known_setting(std::string_view name);

/// What a table of TOML says. Names that are no settings go to `warnings`. Error: a value of the
/// wrong type.
Result<std::vector<Setting>> settings_of(const TomlTable& table, const Origin& origin,
                                         std::vector<std::string>& warnings);

/// What one variable of the environment says, XGRID_NAME; nothing, if it is none of ours. Error:
/// its value cannot be parted, or is neither true nor false.
Result<std::vector<Setting>> settings_of_variable(std::string_view name, std::string_view value,
                                                  const Origin& origin);

/// What `addopts` says of what is ours; all else there is pytest's.
std::vector<Setting> settings_of_addopts(const std::vector<std::string>& words,
                                         const Origin& origin);

/// What a conftest.py says: option_tx, option_dist, rsyncdirs, rsyncignore, each also with pytest_
/// before it. `option_dist = True` is load, as in the pytest of 2009.
std::vector<Setting> settings_of_conftest(std::string_view source, const Origin& origin,
                                          std::vector<std::string>& warnings);

/// A path as its origin means it. What the command line says stays as it is.
std::string located(const std::string& path, const Origin& origin);

}  // namespace xgrid::client
