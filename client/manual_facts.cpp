#include "client/manual_facts.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace xgrid::client {
namespace {

using Facts = std::vector<Fact>;

Facts joined(std::initializer_list<Facts> parts) {
    Facts all;
    for (const Facts& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

const Facts run_status = {
    {"0", "Every test passed."},
    {"1", "A test failed, also when that ended the run."},
    {"2", "Interrupted, or the run was cancelled."},
    {"3", "The grid itself failed: the tests could not be run, or the broker does not answer."},
    {"4", "A usage error, or a target or run that does not exist."},
    {"5", "There were no tests."},
};

const Facts asking_status = {
    {"0", "It was done."},
    {"3", "The broker does not answer within 5 s, or refuses."},
    {"4", "A usage error, or a run that does not exist."},
};

const Facts serving_status = {
    {"0", "It was told to leave, and has left in order."},
    {"3", "It cannot do its work; the reason is printed."},
    {"4", "A usage error, or a file of settings that is wrong."},
};

const Facts plain_status = {
    {"0", "It was done."},
    {"3", "It could not be done; the reason is printed."},
    {"4", "A usage error."},
};

const Facts user_files = {
    {"~/.config/xgrid/config.toml",
     "The user's settings: each has the name of a long option of xgrid submit."},
    {"~/.config/xgrid/key", "The user's own key, for brokers that ask for one."},
};

const Facts project_files = {
    {"xgrid.toml, or [tool.xgrid] in pyproject.toml",
     "The project's settings, which count more than the user's."},
};

const Facts client_variables = {
    {"XGRID_BROKER",
     "The broker's endpoint, where no option says it. The other options of xgrid "
     "submit that settings files may have can be set likewise: XGRID_NAME."},
    {"XGRID_BROKER_KEY", "The broker's public key, or a file with it."},
    {"XDG_CONFIG_HOME", "Instead of ~/.config."},
};

const Facts shown_variables = {
    {"COLUMNS", "How wide the terminal is taken to be."},
    {"NO_COLOR, FORCE_COLOR, PY_COLORS", "Whether there are colours, where no option says it."},
};

const Facts cache_variables = {
    {"XGRID_CACHE_HOME, XDG_CACHE_HOME", "Instead of ~/.cache/xgrid and ~/.cache."},
};

const Facts cache_files = {
    {"~/.cache/xgrid",
     "Content of code, workspaces, and what was learnt. It can be deleted at any time."},
};

ManualFacts of_submit() {
    return {run_status,
            joined({user_files,
                    project_files,
                    {{"~/.config/xgrid/tokens",
                      "A line HOST:PORT TOKEN for each worker that listens."}},
                    cache_files}),
            joined({client_variables,
                    {{"XGRID_TOKEN", "The token of socket= workers."},
                     {"PYTEST_ADDOPTS", "As for pytest."},
                     {"PYTEST_XDIST_AUTO_NUM_WORKERS", "How many slots auto is."},
                     {"PYTEST_XDIST_WORKER, PYTEST_XDIST_WORKER_COUNT, PYTEST_XDIST_TESTRUNUID",
                      "Set for tests, as by pytest-xdist."}},
                    cache_variables,
                    shown_variables}),
            {{"xgrid submit -n 4 -k \"fast and not net\" tests/",
              "Tests of a folder on four slots of this machine:"},
             {"xgrid submit --tx 4*ssh=build3 --tx 2*popen", "On another host, and here:"},
             {"xgrid submit --dist each --tx popen//python=python3.9 --tx popen//python=python3.11",
              "Every test with two interpreters:"},
             {"xgrid submit build/tests/unit", "The tests of a test binary:"},
             {"xgrid submit --broker tcp://grid:7555 --detach tests/",
              "Hand a run to a shared broker, and leave:"}},
            {"broker", "worker", "attach", "watch"}};
}

ManualFacts of_broker() {
    return {
        serving_status,
        {{"DIR/journal.db", "What it has taken on, and results."},
         {"DIR/objects", "Code that passes through."},
         {"DIR/broker.toml", "Its options and rules."},
         {"DIR/key, DIR/keys, DIR/audit.log", "Its own key, whom it lets in, and who did what."},
         {"DIR/http-token", "What those show who ask it by HTTP."}},
        {{"XGRID_STATE_HOME, XDG_STATE_HOME", "Where DIR is unless --data says it."}},
        {{"xgrid broker", "For this machine alone:"},
         {"xgrid broker --bind 'tcp://*:7555' --data /srv/xgrid",
          "For a team, whose keys are asked for:"}},
        {"worker", "keys", "watch"}};
}

ManualFacts of_worker() {
    return {serving_status,
            joined({{{"~/.config/xgrid/key", "Its own key, for brokers that ask for one."}},
                    cache_files}),
            joined({{{"XGRID_TOKEN", "As --token, and unseen by others. Tests do not see it."},
                     {"XGRID_BROKER_KEY", "As --broker-key."}},
                    cache_variables}),
            {{"xgrid worker --broker tcp://grid:7555 --slots 8 --label gpu=yes",
              "Eight slots for a broker's runs:"},
             {"xgrid worker --listen '*:8888'", "Wait to be dialled with --tx socket=HOST:8888:"}},
            {"broker", "keys", "workers"}};
}

ManualFacts of_keys() {
    return {plain_status,
            {{"~/.config/xgrid/key", "Where new puts a key."},
             {"DIR/keys", "Whom the broker lets in: a line KEY NAME ROLES for each."}},
            {{"XDG_CONFIG_HOME", "Instead of ~/.config."},
             {"XGRID_STATE_HOME, XDG_STATE_HOME", "Where DIR is unless --data says it."}},
            {{"xgrid keys new", "A key of one's own:"},
             {"xgrid keys allow xgp1_... --name ann --role submit --data /srv/xgrid",
              "Its owner may submit runs:"},
             {"xgrid keys token --role work --expires 1d --data /srv/xgrid",
              "A token for one worker:"}},
            {"broker", "worker"}};
}

ManualFacts of_plugin() {
    return {plain_status,
            {{"~/.cache/xgrid/plugin", "The folder that path prints."}},
            joined({{{"XGRID", "The program that the plugin starts, instead of this one."}},
                    cache_variables}),
            {{"xgrid plugin install", "For python3, from then on:"},
             {"PYTHONPATH=\"$(xgrid plugin path)\" pytest -p xgrid_pytest -p no:xdist -n 4",
              "Without installing it:"}},
            {"submit"}};
}

ManualFacts of_shell() {
    return {plain_status,
            {{"~/.bashrc, ~/.zshrc, ~/.config/fish/config.fish",
              "Where a shell is told of the completion, unless the system has it installed."}},
            {{"XGRID_BROKER", "The broker that runs are asked of."}},
            {{"eval \"$(xgrid completion bash)\"", "In this bash, from now on:"}},
            {"submit"}};
}

ManualFacts of_asking() {
    return {asking_status,
            joined({user_files, project_files}),
            joined({client_variables, shown_variables}),
            {{"xgrid watch --broker tcp://grid:7555", "What a broker has to do, as it changes:"},
             {"xgrid runs --json | python3 -m json.tool", "Its runs, for programs:"},
             {"xgrid why 3f2a", "What the run waits for whose id begins so:"},
             {"xgrid attach 3f2a --junitxml report.xml", "All of it, from the first test on:"}},
            {"submit", "status", "runs", "workers", "watch", "why", "attach", "cancel", "rerun"}};
}

ManualFacts of_program() {
    ManualFacts facts = of_submit();
    facts.related.clear();
    return facts;
}

}  // namespace

ManualFacts manual_facts(const std::string& subcommand) {
    static const std::map<std::string, ManualFacts (*)()> makers = {
        {"", of_program},  {"submit", of_submit}, {"broker", of_broker},    {"worker", of_worker},
        {"keys", of_keys}, {"plugin", of_plugin}, {"completion", of_shell}, {"man", of_shell},
    };
    const auto maker = makers.find(subcommand);
    ManualFacts facts = maker == makers.end() ? of_asking() : maker->second();
    if (subcommand == "attach" || subcommand == "rerun") facts.exit_status = run_status;
    std::erase(facts.related, subcommand);
    return facts;
}

}  // namespace xgrid::client
