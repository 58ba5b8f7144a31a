#include "client/html.hpp"

#include "client/html_sources.hpp"
#include "shared/web_sources.hpp"

namespace xgrid::client {
namespace {

// Nothing is fetched, whatever there may be in the events.
const char* const opening = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>xgrid</title>
<style>
)";
const char* const middle = R"(</style>
</head>
<body>
<header>
<h1 id="title">xgrid</h1>
<p id="about" class="quiet"></p>
</header>
<main id="results"></main>
<noscript>This report needs JavaScript, which it brings with it.</noscript>
<script>
)";
const char* const closing = R"(</script>
<script type="application/json" id="events">
)";

std::string head() {
    std::string style;
    std::string script;
    for (const auto& [name, text] : web_sources) (name == "style" ? style : script) += text;
    for (const auto& [name, text] : html_sources) script += text;
    return opening + style + middle + script + closing;
}

}  // namespace

// "<" stands in strings only, and there it may be written like this.
std::string json_for_html(const std::string& json) {
    std::string result;
    std::size_t from = 0;
    for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', from)) {
        result.append(json, from, at - from).append("\\u003c");
        from = at + 1;
    }
    return result.append(json, from);
}

std::string Html::begin(Instant now) { return head() + json_for_html(lines_.begin(now)); }

std::string Html::begin_again(const std::string& run) {
    return json_for_html(lines_.begin_again(run));
}

std::string Html::add(Instant now, const Event& event, const Tally& tally) {
    return json_for_html(lines_.add(now, event, tally));
}

std::string Html::end(Instant now, const Tally& tally, int exit_code) {
    return json_for_html(lines_.end(now, tally, exit_code)) + "</script>\n</body>\n</html>\n";
}

}  // namespace xgrid::client
