/* SPDX-License-Identifier: MIT */
/* A --config file: it is taken or refused with one line that says why, and what --check-config prints of the settings can be
 * read again and prints the same. Keys that name files to be read are left out. */
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"
#include "support_fuzz.h"

/* Loads from memory; the settings as printed (owned), or NULL when they are refused. */
static char *load(struct span text, char error[OPTIONS_ERROR_MAX])
{
    char path[64];
    char program[] = "fuzz";
    char *argv[] = {program, path, NULL};
    struct options o;
    enum options_action action = OPTIONS_RUN;
    char *printed = NULL;
    size_t printed_len = 0;
    int fd = memfd_create("config", 0);

    FUZZ_CHECK(fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len);
    snprintf(path, sizeof(path), "--config=/proc/self/fd/%d", fd);
    memset(error, 'x', OPTIONS_ERROR_MAX);
    int status = options_load(&o, 2, argv, &action, error);
    FUZZ_CHECK(status == ST_OK || status == ST_BAD);
    if (status == ST_OK) {
        FILE *f = open_memstream(&printed, &printed_len);
        FUZZ_CHECK(f != NULL && action == OPTIONS_RUN && options_port_pairs(&o.rtp_ports) >= o.max_calls);
        FUZZ_CHECK(options_worst_case_memory(&o) > 0);
        options_print_settings(f, &o);
        FUZZ_CHECK(fclose(f) == 0 && printed != NULL);
    } else {
        FUZZ_CHECK(memchr(error, '\0', OPTIONS_ERROR_MAX) != NULL && error[0] != '\0' && strchr(error, '\n') == NULL);
    }
    options_fini(&o);
    options_fini(&o);
    FUZZ_CHECK(close(fd) == 0);
    return printed;
}

/* The name of the configuration file stands in what is printed. */
static struct span without_config(char *printed)
{
    struct span rest = span_cstr(printed);
    size_t len = 0;

    while (rest.len > 0) {
        struct span line = span_cut(&rest, '\n');
        if (!span_starts(line, SPAN_LIT("# config = "))) {
            memmove(printed + len, line.ptr, line.len);
            len += line.len;
            printed[len++] = '\n';
        }
    }
    return span_make(printed, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[OPTIONS_ERROR_MAX];

    if (size > 65536 || memmem(data, size, "-file", 5) != NULL) {
        return 0;
    }
    char *printed = load(span_make(data, size), error);
    if (printed != NULL) {
        struct span first = without_config(printed);
        char *again = load(first, error);
        if (again == NULL) {
            fprintf(stderr, "%s\n%s\n", error, printed);
        }
        FUZZ_CHECK(again != NULL);
        FUZZ_CHECK(span_eq(first, without_config(again)));
        free(again);
    }
    free(printed);
    return 0;
}
