/* Included before every file of QuickJS. */

/* QuickJS does not check how deep calls go where it believes to be on WASI; the system's headers, on the other hand, must
   know that they are. So they are read first. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__

/* Clocks that stand still while the interpreter is being prepared: src/clocks.rs. */
int code_gettimeofday(struct timeval *out, void *zone);
int code_clock_gettime(clockid_t clock, struct timespec *out);
#define gettimeofday code_gettimeofday
#define clock_gettime code_clock_gettime
