/* A test program as googletest makes them, as far as xgrid looks, that compiles at once. Its one test fails, so
   that what it prints is shown: the files that its libraries are from. */
#include <stdio.h>
#include <string.h>

#ifdef NEAR
const char* near_file(void);
#endif
#ifdef FAR
const char* far_file(void);
#endif

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--help") == 0) return puts("  --gtest_list_tests") < 0;
        if (strcmp(argv[i], "--gtest_list_tests") == 0) return puts("Libraries.\n  files") < 0;
    }
    puts("[ RUN      ] Libraries.files");
#ifdef NEAR
    printf("NEAR %s\n", near_file());
#endif
#ifdef FAR
    printf("FAR %s\n", far_file());
#endif
    puts("[  FAILED  ] Libraries.files (0 ms)");
    return 1;
}
