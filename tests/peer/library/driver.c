/* SPDX-License-Identifier: MIT */
/* Calls the library as a script on standard input says, one step a line, and prints what came of it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "sip_client.h"

static sip_session_t session;
static unsigned long packets;
static char inside[32]; /* what the callback calls */

static void heard(const unsigned char *data, size_t size)
{
    char buf[16];

    packets++;
    if (size < 13 || data[0] >> 6 != 2) {
        printf("bad packet\n");
    }
    if (strcmp(inside, "refused") == 0) {
        printf("inside %d %d %d\n", sip_client_run(0), make_sip_call(&session, "1"),
               recv_with_timeout(session.sockfd, buf, (int)sizeof(buf), NULL, NULL, 0));
        inside[0] = '\0';
    } else if (strcmp(inside, "close") == 0) {
        inside[0] = '\0';
        stop_rtp_receiver();
        close_sip_session(&session);
        printf("inside closed\n");
    }
}

/* As many programs do it. */
static void on_signal(int number)
{
    (void)number;
    exit(4);
}

static void show(void)
{
    printf("session %d tag=%s callid=%s branch=%s cseq=%s to_tag=%s port=%d up=%d server=%d\n", session.sockfd >= 0,
           session.tag, session.callid, session.branch, session.cseq, session.to_tag, session.remote_rtp_port,
           session.call_established, ntohs(session.servaddr.sin_port));
}

static void play(const char *file, int port)
{
    struct sockaddr_in to;

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    send_rtp_audio(session.sockfd, &to, file, port != 0 ? port : session.remote_rtp_port, session.callid, session.tag,
                   session.to_tag, session.cseq, &session.servaddr);
}

static void receive(int ms)
{
    char buf[BUF_SIZE];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    int n = recv_with_timeout(session.sockfd, buf, (int)sizeof(buf) - 1, (struct sockaddr *)&from, &len, ms);

    if (n > 0) {
        buf[n] = '\0';
        buf[strcspn(buf, "\r\n")] = '\0';
        printf("recv %d %d %s\n", n, ntohs(from.sin_port), buf);
    } else {
        printf("recv %d\n", n);
    }
}

static void step(const char *verb, const char *word, int number)
{
    if (strcmp(verb, "init") == 0) {
        printf("init %d\n", init_sip_session(&session));
    } else if (strcmp(verb, "call") == 0) {
        printf("call %d\n", make_sip_call(&session, word));
    } else if (strcmp(verb, "play") == 0) {
        play(word, number);
    } else if (strcmp(verb, "ack") == 0) {
        send_ack(session.sockfd, &session.servaddr, session.callid, session.tag, session.branch, session.to_tag,
                 session.cseq);
    } else if (strcmp(verb, "bye") == 0) {
        send_bye(session.sockfd, &session.servaddr, session.callid, session.tag, session.to_tag, session.cseq);
    } else if (strcmp(verb, "close") == 0) {
        close_sip_session(&session);
    } else if (strcmp(verb, "start") == 0) {
        printf("start %d\n", start_rtp_receiver(number, strcmp(word, "-") != 0 ? word : NULL));
    } else if (strcmp(verb, "stop") == 0) {
        stop_rtp_receiver();
    } else if (strcmp(verb, "hear") == 0) {
        set_rtp_callback(heard);
        snprintf(inside, sizeof(inside), "%.31s", word);
    } else if (strcmp(verb, "deaf") == 0) {
        clear_rtp_callback();
    } else if (strcmp(verb, "run") == 0) {
        printf("run %d\n", sip_client_run(atoi(word)));
    } else if (strcmp(verb, "recv") == 0) {
        receive(atoi(word));
    } else if (strcmp(verb, "flush") == 0) {
        flush_socket(session.sockfd);
    } else if (strcmp(verb, "sleep") == 0) {
        usleep((useconds_t)atoi(word) * 1000);
    } else if (strcmp(verb, "fork") == 0) {
        pid_t child = fork();
        if (child == 0) {
            sip_client_run(10);
            exit(0);
        }
        waitpid(child, NULL, 0);
    } else if (strcmp(verb, "trap") == 0) {
        signal(SIGTERM, on_signal);
    } else if (strcmp(verb, "exit") == 0) {
        exit(atoi(word));
    }
}

int main(void)
{
    char line[512];
    char verb[32];
    char word[400];
    int number;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, (int)sizeof(line), stdin) != NULL) {
        verb[0] = word[0] = '\0';
        number = 0;
        sscanf(line, "%31s %399s %d", verb, word, &number);
        step(verb, word, number);
        show();
        printf("done %s packets=%lu rtp_fd=%d\n", verb, packets, get_rtp_sockfd() >= 0);
    }
    return 0;
}
