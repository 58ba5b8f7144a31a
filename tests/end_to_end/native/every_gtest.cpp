// One test for each thing that googletest can say of one.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <unistd.h>

// Each run of each test leaves a line, if the test wants that.
static void leave_trace() {
    const char* path = std::getenv("TRACE");
    if (path == nullptr) return;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::ofstream(path, std::ios::app) << test->test_suite_name() << "." << test->name() << "\n";
}

struct Traced : testing::Test {
    void SetUp() override { leave_trace(); }
};

struct A : Traced {};
TEST_F(A, passes) { std::cout << "hello from passes\n"; }
TEST_F(A, fails) {
    std::cout << "half a line";
    EXPECT_EQ(1, 2) << "because\nof more lines";
    ADD_FAILURE() << "a second one";
}
TEST_F(A, skips) { GTEST_SKIP() << "no reason"; }
TEST_F(A, DISABLED_off) { FAIL(); }
TEST_F(A, records) { RecordProperty("answer", 42); }
TEST_F(A, pretends) { std::cout << "[       OK ] A.passes (0 ms)\n[  FAILED  ] A.pretends\n"; }
TEST_F(A, throws_something) { throw 3; }

struct DISABLED_B : Traced {};
TEST_F(DISABLED_B, off_too) { FAIL(); }

struct C : Traced {};
TEST_F(C, crashes) {
    std::cerr << "last words\n";
    *static_cast<volatile int*>(nullptr) = 1;
}
TEST_F(C, leaves_with_0) { _exit(0); }
TEST_F(C, leaves_with_3) { std::exit(3); }
TEST_F(C, comes_after) {}

struct Numbers : testing::TestWithParam<int> {
    void SetUp() override { leave_trace(); }
};
TEST_P(Numbers, are_odd) { EXPECT_EQ(GetParam() % 2, 1); }
INSTANTIATE_TEST_SUITE_P(Some, Numbers, testing::Range(0, 4));

template <class T>
struct Sized : Traced {};
using Types = testing::Types<int, char>;
TYPED_TEST_SUITE(Sized, Types);
TYPED_TEST(Sized, has_four_bytes) { EXPECT_EQ(sizeof(TypeParam), 4u); }

struct OwnDeathTest : Traced {};
TEST_F(OwnDeathTest, dies) { EXPECT_DEATH(std::abort(), ""); }
TEST_F(OwnDeathTest, does_not) { EXPECT_DEATH((void)0, ""); }
