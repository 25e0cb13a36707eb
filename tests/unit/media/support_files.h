/* SPDX-License-Identifier: MIT */
/* Files in memory behind struct media_files, with faults on demand. */
#ifndef SUPPORT_FILES_H
#define SUPPORT_FILES_H

#include "wsaudio/media.h"

#define FILES_MAX 8

struct memory_file {
    char name[FILE_NAME_LEN_MAX + 1];
    uint8_t *data; /* owns */
    size_t len;
    bool gone; /* removed: cannot be opened any more */
};

struct memory_files {
    struct memory_file file[FILES_MAX];
    size_t count;
    int open; /* handles not closed */
    int opens;
    size_t reads, read_bytes, longest_read;
    int reads_before_failure; /* -1: reads do not fail; then play_read gives ST_IO */
    size_t read_most;         /* 0: no limit on the bytes a read gives */
    bool open_fails;
    /* the one recording */
    uint8_t *recording; /* owns */
    size_t recording_len, recording_cap;
    bool recording_open;
    int records_begun, records_ended;
    int begin_status, write_status;
    size_t disk; /* bytes the disk takes; 0: any */
    char number[80], callid8[16];
    void (*written)(struct memory_files *m, uint64_t offset, size_t len); /* after each write */
    void *owner;
};

void files_init(struct memory_files *m);
void files_fini(struct memory_files *m);
/* Copies `data`. */
void files_put(struct memory_files *m, const char *name, const void *data, size_t len);
void files_io(struct memory_files *m, struct media_files *io);

#endif
