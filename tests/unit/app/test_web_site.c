/* SPDX-License-Identifier: MIT */
/* web_site.c: what the pages of room http are shown, over a store of recordings on a real file system.
 *
 *  list          every recording once, the newest first, each name whole (it was once read from a copy that was gone)
 *  file          opened by name, read in pieces, closed; one that is not there
 *  without       --no-record: none of the functions
 *  health        asked for the registration only where one is wanted */
#include <stdio.h>
#include <stdlib.h>

#include "support_store.h"
#include "web_site.h"

struct bench {
    struct store store;
    struct web_site source;
    struct http_site site;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    store_open(&b->store, false);
    for (int i = 0; i < 9; i++) {
        char name[64];
        snprintf(name, sizeof(name), "2023111%dT221320Z-10%d-abcdefgh.wav", i, i);
        store_put(&b->store, name, "0123456789", (size_t)i + 1);
    }
    struct recordings_config config = {
        .dir = b->store.dir, .calls = 1, .flusher = b->store.flusher, .log = &b->store.log};
    assert_int_equal(recordings_open(&config, &b->source.recordings), ST_OK);
    b->site = web_site(&b->source, true, false);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    recordings_close(b->source.recordings);
    store_close(&b->store);
    free(b);
    return 0;
}

static void test_list(void **state)
{
    const struct bench *b = *state;
    struct http_cursor cursor = {{0}};
    struct http_recording row;
    for (int i = 8; i >= 0; i--) {
        char name[64];
        snprintf(name, sizeof(name), "2023111%dT221320Z-10%d-abcdefgh.wav", i, i);
        assert_true(b->site.recording_next(b->site.ctx, &cursor, &row));
        assert_string_equal(row.name, name);
        assert_int_equal(row.bytes, i + 1);
    }
    assert_false(b->site.recording_next(b->site.ctx, &cursor, &row));
}

static void test_file(void **state)
{
    const struct bench *b = *state;
    char text[16];
    uint64_t size;
    int handle;
    assert_int_equal(b->site.recording_open(b->site.ctx, SPAN_LIT("20231118T221320Z-108-abcdefgh.wav"), &handle, &size),
                     ST_OK);
    assert_int_equal(size, 9);
    assert_int_equal(b->site.recording_read(b->site.ctx, handle, 5, text, sizeof(text)), 4);
    assert_memory_equal(text, "5678", 4);
    b->site.recording_close(b->site.ctx, handle);
    assert_int_not_equal(
        b->site.recording_open(b->site.ctx, SPAN_LIT("20231118T221320Z-109-abcdefgh.wav"), &handle, &size), ST_OK);
    assert_int_not_equal(b->site.recording_open(b->site.ctx, SPAN_LIT("../secret.txt"), &handle, &size), ST_OK);
}

static void test_without(void **state)
{
    (void)state;
    struct web_site source = {0};
    struct http_site site = web_site(&source, false, false);
    assert_null(site.recording_next);
    assert_null(site.recording_open);
    assert_false(site.loopback);
    assert_true(strlen(site.version) > 0 && site.commands[0] != NULL);
}

static void test_health(void **state)
{
    (void)state;
    struct web_site source = {0};
    assert_null(web_site(&source, false, false).is_registered);
    assert_non_null(web_site(&source, false, true).is_registered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
