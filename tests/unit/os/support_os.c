/* SPDX-License-Identifier: MIT */
#include "support_os.h"

#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net_addr support_loopback(uint16_t port)
{
    return addr_ipv4(127, 0, 0, 1, port);
}

int support_udp(struct net_addr *addr)
{
    int fd;
    const struct net_addr any = support_loopback(0);
    const struct os_udp_options options = {.dscp = -1};
    assert_int_equal(os_udp_open(&any, &options, &fd), ST_OK);
    assert_int_equal(os_udp_local(fd, addr), ST_OK);
    return fd;
}

void support_wait(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 2000), 1);
}

int support_count(const char *dir)
{
    DIR *d = opendir(dir);
    int count = 0;
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        count += e->d_name[0] != '.';
    }
    closedir(d);
    return count;
}

void support_skip_under_32_bit_emulation(void)
{
    const char *emulator = getenv("TEST_EMULATOR");
    if (emulator != NULL && emulator[0] != '\0' && sizeof(void *) == 4) {
        skip();
    }
}

char *support_make_dir(void)
{
    char *dir = strdup("/tmp/ws_audio_test_XXXXXX");
    assert_non_null(dir);
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void support_remove_tree(char *dir)
{
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(dir);
}
