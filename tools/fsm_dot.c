/* SPDX-License-Identifier: MIT */
/* Writes the state tables as Graphviz text: fsm_dot DIRECTORY writes <name>.dot for each table into it; fsm_dot without
 * an argument lists their names. docs/fsm holds the output; a test compares it with the tables. */
#include <stdio.h>
#include <string.h>

#include "fsm_call.h"
#include "fsm_sip.h"

#define TEXT_MAX 65536
#define PATH_LEN 1024

static int write_file(const char *directory, const struct fsm_drawing *drawing)
{
    static char text[TEXT_MAX];
    char path[PATH_LEN];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    fsm_write_dot(drawing, &out);
    int len = snprintf(path, sizeof(path), "%s/%s.dot", directory, drawing->file);
    if (outbuf_status(&out) != ST_OK || len < 0 || (size_t)len >= sizeof(path)) {
        fprintf(stderr, "fsm_dot: %s is too large\n", drawing->file);
        return 1;
    }
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t written = fwrite(text, 1, out.len, file);
    if (fclose(file) != 0 || written != out.len) {
        perror(path);
        return 1;
    }
    return 0;
}

static int draw(const char *directory, const struct fsm_drawing *drawings, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count; i++) {
        if (directory == NULL) {
            printf("%s: %s\n", drawings[i].file, drawings[i].title);
        } else {
            result |= write_file(directory, &drawings[i]);
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        fprintf(stderr, "usage: fsm_dot [DIRECTORY]\n");
        return 2;
    }
    const char *directory = argc == 2 ? argv[1] : NULL;
    int result = draw(directory, fsm_sip_drawings, FSM_SIP_COUNT);
    result |= draw(directory, fsm_call_drawings, FSM_CALL_COUNT);
    return result;
}
