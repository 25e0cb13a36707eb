/* SPDX-License-Identifier: MIT */
/* Packets that lie in the receiver's socket when clear_rtp_callback and stop_rtp_receiver are called. Prints how many the
 * callback had after each, and how many came out of order. */
#include <stdlib.h>

#include "sip_client.h"

static int heard;
static int disorder;
static unsigned short next;

static void on_rtp(const unsigned char *data, size_t size)
{
    unsigned number = (unsigned)data[2] << 8 | data[3];

    heard++;
    disorder += size != sizeof(rtp_header_t) + RTP_PACKET_SIZE || number != next;
    next = (unsigned short)(number + 1);
}

/* Loopback delivers within sendto: behind it they lie in the receiver's socket. */
static void send_packets(int fd, int count)
{
    static unsigned short seq;
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    unsigned char packet[sizeof(rtp_header_t) + RTP_PACKET_SIZE];
    rtp_header_t header;

    if (getsockname(get_rtp_sockfd(), (struct sockaddr *)&to, &len) != 0) {
        exit(3);
    }
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    for (int i = 0; i < count; i++, seq++) {
        init_rtp_header(&header, 0, seq, 160u * seq, 7);
        memcpy(packet, &header, sizeof(header));
        memset(packet + sizeof(header), seq & 0x7f, RTP_PACKET_SIZE);
        if (sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to, len) != (ssize_t)sizeof(packet)) {
            exit(4);
        }
    }
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    set_rtp_callback(on_rtp);
    if (fd < 0 || start_rtp_receiver(0, "one.wav") != 0) {
        return 1;
    }
    send_packets(fd, count);
    printf("before %d\n", heard);
    clear_rtp_callback();
    printf("clear %d\n", heard);
    send_packets(fd, 3); /* for the file alone */
    stop_rtp_receiver();
    printf("deaf %d\n", heard);
    if (start_rtp_receiver(0, "two.wav") != 0) {
        return 1;
    }
    heard = 0;
    next = (unsigned short)(count + 3);
    set_rtp_callback(on_rtp);
    send_packets(fd, count);
    printf("before %d\n", heard);
    stop_rtp_receiver();
    printf("stop %d disorder %d\n", heard, disorder);
    close(fd);
    return 0;
}
