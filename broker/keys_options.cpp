#include "broker/keys_options.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "broker/key_list.hpp"
#include "broker/options.hpp"
#include "shared/credentials.hpp"
#include "shared/ensure.hpp"
#include "shared/nearest.hpp"
#include "shared/option_text.hpp"
#include "shared/time_text.hpp"

namespace xgrid::broker {
namespace {

namespace po = boost::program_options;

constexpr const char* usage =
    "usage: xgrid keys new [--name NAME] [FILE]\n"
    "       xgrid keys allow KEY|FILE --name NAME --role ROLE[,ROLE]... [--data DIR]\n"
    "       xgrid keys revoke NAME|KEY [--data DIR]\n"
    "       xgrid keys list [--data DIR] [--json]\n"
    "       xgrid keys token --role work [--name NAME] [--expires TIME] [--data DIR]\n\n"
    "Says who may use a broker.\n\n"
    "new     makes a key, for a person or a worker, and prints the public half; what is in FILE\n"
    "        (default ~/.config/xgrid/key) stays secret\n"
    "allow   lets the owner of that public key use the broker. Roles: read follows runs, submit\n"
    "        also submits and cancels its own, work is for workers, admin is for everything\n"
    "revoke  takes that back, for all keys of NAME or one KEY, at once\n"
    "list    prints whose keys are known\n"
    "token   prints a token that lets in one worker, once: xgrid worker --broker ENDPOINT with\n"
    "        XGRID_TOKEN=TOKEN\n\n"
    "All but new are for where the broker runs, as its user; a broker that runs goes by them at\n"
    "once.\n\n";

const std::map<std::string, KeysAction> actions = {{"new", KeysAction::make},
                                                   {"allow", KeysAction::allow},
                                                   {"revoke", KeysAction::revoke},
                                                   {"list", KeysAction::list},
                                                   {"token", KeysAction::token}};

// Which options go with which action, beside --data and --help.
const std::map<KeysAction, std::vector<std::string>> fitting = {
    {KeysAction::make, {"name"}},
    {KeysAction::allow, {"name", "role"}},
    {KeysAction::revoke, {}},
    {KeysAction::list, {"json"}},
    {KeysAction::token, {"name", "role", "expires"}}};

// Values as they were given, for which that is not yet what is meant.
struct Given {
    std::string data = Options().data.string();
    std::string role;
    std::string expires = "1h";
};

void describe(po::options_description& shown, KeysOptions& options, Given& values) {
    auto& [data, role, expires] = values;
    shown.add_options()("name", po::value(&options.name)->value_name("NAME"),
                        "whose key it is (new: default $USER)")                                  //
        ("role", po::value(&role)->value_name("ROLE[,ROLE]..."), "admin, submit, work or read")  //
        ("expires", po::value(&expires)->value_name("TIME")->default_value(expires),
         "how long a token may be used for the first time, such as 30m, 1h or 7d")  //
        ("data", po::value(&data)->value_name("DIR")->default_value(data),
         "of the broker, as its own option")("json", "list: one JSON object a line")("help,h",
                                                                                     "show this");
}

std::chrono::seconds time_from(const std::string& text) {
    const std::optional<std::chrono::seconds> time = time_from_text(text);
    if (time && time->count() > 0) return *time;
    throw Fatal(fmt::format("--expires takes a time such as 30m, 1h or 7d, not '{}'", text), 4);
}

std::string usual_name() {
    const char* user = std::getenv("USER");
    return user != nullptr && is_user_name(user) ? user : "";
}

void require(bool holds, const std::string& what) {
    if (!holds) throw Fatal(what + "\n(xgrid keys --help shows how)", 4);
}

}  // namespace

CommandText keys_text() {
    KeysOptions options;
    Given values;
    po::options_description shown("Options");
    describe(shown, options, values);
    CommandText text{.name = "keys",
                     .opening = usage,
                     .groups = {group_text("Options", shown)},
                     .operand = Operand::file};
    for (const auto& [word, action] : actions) text.words.push_back(word);
    set_choices(text, "role", {"admin", "submit", "work", "read"});
    return text;
}

std::optional<KeysOptions> parse_keys_options(const std::vector<std::string>& arguments) {
    KeysOptions options;
    Given values;
    auto& [data, role, expires] = values;
    std::vector<std::string> words;
    po::options_description shown("Options");
    describe(shown, options, values);
    po::options_description all = shown;
    all.add_options()("words", po::value(&words));
    po::variables_map given;
    try {
        po::positional_options_description positional;
        positional.add("words", -1);
        po::store(po::command_line_parser(arguments).options(all).positional(positional).run(),
                  given);
        po::notify(given);
    } catch (const po::unknown_option& error) {
        throw unknown_option(error.get_option_name(), keys_text());
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid keys --help shows the options)", error.what()), 4);
    }
    if (given.contains("help")) {
        std::cout << usage << shown;
        return std::nullopt;
    }
    require(!words.empty(), "xgrid keys needs one of new, allow, revoke, list and token");
    const auto action = actions.find(words.front());
    require(action != actions.end(), fmt::format("no such action: xgrid keys {}{}", words.front(),
                                                 did_you_mean(words.front(), keys_text().words)));
    options.action = action->second;
    for (const char* name : {"name", "role", "expires", "json"}) {
        const std::vector<std::string>& fit = fitting.at(options.action);
        const bool fits = std::ranges::find(fit, name) != fit.end();
        require(fits || !given.contains(name) || given[name].defaulted(),
                fmt::format("--{} does not go with xgrid keys {}", name, action->first));
    }
    options.about = words.size() > 1 ? words[1] : "";
    const bool takes_word =
        options.action != KeysAction::list && options.action != KeysAction::token;
    require(words.size() <= (takes_word ? 2 : 1),
            fmt::format("xgrid keys {}: one too many: {}", action->first, words.back()));
    require(options.name.empty() || is_user_name(options.name),
            fmt::format("--name takes letters, digits and . _ @ + -, not '{}'", options.name));
    options.data = folder_from(data, "--data");
    options.json = given.contains("json");
    switch (options.action) {
        case KeysAction::make:
            if (options.name.empty()) options.name = usual_name();
            options.file = users_key_file();
            if (!options.about.empty()) options.file = options.about;
            require(!options.file.empty(), "there is no folder for the key: name a FILE");
            options.file = folder_from(options.file, "xgrid keys new");
            break;
        case KeysAction::allow:
            require(!options.about.empty(),
                    "xgrid keys allow needs a public KEY, or a FILE with it");
            require(!options.name.empty(), "xgrid keys allow needs --name: whose key it is");
            require(!role.empty(), "xgrid keys allow needs --role: what it is for");
            break;
        case KeysAction::revoke:
            require(!options.about.empty(), "xgrid keys revoke needs a NAME or a KEY");
            break;
        case KeysAction::token:
            require(role.empty() || role == "work", "a token is for a worker: --role work");
            role = "work";
            options.expires = time_from(expires);
            break;
        case KeysAction::list: break;
    }
    if (!role.empty()) {
        Result<Roles> roles = roles_from(role);
        if (!roles) throw Fatal("--role: " + roles.error(), 4);
        options.roles = *roles;
    }
    return options;
}

}  // namespace xgrid::broker
