/* SPDX-License-Identifier: MIT */
/* The files of tests/field/wav. Tests only. */
#ifndef SUPPORT_WAVFIELD_H
#define SUPPORT_WAVFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define WAVFIELD_HZ      1004.0
#define WAVFIELD_SAMPLES 1600
#define WAVFIELD_MAX     160000 /* bytes of the longest */

struct wavfield {
    const char *name;
    bool sounds;
};

static const struct wavfield wavfield_files[] = {
    {"odd-list-not-padded", true},
    {"fmt-17-not-padded", true},
    {"data-size-0-then-list", true},
    {"data-size-ffffffff-then-list", true},
    {"empty-recording-list-after", false},
    {"pcm-24-in-32-left", true},
    {"pcm-16-in-32", true},
    {"seventy-chunks-before-data", true},
};
#define WAVFIELD_FILES (sizeof(wavfield_files) / sizeof(wavfield_files[0]))

static inline void wavfield_path(const char *name, char *path, size_t cap)
{
    if (snprintf(path, cap, "%s/tests/field/wav/%s.wav", SOURCE_DIR, name) >= (int)cap) {
        abort();
    }
}

/* The file, read into out (WAVFIELD_MAX bytes); its length. */
static inline size_t wavfield_load(const char *name, uint8_t *out)
{
    char path[512];
    wavfield_path(name, path, sizeof(path));
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        abort();
    }
    size_t len = fread(out, 1, WAVFIELD_MAX, file);
    if (fclose(file) != 0 || len == 0 || len == WAVFIELD_MAX) {
        abort();
    }
    return len;
}

#endif
