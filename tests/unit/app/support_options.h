/* SPDX-License-Identifier: MIT */
/* Runs options_load like main does, and writes files for it to read. */
#ifndef TEST_SUPPORT_OPTIONS_H
#define TEST_SUPPORT_OPTIONS_H

#include "options.h"

#define RUN_ARGS_MAX 16

struct run {
    struct options o;
    enum options_action action;
    int status;
    char error[OPTIONS_ERROR_MAX];
    char *argv[RUN_ARGS_MAX + 2];
    int argc;
};

/* Arguments end with NULL; argv is writable as it is for a real program. */
void run_load(struct run *r, const char *const *args);
void run_free(struct run *r);

#define RUN(r, ...) run_load((r), (const char *const[]){__VA_ARGS__, NULL})

/* A file in the test's own folder; buf takes its path. */
char *write_file(const char *name, const char *text, char buf[256]);
/* Group setup and teardown: make and remove that folder, and forget SIP_PASSWORD. */
int options_set_up(void **state);
int options_tear_down(void **state);

/* SPEC section 2, typed by hand: what is due now, and what is not; each ended by NULL. */
extern const char *const DUE_NAMES[];
extern const char *const NOT_DUE[];

#endif
