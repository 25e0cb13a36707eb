/* SPDX-License-Identifier: MIT */
/* The executor of the transaction tables, and what it works on. Only tx.c and tx_run.c look in here. */
#ifndef WSAUDIO_SIPTX_TX_RUN_H
#define WSAUDIO_SIPTX_TX_RUN_H

#include "tx_match.h"
#include "wsaudio/siptx/tx.h"

struct sip_tx;

/* A transaction's clocks are the timer slots, and the send failure that waits to be told. */
#define SIP_TX_FAILURE     SIP_TX_TMR_COUNT
#define SIP_TX_CLOCK_COUNT (SIP_TX_TMR_COUNT + 1)

struct sip_tx {
    struct sip_tx_entry entry; /* in the index from Init to Terminated */
    struct pool_id id;
    enum sip_tx_machine machine;
    enum sip_tx_state state;
    struct sip_flow flow; /* where what it sends goes */
    enum sip_tx_reliability reliability;
    struct sip_tx_owner owner;
    struct timerq_entry clocks[SIP_TX_CLOCK_COUNT]; /* tag: the place among them */
    dur_us retry_us;                                /* the last RETRY interval */
    char *kept;                                     /* owns; exactly kept_len bytes, sent again as they are */
    size_t kept_len;
    int code;              /* server: the last response's */
    char tag[32];          /* INVITE server: To tag of the last response, "" none or a longer one */
    bool ack_kept;         /* INVITE client: kept is the ACK */
    bool ended;            /* an ending was told or would have been */
    struct list_node gone; /* Terminated: in the layer's list */
};

struct sip_tx_layer {
    struct sip_tx_config config;
    struct pool pool;
    struct timerq timers;
    struct sip_tx_index index;
    struct list_node gone; /* Terminated, to be reaped */
    size_t kept_bytes;
    uint64_t dropped_cells, retransmits_out, sent;
    char *scratch; /* SIP_DATAGRAM_MAX bytes, for what the layer itself writes */
};

/* What an event brings along; all borrowed. */
struct sip_tx_hand {
    struct span bytes; /* to send */
    const struct sip_msg *message;
    const struct sip_flow *source;
};

/* Carries out the table's cell for this event. Behind it the transaction may be over, and its owner may have changed
 * anything: do not look at it again. hand may be NULL. */
void sip_tx_step(struct sip_tx_layer *layer, struct sip_tx *tx, mono_us now, enum sip_tx_event event,
                 const struct sip_tx_hand *hand);
/* Whether the table has a move for it: asked before an owner's wish is carried out. */
bool sip_tx_may(const struct sip_tx *tx, enum sip_tx_event event);
/* Replaces what is kept by a copy. ST_NO_MEMORY: then nothing is kept. */
WS_MUST_CHECK int sip_tx_keep(struct sip_tx_layer *layer, struct sip_tx *tx, struct span bytes);
/* Ends it without a word to its owner. */
void sip_tx_kill_now(struct sip_tx_layer *layer, mono_us now, struct sip_tx *tx);

#endif
