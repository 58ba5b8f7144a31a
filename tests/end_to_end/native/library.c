/* Says which file it is from, by the function that NAME is. With NEXT it is that of the library it needs. */
#define _GNU_SOURCE
#include <dlfcn.h>

#ifdef NEXT
const char* NEXT(void);
#endif

const char* NAME(void) {
#ifdef NEXT
    return NEXT();
#else
    Dl_info about;
    return dladdr((void*)NAME, &about) ? about.dli_fname : "nowhere";
#endif
}
