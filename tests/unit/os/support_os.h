/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_OS_H
#define SUPPORT_OS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/os.h"

/* 127.0.0.1 with that port. */
struct net_addr support_loopback(uint16_t port);
/* A UDP socket on 127.0.0.1, its address in *addr. */
int support_udp(struct net_addr *addr);
/* Waits until fd is readable, 2 s at most. */
void support_wait(int fd);
/* Number of entries of a directory such as /proc/self/task. */
int support_count(const char *dir);
/* Skips the test where tools/machines runs it by an emulator of a 32 bit machine that cannot do what it needs. */
void support_skip_under_32_bit_emulation(void);
/* A new directory; free() the name after support_remove_tree. */
char *support_make_dir(void);
void support_remove_tree(char *dir);

#endif
