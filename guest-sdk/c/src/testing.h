// What the two halves of the stand-in for weir share.
#ifndef WEIR_TESTING_H
#define WEIR_TESTING_H

#include "internal.h"
#include "weir_test.h"

/// Ends the test with a message.
__attribute__((noreturn)) void weir_test_fail(const char *what, const char *more);
/// Forgets what the services hold. What they hold lives in the arena, which is reset after it.
void weir_test_forget(void);

#endif
