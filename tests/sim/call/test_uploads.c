/* SPDX-License-Identifier: MIT */
/* WAV_UPLOAD over the whole gateway: what is stored, what is refused and how, and that a failure leaves no trace.
 *
 *  fault 35   bad names            fault 34   two clients, fragments interleaved
 *  fault 37   bad base64           fault 38   limits, not a WAV, replacing
 *  fault 39   too long             flush      atomic; commands behind it wait; the client leaves in it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavfield.h"
#include "wavgen.h"
#include "world.h"
#include "wsframe.h"

#define S5 DUR_S(5)

static const char *last_text(const struct world *w, size_t c)
{
    const struct world_client *client = &w->clients[c];
    return client->text_count > 0 ? client->texts[client->text_count - 1] : "";
}

/* A mu-law file of `len` samples in base64, as a WAV_UPLOAD message. */
struct upload_text {
    char *text;    /* owned */
    size_t prefix; /* where the base64 begins */
    uint8_t *file; /* owned */
    size_t size;
};

static struct upload_text upload_of(const char *name, const void *file, size_t size)
{
    struct upload_text u = {.size = size};
    size_t cap = base64_encoded_len(size) + strlen(name) + 32;

    u.text = malloc(cap);
    u.file = malloc(size + 1);
    assert_non_null(u.text);
    assert_non_null(u.file);
    memcpy(u.file, file, size);
    u.prefix = (size_t)snprintf(u.text, cap, "WAV_UPLOAD:%s:", name);
    assert_int_equal(base64_encode(file, size, u.text + u.prefix, cap - u.prefix), ST_OK);
    return u;
}

static struct upload_text upload_wav(const char *name, const struct wavgen *w)
{
    uint8_t *file = malloc(w->data_len + 4096u);
    assert_non_null(file);
    size_t size = wavgen_build(file, w->data_len + 4096u, w);
    struct upload_text u = upload_of(name, file, size);
    free(file);
    return u;
}

static struct upload_text upload_ulaw(const char *name, uint32_t samples, uint8_t seed)
{
    uint8_t *data = malloc(samples + 1u);
    assert_non_null(data);
    for (uint32_t i = 0; i < samples; i++) {
        data[i] = (uint8_t)(seed + i * 13 + i / 256);
    }
    struct wavgen w = {.fmt_len = 18, .data = data, .data_len = samples};
    struct upload_text u = upload_wav(name, &w);
    free(data);
    return u;
}

static void upload_free(struct upload_text *u)
{
    free(u->text);
    free(u->file);
}

/* Exactly one answer, and it begins so. */
static void answered(struct world *w, size_t c, const char *text, const char *answer)
{
    size_t before = w->clients[c].text_count;

    world_send(w, c, text);
    world_run(w, DUR_MS(100));
    if (w->clients[c].text_count != before + 1 || strncmp(last_text(w, c), answer, strlen(answer)) != 0) {
        fail_msg("%.80s: %zu answers, the last %s, not %s", text, w->clients[c].text_count - before, last_text(w, c),
                 answer);
    }
}

static void stored(struct world *w, size_t c, const struct upload_text *u, const char *name)
{
    char ack[64];

    snprintf(ack, sizeof(ack), "WAV_ACK:檔案上傳成功 (%zu 字節)", u->size);
    answered(w, c, u->text, ack);
    const struct world_file *f = world_file(w, name);
    assert_non_null(f);
    assert_int_equal(f->len, u->size);
    assert_memory_equal(f->data, u->file, u->size);
}

/* What is stored is played to its last sample; what could not be is refused. */
static void files_from_the_field(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);
    uint8_t *file = malloc(WAVFIELD_MAX);

    (void)state;
    assert_non_null(file);
    world_send(w, c, "CALL:0");
    world_wait(w, c, "CALL_STATE:established", S5);
    for (size_t i = 0; i < WAVFIELD_FILES; i++) {
        const char *name = wavfield_files[i].name;
        struct upload_text u = upload_of(name, file, wavfield_load(name, file));
        if (wavfield_files[i].sounds) {
            char text[96];
            stored(w, c, &u, name);
            snprintf(text, sizeof(text), "PLAY_WAV:%s", name);
            world_send(w, c, text);
            snprintf(text, sizeof(text), "WAV_ACK:開始播放檔案 %s", name);
            world_wait(w, c, text, S5);
            const size_t begun = w->phone.rtp_packets;
            snprintf(text, sizeof(text), "WAV_DONE:%s", name);
            world_wait(w, c, text, S5);
            assert_in_range(w->phone.rtp_packets - begun, 8, 11); /* 200 ms */
            snprintf(text, sizeof(text), "DELETE_WAV:%s", name);
            answered(w, c, text, "WAV_DELETED:");
        } else {
            answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_wav:no audio in it; taken: ");
        }
        upload_free(&u);
    }
    w->read_back_status = ST_IO; /* it cannot be judged: then it is not stored */
    struct upload_text u = upload_of("field.wav", file, wavfield_load("pcm-16-in-32", file));
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:io:the file cannot be stored: the drawer is stuck");
    upload_free(&u);
    free(file);
    world_end(w);
}

/* A few of them over the whole way; unit.audio.test_wav_other has the rest. */
static void no_wav_is_named(void **state)
{
    static const struct {
        const char *text, *answer;
    } rows[] = {
        {"WAV_UPLOAD:x:", "ERROR:WAV_UPLOAD:bad_wav:an empty file; taken: "},
        {"WAV_UPLOAD:x:GkXfo59ChoEBQveBAUI=", "ERROR:WAV_UPLOAD:bad_wav:not a RIFF file (WebM or Matroska); taken: "},
        {"WAV_UPLOAD:x:VWtsR1JpUUFBQUJYUVZaRg==",
         "ERROR:WAV_UPLOAD:bad_wav:not a RIFF file (base64 of one: it was encoded twice); "},
        {"WAV_UPLOAD:x:eyJhIjoxfQ==", "ERROR:WAV_UPLOAD:bad_wav:not a RIFF file (JSON); taken: "},
    };
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        answered(w, c, rows[i].text, rows[i].answer);
    }
    world_end(w);
}

/* ---- names ---- */

static void fault_35_names(void **state)
{
    static const char *const bad[] = {"../x.wav", "/etc/x", "a/b",  "a\\b",  ".hidden",
                                      ".",        "..",     "a\tb", "a\x7F", "\xC2\x85"};
    static const char *const good[] = {"a", "a.wav", "a b", "聲音.wav", "a..b", "~", "-rf", "a%2Fb"};
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct upload_text u = upload_ulaw(bad[i], 160, 1);
        answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_argument:");
        assert_int_equal(world_files(w), 0);
        upload_free(&u);
    }
    struct upload_text empty = upload_ulaw("", 160, 1);
    answered(w, c, empty.text, "ERROR:WAV_UPLOAD:bad_argument:");
    upload_free(&empty);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct upload_text u = upload_ulaw(good[i], 160, 1);
        stored(w, c, &u, good[i]);
        upload_free(&u);
    }
    world_end(w);
}

static void longest_name(void **state)
{
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);
    char name[300];

    (void)state;
    for (size_t len = 127; len <= 257; len += len == 129 ? 126 : 1) { /* fault 38: 256 and more were met with silence */
        memset(name, 'n', len);
        name[len] = '\0';
        struct upload_text u = upload_ulaw(name, 160, 1);
        if (len <= 128) {
            stored(w, c, &u, name);
        } else {
            answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_argument:");
        }
        upload_free(&u);
    }
    assert_int_equal(world_files(w), 2);
    world_end(w);
}

/* ---- base64 ---- */

static void fault_37_bad_base64_at_every_position(void **state)
{
    static const char wrong[] = {'@', '!', '?', '\f', '~', '\x7f', '.', ','};
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("x", 97, 1); /* ends in one '=' or two or none: all places are met */

    (void)state;
    size_t len = strlen(u.text);
    for (size_t at = u.prefix; at < len; at++) {
        char kept = u.text[at];
        u.text[at] = wrong[at % sizeof(wrong)];
        answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_base64:");
        assert_int_equal(world_files(w), 0);
        u.text[at] = '='; /* padding in the middle */
        if (at + 2 < len) {
            answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_base64:");
        }
        u.text[at] = kept;
    }
    stored(w, c, &u, "x");
    upload_free(&u);
    world_end(w);
}

/* Of the last character of a text without padding. */
static bool no_bits_left(char last, unsigned int mask)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(alphabet, last);
    return at != NULL && ((unsigned int)(at - alphabet) & mask) == 0;
}

static void base64_cut_short(void **state)
{
    struct world *w = world_new(4, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("x", 100, 1); /* 146 bytes: header of 46 */

    (void)state;
    for (size_t len = strlen(u.text) - 1; len >= u.prefix; len--) {
        char kept = u.text[len];
        u.text[len] = '\0';
        size_t chars = len - u.prefix;
        bool whole = chars % 4 == 0 || (chars % 4 > 1 && no_bits_left(u.text[len - 1], chars % 4 == 2 ? 15 : 3));
        const char *answer = !whole                ? "ERROR:WAV_UPLOAD:bad_base64:"
                             : chars * 3 / 4 <= 46 ? "ERROR:WAV_UPLOAD:bad_wav:"
                                                   : "WAV_ACK:檔案上傳成功 (";
        answered(w, c, u.text, answer);
        assert_true(world_files(w) <= 1); /* the longer ones stored before; no temporary file is left */
        u.text[len] = kept;
    }
    static const char *const more[] = {"WAV_UPLOAD:y:AA==BBBB", "WAV_UPLOAD:y:@@@@!!!!", "WAV_UPLOAD:y:Zh=="};
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        answered(w, c, more[i], "ERROR:WAV_UPLOAD:bad_base64:");
    }
    assert_null(world_file(w, "y"));
    upload_free(&u);
    world_end(w);
}

/* A copy of the message with its base64 written anew. */
static struct upload_text rewritten(const struct upload_text *u, const char *prefix, size_t line, bool url_safe)
{
    struct upload_text r = {.size = u->size};
    struct outbuf out;
    size_t cap = 4 * strlen(u->text) + strlen(prefix) + 8;

    r.text = malloc(cap);
    r.file = malloc(u->size);
    assert_non_null(r.text);
    assert_non_null(r.file);
    memcpy(r.file, u->file, u->size);
    outbuf_init(&out, r.text, cap - 1);
    outbuf_str(&out, prefix);
    for (size_t i = 0; u->text[u->prefix + i] != '\0'; i++) {
        char c = u->text[u->prefix + i];
        if (line > 0 && i > 0 && i % line == 0) {
            outbuf_str(&out, "\r\n");
        }
        if (!url_safe || c != '=') {
            outbuf_char(&out, url_safe && c == '+' ? '-' : url_safe && c == '/' ? '_' : c);
        }
    }
    r.text[outbuf_view(&out).len] = '\0';
    return r;
}

/* As JavaScript, Python's encodebytes, openssl and others write it. */
static void base64_as_programs_send_it(void **state)
{
    static const struct {
        const char *prefix;
        size_t line;
        bool url_safe;
    } forms[] = {
        {"WAV_UPLOAD:x:", 76, false},
        {"WAV_UPLOAD:x:", 1, false},
        {"WAV_UPLOAD:x:", 0, true},
        {"WAV_UPLOAD:x: ", 64, true},
        {"WAV_UPLOAD:x:data:audio/wav;base64,", 0, false},
        {"WAV_UPLOAD:x:data:audio/x-wav;codecs=7;base64,", 76, true},
        {"\xef\xbb\xbfWAV_UPLOAD:x:", 0, false},
        {"WAV_UPLOAD:x \t:", 0, false}, /* PLAY_WAV:x and a blank means x too */
    };
    struct world *w = world_new(14, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (uint32_t samples = 200; samples < 203; samples++) {
        struct upload_text u = upload_ulaw("x", samples, 0xF0);
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            struct upload_text r = rewritten(&u, forms[i].prefix, forms[i].line, forms[i].url_safe);
            stored(w, c, &r, "x");
            upload_free(&r);
        }
        /* a program in C sends its string's end too */
        world_send_frame(w, c, WSFRAME_FIN | WSFRAME_TEXT, u.text, strlen(u.text) + 1);
        world_run(w, DUR_MS(100));
        assert_int_equal(strncmp(last_text(w, c), "WAV_ACK:檔案上傳成功", 20), 0);
        upload_free(&u);
    }
    answered(w, c, "WAV_UPLOAD:x:data:audio/wav,RIFF",
             "ERROR:WAV_UPLOAD:bad_base64:not base64 (RFC 4648): the data: URL");
    answered(w, c, "WAV_UPLOAD:x:QUJD.",
             "ERROR:WAV_UPLOAD:bad_base64:not base64 (RFC 4648): a character that base64 does "
             "not have, at character 5");
    assert_int_equal(world_files(w), 1);
    world_end(w);
}

/* A ':' in a name ends it for the server; the error says which name was meant. */
static void names_with_a_colon(void **state)
{
    static const char *const names[][2] = {
        {"C:\\sounds\\x.wav", "C:\\sounds\\x.wav"},
        {"a:b.wav", "a:b.wav"},
        {"a:b:c.wav", "a:b:c.wav"},
        {"a:sound", "a:sound"},
        {"https://example.com/x.wav", "https://example.com/x.wav"},
        {"10:30:00.wav:data:audio/wav;base64,", "10:30:00.wav"},
        {"/tmp/x.wav", "/tmp/x.wav"},
        {"", ""},
    };
    struct world *w = world_new(15, NULL);
    size_t c = world_connect(w);
    char message[600];
    char answer[200];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct upload_text u = upload_ulaw("x", 160, 1);
        const char *between = strstr(names[i][0], "base64,") != NULL ? "" : ":";
        snprintf(message, sizeof(message), "WAV_UPLOAD:%s%s%s", names[i][0], between, u.text + u.prefix);
        snprintf(answer, sizeof(answer), "ERROR:WAV_UPLOAD:bad_argument:the name '%s' is not allowed (", names[i][1]);
        answered(w, c, message, answer);
        upload_free(&u);
    }
    assert_int_equal(world_files(w), 0);
    world_end(w);
}

/* ---- what it is ---- */

static void not_a_wav(void **state)
{
    static const uint8_t sound[600];
    static const struct {
        struct wavgen w;
        const char *answer;
    } rows[] = {
        {{.tag = WAVGEN_PCM, .bits = 20, .data = sound, .data_len = 600},
         "ERROR:WAV_UPLOAD:bad_wav:found PCM 20-bit mono 8000 Hz; taken: " WAV_TAKEN},
        {{.tag = WAVGEN_FLOAT, .bits = 64, .data = sound, .data_len = 600},
         "ERROR:WAV_UPLOAD:bad_wav:found float 64-bit"},
        {{.channels = 3, .data = sound, .data_len = 600}, "ERROR:WAV_UPLOAD:bad_wav:found mu-law 8-bit 3 channels"},
        {{.tag = 0x11, .bits = 4, .data = sound, .data_len = 600},
         "ERROR:WAV_UPLOAD:bad_wav:found format 0x0011 4-bit"},
        {{.tag = WAVGEN_PCM, .rate_hz = 96000, .data = sound, .data_len = 600},
         "ERROR:WAV_UPLOAD:bad_wav:found PCM 16-bit mono 96000 Hz"},
        {{.fmt_len = 40, .bad_guid = true, .data = sound, .data_len = 600},
         "ERROR:WAV_UPLOAD:bad_wav:unknown sub-format in an EXTENSIBLE fmt chunk; taken: WAV files of " WAV_TAKEN},
        {{.data = sound, .data_len = 0}, "ERROR:WAV_UPLOAD:bad_wav:"},
    };
    struct world *w = world_new(5, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct upload_text u = upload_wav("x", &rows[i].w);
        answered(w, c, u.text, rows[i].answer);
        upload_free(&u);
    }
    struct upload_text text = upload_of("x", "just some text, no sound", 24);
    answered(w, c, text.text, "ERROR:WAV_UPLOAD:bad_wav:not a RIFF file; taken: WAV files of " WAV_TAKEN);
    upload_free(&text);
    answered(w, c, "WAV_UPLOAD:x:", "ERROR:WAV_UPLOAD:bad_wav:"); /* empty */
    answered(w, c, "WAV_UPLOAD:x", "ERROR:WAV_UPLOAD:bad_");
    answered(w, c, "WAV_UPLOAD::", "ERROR:WAV_UPLOAD:bad_argument:");
    answered(w, c, "WAV_UPLOAD:", "ERROR:WAV_UPLOAD:bad_argument:");
    assert_int_equal(world_files(w), 0);
    static const struct wavgen taken[] = {
        {.tag = WAVGEN_ULAW, .data = sound, .data_len = 600},
        {.tag = WAVGEN_ALAW, .fmt_len = 18, .fact = true, .data = sound, .data_len = 600},
        {.tag = WAVGEN_PCM, .fmt_len = 40, .data = sound, .data_len = 600},
        {.tag = WAVGEN_ULAW, .list_before = 30, .list_after = 30, .data = sound, .data_len = 600},
        {.tag = WAVGEN_ULAW, .data_first = true, .data = sound, .data_len = 600},
        {.tag = WAVGEN_ULAW, .declare = true, .declared_len = 0xFFFFFFFF, .data = sound, .data_len = 600},
    };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct upload_text u = upload_wav("x", &taken[i]);
        stored(w, c, &u, "x");
        upload_free(&u);
    }
    world_end(w);
}

/* ---- limits and disk ---- */

static void too_large(void **state)
{
    struct gateway_config config = world_config();
    config.upload_max = 50000;
    struct world *w = world_new(6, &config);
    size_t c = world_connect(w);

    (void)state;
    struct upload_text fits = upload_ulaw("x", 50000 - 46, 1);
    stored(w, c, &fits, "x");
    struct upload_text over = upload_ulaw("x", 50001 - 46, 2);
    answered(w, c, over.text, "ERROR:WAV_UPLOAD:too_large:an upload is at most 50000 bytes");
    assert_int_equal(world_files(w), 1);
    assert_memory_equal(world_file(w, "x")->data, fits.file, fits.size); /* the earlier one is as it was */
    struct upload_text far_over = upload_ulaw("y", 900000, 2);
    answered(w, c, far_over.text, "ERROR:WAV_UPLOAD:too_large:");
    assert_int_equal(world_files(w), 1);
    upload_free(&fits);
    upload_free(&over);
    upload_free(&far_over);
    world_end(w);
}

/* Once 1009, and the call gone with the connection. */
static void fault_39_message_too_long(void **state)
{
    struct gateway_config config = world_config();
    config.max_message = 20000;
    struct world *w = world_new(7, &config);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
    struct upload_text u = upload_ulaw("x", 30000, 1);
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:too_large:the message is longer than --ws-max-message (20000 bytes)");
    world_send_frame(w, c, WSFRAME_TEXT, u.text, 15000); /* in fragments, stored in part already */
    world_run(w, DUR_MS(100));
    size_t before = w->clients[c].text_count;
    world_send_frame(w, c, WSFRAME_FIN | WSFRAME_CONT, u.text + 15000, 15000);
    world_run(w, DUR_MS(100));
    assert_int_equal(w->clients[c].text_count, before + 1);
    assert_int_equal(world_count(w, c, "ERROR:WAV_UPLOAD:too_large:"), 2);
    assert_int_equal(world_files(w), 0); /* what had begun is gone */
    assert_int_equal(w->clients[c].close_code, 0);
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    upload_free(&u);
    u = upload_ulaw("x", 3000, 1);
    stored(w, c, &u, "x");
    upload_free(&u);
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    char *audio = calloc(1, 20001);
    assert_non_null(audio);
    world_send_frame(w, c, WSFRAME_FIN | WSFRAME_BINARY, audio, 20001); /* anything else closes */
    world_run(w, DUR_S(1));
    assert_int_equal(w->clients[c].close_code, 1009);
    free(audio);
    world_end(w);
}

static void no_room_and_broken_disk(void **state)
{
    struct world *w = world_new(8, NULL);
    size_t c = world_connect(w);
    struct upload_text old = upload_ulaw("x", 500, 1);
    struct upload_text u = upload_ulaw("x", 20000, 2);

    (void)state;
    stored(w, c, &old, "x");
    static const struct {
        int status;
        const char *answer;
    } rows[] = {{ST_FULL, "ERROR:WAV_UPLOAD:quota:"},
                {ST_BUSY, "ERROR:WAV_UPLOAD:busy:"},
                {ST_IO, "ERROR:WAV_UPLOAD:io:the file cannot be stored: the drawer is stuck"},
                {ST_NO_MEMORY, "ERROR:WAV_UPLOAD:internal:"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        w->begin_status = rows[i].status;
        answered(w, c, u.text, rows[i].answer);
        w->begin_status = ST_OK;
        w->write_status = rows[i].status;
        answered(w, c, u.text, rows[i].answer);
        w->write_status = ST_OK;
    }
    w->commit_status = ST_FULL;
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:quota:");
    w->commit_status = ST_IO;
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:io:");
    w->commit_status = ST_OK;
    w->commit_fails = true; /* found out later, when the flush comes back */
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:io:");
    w->commit_fails = false;
    assert_int_equal(world_files(w), 1);
    assert_memory_equal(world_file(w, "x")->data, old.file, old.size);
    stored(w, c, &u, "x"); /* and the connection still works */
    upload_free(&old);
    upload_free(&u);
    world_end(w);
}

/* ---- the flush ---- */

static void replaced_atomically(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t a = world_connect(w);
    size_t b = world_connect(w);
    struct upload_text old = upload_ulaw("x", 500, 1);
    struct upload_text new = upload_ulaw("x", 700, 2);

    (void)state;
    stored(w, a, &old, "x");
    world_send(w, a, new.text);
    world_run(w, DUR_MS(20)); /* the flush takes 30 */
    assert_memory_equal(world_file(w, "x")->data, old.file, old.size);
    assert_int_equal(world_count(w, a, "WAV_ACK"), 1); /* acknowledged only when it is on disk */
    world_send(w, b, "LIST_WAV");
    world_run(w, 0);
    assert_int_equal(world_count(w, b, "WAV_LIST:x:546:"), 1); /* others see the old one, and it once */
    assert_int_equal(world_count(w, b, "WAV_LIST:"), 1);
    world_run(w, DUR_MS(20));
    assert_int_equal(world_count(w, a, "WAV_ACK"), 2);
    assert_memory_equal(world_file(w, "x")->data, new.file, new.size);
    upload_free(&old);
    upload_free(&new);
    world_end(w);
}

static void commands_behind_an_upload_see_its_result(void **state)
{
    struct world *w = world_new(10, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("x", 500, 1);

    (void)state;
    world_send(w, c, u.text);
    /* all in one packet behind it: the bytes wait in the connection while the disk works */
    world_send(w, c, "LIST_WAV");
    world_send(w, c, "DELETE_WAV:x");
    world_send(w, c, "LIST_WAV");
    assert_int_equal(w->clients[c].text_count, 0);
    world_run(w, DUR_S(1));
    static const char *const order[] = {"WAV_ACK:檔案上傳成功 (546 字節)", "WAV_LIST:x:546:20", "WAV_LIST_END:1",
                                        "WAV_DELETED:x", "WAV_LIST_END:0"};
    assert_int_equal(w->clients[c].text_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(w->clients[c].texts[i], order[i]);
    }
    upload_free(&u);
    world_end(w);
}

static void client_leaves_during_the_flush(void **state)
{
    struct world *w = world_new(11, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("x", 500, 1);

    (void)state;
    world_send(w, c, u.text);
    world_disconnect(w, c);
    size_t other = world_connect(w); /* in the same slot, perhaps */
    world_run(w, DUR_S(1));
    assert_non_null(world_file(w, "x"));               /* it was complete: stored all the same */
    assert_int_equal(w->clients[other].text_count, 0); /* and nobody else is told */
    upload_free(&u);
    world_end(w);
}

static void client_leaves_in_the_middle(void **state)
{
    struct world *w = world_new(12, NULL);
    struct upload_text u = upload_ulaw("x", 5000, 1);

    (void)state;
    for (int how = 0; how < 2; how++) {
        size_t c = world_connect(w);
        world_send_frame(w, c, WSFRAME_TEXT, u.text, 3000); /* not the last frame */
        assert_int_equal(world_files(w), 1);
        if (how == 0) {
            world_disconnect(w, c);
        } else {
            world_send_frame(w, c, WSFRAME_FIN | WSFRAME_TEXT, "x", 1); /* a protocol error */
            world_run(w, DUR_S(10));
            assert_int_equal(w->clients[c].close_code, 1002);
        }
        assert_int_equal(world_files(w), 0);
    }
    upload_free(&u);
    world_end(w);
}

/* ---- how it travels ---- */

static void one_byte_at_a_time(void **state)
{
    struct world *w = world_new(13, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("x.wav", 1000, 1);

    (void)state;
    w->clients[c].chunk = 1;
    stored(w, c, &u, "x.wav");
    w->clients[c].chunk = 7;
    stored(w, c, &u, "x.wav");
    u.text[u.prefix + 900] = '*';
    answered(w, c, u.text, "ERROR:WAV_UPLOAD:bad_base64:");
    w->clients[c].chunk = 1;
    answered(w, c, "STATS", "ERROR:STATS:no_call:");
    upload_free(&u);
    world_end(w);
}

static void every_two_way_split_in_fragments(void **state)
{
    struct world *w = world_new(14, NULL);
    size_t c = world_connect(w);
    struct upload_text u = upload_ulaw("ab", 40, 1);

    (void)state;
    size_t len = strlen(u.text);
    for (size_t at = 0; at <= len; at++) {
        world_send_frame(w, c, WSFRAME_TEXT, u.text, at);
        world_send_frame(w, c, WSFRAME_FIN | WSFRAME_CONT, u.text + at, len - at);
        world_run(w, DUR_MS(100));
        assert_int_equal(world_count(w, c, "WAV_ACK:檔案上傳成功 (86 字節)"), at + 1);
    }
    assert_int_equal(w->clients[c].text_count, len + 1);
    upload_free(&u);
    world_end(w);
}

static void fault_34_fragments_of_two_clients(void **state)
{
    struct world *w = world_new(15, NULL);
    size_t a = world_connect(w);
    size_t b = world_connect(w);
    struct upload_text ua = upload_ulaw("a", 3000, 1);
    struct upload_text ub = upload_ulaw("b", 3000, 99);

    (void)state;
    size_t len = strlen(ua.text);
    assert_int_equal(strlen(ub.text), len);
    for (size_t at = 0; at < len; at += 500) {
        size_t n = len - at < 500 ? len - at : 500;
        unsigned first = (at == 0 ? WSFRAME_TEXT : WSFRAME_CONT) | (at + n == len ? WSFRAME_FIN : 0);
        world_send_frame(w, a, first, ua.text + at, n);
        world_send_frame(w, b, first, ub.text + at, n);
    }
    world_run(w, DUR_S(1));
    assert_true(world_file(w, "a") != NULL && world_file(w, "b") != NULL);
    assert_memory_equal(world_file(w, "a")->data, ua.file, ua.size);
    assert_memory_equal(world_file(w, "b")->data, ub.file, ub.size);
    assert_int_equal(world_count(w, a, "WAV_ACK"), 1);
    assert_int_equal(world_count(w, b, "WAV_ACK"), 1);
    upload_free(&ua);
    upload_free(&ub);
    world_end(w);
}

/* A new file under the name that plays: the one that plays goes on to its end. */
static void replaced_while_it_plays(void **state)
{
    struct world *w = world_new(16, NULL);
    size_t c = world_connect(w);
    struct upload_text old = upload_ulaw("x", 30000, 1);
    struct upload_text new = upload_ulaw("x", 320, 2);

    (void)state;
    stored(w, c, &old, "x");
    world_send(w, c, "CALL:1");
    world_wait(w, c, "CALL_STATE:established", S5);
    world_send(w, c, "PLAY_WAV:x");
    world_wait(w, c, "WAV_ACK:開始播放檔案 x", S5);
    stored(w, c, &new, "x");
    size_t before = w->phone.rtp_packets;
    world_wait(w, c, "WAV_DONE:x", S5);
    assert_in_range(w->phone.rtp_packets - before, 30000 / 160 - 10, 30000 / 160 + 1);
    upload_free(&old);
    upload_free(&new);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_from_the_field),
        cmocka_unit_test(no_wav_is_named),
        cmocka_unit_test(fault_35_names),
        cmocka_unit_test(longest_name),
        cmocka_unit_test(fault_37_bad_base64_at_every_position),
        cmocka_unit_test(base64_cut_short),
        cmocka_unit_test(base64_as_programs_send_it),
        cmocka_unit_test(names_with_a_colon),
        cmocka_unit_test(not_a_wav),
        cmocka_unit_test(too_large),
        cmocka_unit_test(fault_39_message_too_long),
        cmocka_unit_test(no_room_and_broken_disk),
        cmocka_unit_test(replaced_atomically),
        cmocka_unit_test(commands_behind_an_upload_see_its_result),
        cmocka_unit_test(client_leaves_during_the_flush),
        cmocka_unit_test(client_leaves_in_the_middle),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(every_two_way_split_in_fragments),
        cmocka_unit_test(fault_34_fragments_of_two_clients),
        cmocka_unit_test(replaced_while_it_plays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
