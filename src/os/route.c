/* SPDX-License-Identifier: MIT */
/* Which of our addresses leads to another: a connected UDP socket is asked, which sends nothing. And names without
 * c-ares, before the loop. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "os_priv.h"

int os_route_local(const struct net_addr *to, struct net_addr *out)
{
    union os_sockaddr name;
    const struct net_addr probe = {.family = to->family, .scope = to->scope, .port = to->port != 0 ? to->port : 9};
    struct net_addr target = probe;

    memcpy(target.ip, to->ip, sizeof(target.ip));
    const socklen_t len = os_sockaddr_from(&target, &name);
    int fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return os_fail(errno);
    }
    int status = connect(fd, &name.any, len) == 0 ? os_socket_local(fd, out) : os_fail(errno);
    (void)close(fd);
    out->port = 0;
    return status;
}

int os_resolve(const char *host, uint16_t port, struct net_addr *out)
{
    if (addr_parse_ip(span_cstr(host), out) == ST_OK) {
        out->port = port;
        return ST_OK;
    }
    if (host_is_localhost(span_cstr(host))) { /* also where no hosts file names it */
        const struct net_addr loopback = {.family = 4, .ip = {127, 0, 0, 1}, .port = port};
        *out = loopback;
        return ST_OK;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error != 0) {
        return error == EAI_SYSTEM ? os_fail(errno) : os_fail_text(gai_strerror(error), ST_NOT_FOUND);
    }
    struct net_addr found = {0};
    for (const struct addrinfo *entry = list; entry != NULL && found.family != 4; entry = entry->ai_next) {
        union os_sockaddr name;
        if (entry->ai_addrlen > sizeof(name) || (found.family != 0 && entry->ai_family != AF_INET)) {
            continue;
        }
        memcpy(&name, entry->ai_addr, entry->ai_addrlen);
        found = os_sockaddr_to(&name);
    }
    freeaddrinfo(list);
    if (found.family == 0) {
        return os_fail_text("no address of this name", ST_NOT_FOUND);
    }
    found.port = port;
    *out = found;
    return ST_OK;
}
