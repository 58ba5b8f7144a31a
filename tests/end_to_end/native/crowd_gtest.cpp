// Two thousand tests: every 200th crashes, three hang, and starting it takes a while.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <thread>

namespace {

struct Crowd : testing::TestWithParam<int> {};

}  // namespace

TEST_P(Crowd, member) {
    if (const char* path = std::getenv("TRACE")) {
        std::ofstream(path, std::ios::app) << std::to_string(GetParam()) + "\n";
    }
    const int number = GetParam();
    if (number % 200 == 77) std::abort();
    if (number == 300 || number == 1000 || number == 1999) {
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
}
INSTANTIATE_TEST_SUITE_P(All, Crowd, testing::Range(0, 2000));

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return RUN_ALL_TESTS();
}
