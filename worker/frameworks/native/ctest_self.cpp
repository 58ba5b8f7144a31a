#include "worker/frameworks/native/ctest_self.hpp"

#include <string_view>
#include <utility>

#include "worker/frameworks/native/results.hpp"

namespace xgrid::worker::native {
namespace {

class CTestSelfReader : public Reader {
public:
    CTestSelfReader(std::string name, std::function<void(Listener&, TestResult)> done)
        : name_(std::move(name)), done_(std::move(done)) {}

    void start(Listener& to) override { to.began(0); }

    void read(Source source, std::string_view text, Listener& to) override {
        to.printed(source == Source::err ? Stream::err : Stream::out, text);
        if (source != Source::out) return;
        for (std::size_t end = 0; (end = text.find('\n')) != text.npos;) {
            line_.append(text.substr(0, end));
            take_line();
            line_.clear();
            text.remove_prefix(end + 1);
        }
        line_.append(text);
    }

    void end(int, Listener& to) override {
        if (verdict_.starts_with("Passed")) {
            done_(to, result_of(Outcome::passed));
        } else if (verdict_.starts_with("***Skipped")) {
            done_(to, result_of(Outcome::skipped, "Skipped"));
        } else if (verdict_.empty()) {
            done_(to, result_of(Outcome::failed, "Not run: ctest says why in its output"));
        } else {
            done_(to, result_of(Outcome::failed, verdict_.substr(verdict_.find_first_not_of('*'))));
        }
    }

private:
    // "1/2 Test #7: name ....   Passed    0.01 sec"
    void take_line() {
        const std::size_t number = line_.find(" Test ");
        if (number == line_.npos || line_.find_first_not_of(" 0123456789/") != number + 1) return;
        const std::size_t colon = line_.find(": ", number);
        if (colon == line_.npos) return;
        std::string_view rest = std::string_view(line_).substr(colon + 2);
        if (!rest.starts_with(name_ + " ")) return;
        rest.remove_prefix(name_.size() + 1);
        const std::size_t begin = rest.find_first_not_of(". ");
        if (begin == rest.npos) return;
        rest.remove_prefix(begin);
        const std::size_t seconds = rest.find("   ");
        verdict_ = rest.substr(0, seconds);
    }

    std::string name_;
    std::function<void(Listener&, TestResult)> done_;
    std::string line_;
    std::string verdict_;
};

}  // namespace

std::unique_ptr<Reader> make_ctest_self_reader(std::string name,
                                               std::function<void(Listener&, TestResult)> done) {
    return std::make_unique<CTestSelfReader>(std::move(name), std::move(done));
}

std::string ctest_name_pattern(const std::string& name) {
    constexpr std::string_view special = "^$.[]-*+?|()\\";
    std::string pattern = "^";
    for (const char byte : name) {
        if (special.find(byte) != special.npos) pattern += '\\';
        pattern += byte;
    }
    return pattern + "$";
}

}  // namespace xgrid::worker::native
