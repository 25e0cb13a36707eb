#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the first inputs of every fuzz target into corpus/<target>/seed-NN (the same bytes at each run).
Inputs that fuzzing found bear the hash of their content as name and stay; a seed that is no longer made is removed.

seeds.py [--out FOLDER]"""
import argparse
import base64
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
TORTURE = HERE.parent / "torture"
WHOLE = bytes(8)  # chunk sizes: everything at once
ODD = bytes([1, 2, 3, 5, 8, 13, 21, 34])

SDP = (b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n"
       b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n")


def torture():
    return [path.read_bytes() for path in sorted(TORTURE.glob("**/*.dat"))]


def sip(start, *lines, body=b""):
    head = [start, b"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;rport", b"Max-Forwards: 70", b"From: \"A \\\" B\" <sip:a@h>;tag=1",
            b"To: <sip:b@h;user=phone>;tag=2", b"Call-ID: c@h", *lines]
    if body:
        head.append(b"Content-Type: application/sdp")
    head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def sip_message():
    yield from torture()
    yield sip(b"INVITE sip:b@h SIP/2.0", b"CSeq: 1 INVITE", b"Contact: <sip:a@10.0.0.9:5060>", b"Record-Route: <sip:p1;lr>, <sip:p2;lr>", body=SDP)
    yield sip(b"SIP/2.0 200 OK", b"CSeq: 1 INVITE", b"m: <sip:b@10.0.0.8>", b"Supported: timer,replaces", body=SDP)
    yield sip(b"REGISTER sip:h SIP/2.0", b"CSeq: 2 REGISTER", b"Contact: *", b"Expires: 0",
              b"Authorization: Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"0123\", cnonce=\"x\", qop=auth, nc=00000001")
    yield sip(b"SIP/2.0 503 Down", b"CSeq: 1 INVITE", b"Retry-After: 120 (I'm away);duration=3600", b"Contact: <sip:a:secret@h>;expires=5")
    yield b"\r\n\r\n"


def sip_stream():
    options = sip(b"OPTIONS sip:b@h SIP/2.0", b"CSeq: 1 OPTIONS")
    invite = sip(b"INVITE sip:b@h SIP/2.0", b"CSeq: 1 INVITE", body=SDP)
    folded = options.replace(b"Content-Length: 0", b"l :\r\n  4") + b"\r\n\r\n"
    streams = [options + invite + options, b"\r\n\r\n" + invite + b"\r\n" + options + b"\r\n\r\n", folded + options, options.replace(b"\r\n", b"\n") * 3,
               b"\r\n\n\r\r\n" + options, options + invite.replace(b"Content-Length", b"X-Length") + options,
               options.replace(b"Length: 0", b"Length: 4294967296"), invite.replace(b"Content-Length:", b"l: 3\r\nContent-Length:"),
               b"OPTIONS sip:b@h SIP/2.0\r\n" + b"A: b\r\n" * 300]
    for stream in streams:
        yield WHOLE + b"\xff\xff" + stream
        yield ODD + b"\x04\x00" + stream


def sip_uri():
    uris = ["sip:alice@example.com", "sips:%61lice:pw@[2001:db8::1]:5061;transport=tcp;lr?subject=x&to=y", "tel:+1-201-555;phone-context=x",
            "sip:a;b=c@h", "sip:1.2.3.4", "urn:service:sos", "sip:a@h;maddr=239.0.0.1;ttl=15", "sip:0912#@h"]
    yield b"sip:a@h\nsip:a@g"
    for i, uri in enumerate(uris):
        yield f"{uri}\n{uris[(i + 1) % len(uris)]}".encode()
        yield f"{uri}\n{uri.upper()}".encode()
    yield b"\"A. \\\"Q\\\" B\" <sip:a@h;lr>;tag=x1;expires=3"
    yield b"Name <sip:a@h>;q=0.5, <sip:b@h>"
    yield b"SIP / 2.0 / UDP [::1]:5060 ; branch=z9hG4bK1;received=1.2.3.4;rport=5;maddr=[::2];ttl=7"
    yield b"a=b;c;d=\"x\\\"y\";e=\"\""


def sdp():
    yield b"\0" + SDP
    yield b"\1" + SDP.replace(b"sendrecv", b"sendonly").replace(b"\r\n", b"\n")
    yield b"\7" + SDP.replace(b"IP4 10.0.0.9\r\nt", b"IP6 2001:db8::9\r\nt")
    yield b"\3" + SDP + b"m=video 0 RTP/AVP 31\r\nm=audio 5004/2 RTP/SAVP 0\r\na=inactive\r\n"
    yield b"\2" + SDP.replace(b"0 8 101", b"96 97 98") + b"a=rtpmap:96 PCMA/8000/1\r\na=rtpmap:97 opus/48000/2\r\na=rtcp:40011 IN IP4 10.0.0.8\r\na=rtcp-mux\r\na=maxptime:60\r\n"
    yield b"\0v=0\nc=IN IP4 0.0.0.0\nm=audio 9 RTP/AVP 8\na=ptime:40.5\n"
    for data in torture():
        if b"\r\n\r\nv=0" in data:
            yield b"\3" + data.split(b"\r\n\r\n", 1)[1]


def challenge():
    digest = b"Digest realm=\"r\", nonce=\"n1\""
    yield b"\0" + digest
    yield b"\1" + digest + b", qop=\"auth,auth-int\", algorithm=SHA-256, opaque=\"o\\\"x\""
    yield b"\2" + digest + b"\n" + digest.replace(b"n1", b"n2") + b", stale=true"
    yield b"\0" + digest + b", algorithm=MD5-sess, qop=auth, " + digest.replace(b"\"r\"", b"\"s\"") + b", algorithm=SHA-512-256-sess, qop=auth"
    yield b"\0Basic realm=\"x\", " + digest + b", Negotiate abc=="
    yield b"\0" + b"\n".join(digest.replace(b"\"r\"", b"\"%d\"" % (i // 2)).replace(b"n1", b"n%d" % i) + b", stale=true" for i in range(8))
    yield b"\0" + digest[:-1]
    yield b"\0Digest realm=r,nonce=n,algorithm=SHA-512-256"


def registration():
    contact, digest = b"Contact: <sip:voip@10.0.0.1:5062>;expires=60", b"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\""
    wait = b"\4\2"
    yield b"\0" + wait + b"\0\0" + contact + b"\0" + b"\4\x64" + b"\0\0" + contact + b"\0\6\0\0\0\0"
    yield b"\1" + wait + b"\0\1" + digest + b"\0\0\0" + contact + b", <sip:b@h>;expires=9\0\4\x64\0\1" + digest + b", stale=true\0\0\0Expires: 50\0"
    yield b"\1" + wait + b"\0\2Proxy-Authenticate: " + digest[18:] + b"\0\0\1" + digest + b"\0\0\1" + digest + b"\0\4\xff\4\xff\4\xff"
    yield b"\2\x18\0;received=203.0.113.9;rport=4000\n\0" + wait + b"\x10\0;rport=4001;received=203.0.113.9\n" + contact + b"\0\4\x1f\x18\0;rport=9\n\0\5\1\3\1"
    yield b"\0" + wait + b"\0\3Min-Expires: 1800\0\0\3Min-Expires: 1900\0\0\4Contact: <sip:e.test>;q=0.1, <sip:f.test>\0\0\4Contact: <sip:d.test>\0"
    yield b"\0" + wait + b"\0\5Retry-After: 7 (x)\0\4\x08\0\6\0\4\xff\4\xff\4\xff\0\0" + contact + b"\0\5\1\5\0\3\1\0\0\0"


def rtp_packet(seq=1, ts=160, ssrc=7, first=0x80, pt=0, payload=b"\xff" * 20):
    return struct.pack("!BBHII", first, pt, seq, ts, ssrc) + payload


def rtp():
    yield rtp_packet()
    yield rtp_packet(first=0xB2, pt=0x88, payload=struct.pack("!II", 1, 2) + struct.pack("!HHI", 0xBEDE, 1, 0) + b"abc\3")
    yield rtp_packet(seq=65535, payload=b"")
    yield rtp_packet(pt=72)
    yield rtp_packet(first=0xA0, payload=b"abcdefg\x03")
    yield bytes([0xFF, 0xFE]) + bytes(4) + bytes([0]) * 12 + bytes([16])
    yield bytes(6) + bytes([1, 0, 50, 1, 0xFF, 0xF0, 16, 4, 9, 2, 0, 1, 0, 0, 8, 0, 200, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    yield bytes(6) + bytes([1, 0x20, 0, 0, 16, 1, 0xE0, 0, 0, 16])
    yield bytes(4) + b"\x53" + b"12,A#" + bytes(30) + b"\x04" + bytes(9) + b"\x08\x05\x04" + bytes(5) + b"\x30\x00\xf3" + b"0123456789*#ABC"  # keys to be sent


def rtcp_packet(kind, count, body):
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def rtcp_record(*packets):
    data = b"".join(packets)
    return bytes([len(data) // 4]) + data


def rtcp():
    head = struct.pack("!II", 1, 1000)
    block = struct.pack("!IIIIII", 1, 0x20000005, 70000, 80, 0x12345678, 0x10000)
    info = struct.pack("!IIIII", 0xE0000000, 0x80000000, 160, 1, 160)
    sdes = rtcp_packet(202, 1, struct.pack("!IBB", 2, 1, 4) + b"name\0\0")
    yield head + rtcp_record(rtcp_packet(200, 1, struct.pack("!I", 2) + info + block), sdes)
    yield head + rtcp_record(rtcp_packet(201, 1, struct.pack("!I", 2) + block), sdes) * 3
    yield head + rtcp_record(rtcp_packet(201, 0, struct.pack("!I", 2)), sdes, rtcp_packet(203, 1, struct.pack("!I", 2)))
    yield head + rtcp_record(rtcp_packet(201, 1, struct.pack("!I", 2)))  # a block is missing
    yield head + rtcp_record(sdes) + rtcp_record(rtcp_packet(201, 0, struct.pack("!I", 2)), b"\x80\xca\0\x09" + bytes(4))
    yield head + rtcp_record(rtcp_packet(201, 0, struct.pack("!I", 2)), b"\x40\xca\0\0")
    yield head + rtcp_record(rtcp_packet(201, 0, struct.pack("!I", 1)), rtcp_packet(204, 0, struct.pack("!I", 1) + b"APPL"))


def wav_file(tag=7, channels=1, rate=8000, bits=8, extra=b"", before=b"", data=b"\xff" * 32, size=None, ext=b""):
    block = channels * ((bits + 7) // 8)
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits) + ext
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + before
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data + extra
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def wav_files():
    guid = bytes([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71])
    yield wav_file()
    yield wav_file(tag=6, ext=b"\0\0", before=b"fact" + struct.pack("<II", 4, 32))
    yield wav_file(tag=1, bits=16, before=b"LIST" + struct.pack("<I", 3) + b"abc\0", extra=b"LIST" + struct.pack("<I", 2) + b"zz")
    yield wav_file(tag=0xFFFE, bits=16, channels=2, rate=48000, ext=struct.pack("<HHIH", 22, 16, 0, 1) + guid)
    yield wav_file(size=0xFFFFFFFF)
    yield wav_file(size=0)
    yield wav_file(tag=3, bits=32, rate=44100)
    good = wav_file()
    yield good[:12] + good[36:] + good[12:36]  # data first


def wav():
    for i, data in enumerate(wav_files()):
        yield (WHOLE if i % 2 == 0 else ODD) + data


def handshake(*lines, target=b"/"):
    head = [b"GET " + target + b" HTTP/1.1", b"Host: localhost:8080", b"Upgrade: websocket", b"Connection: keep-alive, Upgrade",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13", *lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def http():
    yield WHOLE + handshake()
    yield ODD + handshake(b"Sec-WebSocket-Protocol: chat, sip-audio-protocol", b"Origin: http://localhost:8080", target=b"/?token=a%20b&x=%41")
    yield ODD + b"GET /recordings/a%2Eb.wav?token HTTP/1.0\r\n\r\nrest"
    yield WHOLE + b"GET http://h/x?token=%zz HTTP/1.1\r\nHost: h\r\nX: \t y \r\n\r\n"
    yield WHOLE + handshake().replace(b"13", b"8")
    yield WHOLE + b"POST * HTTP/2.0\r\n\r\n"
    yield ODD + b"GET / HTTP/1.1\nHost: h\n\n"
    yield ODD + b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % i for i in range(70)) + b"\r\n"


CONNECT, SEND, ASK, READ, READ_ALL, TIME, END, DROP, TOUCH, STATE, SERVER = 0, 0, 2, 4, 5, 6, 7, 8, 9, 10, 11


def http_step(line, what, *arguments):
    """A byte that is this step of fuzz_http_conn.c for that connection, and what belongs to it."""
    return bytes([next(b for b in range(line << 4, (line + 1) << 4) if b % 12 == what), *arguments])


def http_conn():
    def sent(line, data):
        return b"".join(http_step(line, SEND, len(part)) + part for part in (data[i:i + 200] for i in range(0, len(data), 200)))
    here = http_step(0, CONNECT, 0)
    for request in range(8):
        yield here + http_step(0, ASK, request) + http_step(0, READ, 0) + http_step(0, READ_ALL) * 5 + http_step(0, TIME, 21)
    yield here + sent(0, handshake() + b"behind") + http_step(0, TOUCH, 200) + http_step(0, READ_ALL) * 3 + http_step(0, STATE, 2) + http_step(0, TIME, 30)
    yield here + sent(0, handshake()) + http_step(0, END) + http_step(0, TOUCH, 9) + http_step(0, READ_ALL) * 2 + http_step(0, STATE, 3)
    yield b"".join(http_step(line, CONNECT, 4) for line in range(8)) + http_step(0, TIME, 101)
    yield b"".join(http_step(line, CONNECT, 0) + http_step(line, ASK, 0) for line in range(5)) + http_step(1, DROP) + http_step(5, CONNECT, 0) + http_step(5, ASK, 0)
    yield here + http_step(1, CONNECT, 3) + http_step(0, ASK, 3) + http_step(0, SERVER, 1) + http_step(0, SERVER, 8) + http_step(0, TIME, 255) * 2
    yield here + sent(0, b"GET / HT") + http_step(0, TIME, 99) + sent(0, b"TP/1.0\r\n\r\n") + http_step(0, READ, 1) + http_step(0, TIME, 255) * 2


def frame(first, payload, mask=bytes(4)):
    n = len(payload)
    length = bytes([0x80 | n]) if n < 126 else bytes([0xFE]) + struct.pack("!H", n) if n < 65536 else bytes([0xFF]) + struct.pack("!Q", n)
    return bytes([first]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def upload(name=b"a.wav", data=None):
    return b"WAV_UPLOAD:" + name + b":" + base64.b64encode(wav_file() if data is None else data)


def ws_streams():
    text, cont, binary, close, ping = 0x81, 0x80, 0x82, 0x88, 0x89
    yield frame(text, b"CALL:1001\r\n") + frame(text, b"HANGUP")
    yield frame(0x01, b"WAV_UP") + frame(ping, b"x") + frame(cont, b"LOAD:n:AAAA")
    yield frame(text, upload()) + frame(binary, b"\xff" * 40) + frame(close, b"\x03\xe8bye")
    yield frame(0x02, b"ab") + frame(0x00, b"cd") + frame(cont, b"") + frame(close, b"")
    yield frame(text, b"X" * 9000) + frame(text, b"STATS")
    yield frame(text, "WAV_ACK:檔案".encode(), b"\x37\xfa\x21\x3d") + frame(text, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")
    yield frame(0xC1, b"rsv") + frame(0x83, b"op")
    yield frame(ping, b"p" * 125) + frame(ping, b"p" * 126)
    yield frame(close, b"\x03\xed") + frame(text, b"after")
    yield frame(text, b"WAV_UPLOAD:" + b"n" * 200) + frame(0x01, b"WAV_UPLOAD:x:AA") + frame(close, b"\x03")
    yield b"\x81\x05Hello" + frame(text, b"late")
    yield bytes([0x82, 0xFF]) + struct.pack("!Q", 1 << 63) + bytes(4)


def ws():
    for i, stream in enumerate(ws_streams()):
        for flags in (0, 1, 2, 4, 0x18, 9):
            if (i + flags) % 2 == 0 or i < 4:
                yield bytes([flags]) + (ODD if (i + flags) % 3 == 0 else WHOLE) + stream
    yield bytes([1]) + WHOLE + frame(0x82, b"X" * 9000) + frame(0x81, b"Y" * 200)
    yield bytes([0]) + ODD[:1] * 8 + frame(0x81, b"A\r\nB\rC\nD\r\n") + frame(0x81, b"WAV_UPLOAD:n\r\n:A\r\nA\r\n")


COMMANDS = ["CALL:1001", "CALL:+1 (201) 555-0100", "CALL:sip:a%20b@h:5070;user=phone", "CALL:*43#", "CALL:sip:0912#3@h", "CALL:bob.smith-1", "HANGUP",
            "WAV_UPLOAD:a.wav:AAAA", "PLAY_WAV:檔案.wav", "STOP_WAV", "DTMF:12,A#", "MEDIA:hex", "MEDIA:l16/16000", "MARK:m1", "CLEAR",
            "LIST_WAV", "DELETE_WAV:../x", "STATS", "LISTEN", "REJECT:486", "TRANSFER:echo", "X-Header: value", "unknown",
            "CALL:[2001:db8::1%25eth0]:5060", "X:10.0.0.0/8", "X:fd00::/8", "X:%41%zz", "CALL:sip:a@h;maddr=1.2.3.4", "CALL:sip:a@h?x=y"]


def command():
    for i, text in enumerate(COMMANDS):
        yield bytes([i * 7 % 256]) + text.encode()


def dial():
    for rule, uri in (("0900*", "sip:0900123@pbx"), ("*", "sip:host"), ("?9*0", "sip:%30900@pbx"), ("*@evil.example", "sip:1@evil.example."),
                      ("+9*", "sip:1;npdi;rn=+900@gw"), ("0900", "sip:0-9-0-0@pbx"), ("a*b*c", "sip:aXbXc@h"), ("0900", "sip:0900%40x@h"),
                      ("**a**a", "sip:aaaaaaaa@h"), ("", "sip:%00@h"), ("x", "tel:1")):
        yield (rule + "\n" + uri).encode()


def base64_seeds():
    for i, text in enumerate(["", "AA==", "AAA=", "AAAA", "AB==", "A", "AAAA====", "AA==AAAA", "+/+/", "AA A", "-_-_"]):
        yield (ODD if i % 2 else WHOLE) + text.encode()
    yield ODD + base64.b64encode(bytes(range(256)))


def options():
    yield b"ws-listen = 127.0.0.1:9000\nsip-server = [::1]:5070\nno-record = yes\n# x\n"
    yield b"ws-allow = 10.0.0.0/8\nws-allow = fd00::/8\nws-origin = https://a.example\nsip-header = X-A: b # c\n"
    yield b"upload-max = 2M\nrecord-quota = 3g\nring-seconds = 5\nrtp-ports = 4000-4100\nmax-calls = 10\nlang = zh\n"
    yield b"sip-user=a\nsip-password = x y\nsip-display-name = \xe6\xaa\x94\nrecord-channels = received\nlog-level = debug\n"
    yield b"max-calls = 0\n"
    yield b"sip-listen\n"


# ---- the gateway: see fuzz_gateway.c for what the letters mean ----

def script(first, *records):
    return bytes([first]) + b"\xff\n".join(r if isinstance(r, bytes) else r.encode() for r in records)


OK = "s0SIP/2.0 200 OK\r\n{H}{C}{S}"
RING = "s0SIP/2.0 180 Ringing\r\n{H}{C}{E}"
EARLY = "s0SIP/2.0 183 Early\r\n{H}{C}{S}"
BYE = "s0BYE {P} SIP/2.0\r\n{D}CSeq: 7 BYE\r\n{E}"
REINVITE = "s0INVITE {P} SIP/2.0\r\n{D}CSeq: 8 INVITE\r\n{C}{S}"
CALL = ("k0", "t0CALL:1001", "w5")
UP = (*CALL, RING, "w20", OK, "w5")


def challenge_response(code, name, more=""):
    return f"s0SIP/2.0 {code} Auth\r\n{{H}}{name}: Digest realm=\"r\", nonce=\"n\"{more}\r\n{{E}}"


def gateway():
    packet = "p0"
    yield script(0, *UP, "w200", packet, "w20", packet, "t0STATS", "w100", "t0HANGUP", "w5", OK, "w10")
    yield script(0, *UP, "w40", BYE, "w50", "t0CALL:1002", "w5", RING, "t0HANGUP", "w5", OK, "w100")
    yield script(0, *CALL, "s0SIP/2.0 486 Busy\r\n{H}{E}", "w5", "s0SIP/2.0 486 Busy\r\n{H}{E}", "w20")
    yield script(0, *CALL, challenge_response(401, "WWW-Authenticate"), "w5", challenge_response(401, "WWW-Authenticate"), "w5")
    yield script(0, *CALL, challenge_response(407, "Proxy-Authenticate", ", qop=\"auth\", algorithm=SHA-256"), "w5", OK, "w40", "d0", "w5", OK)
    yield script(0, *CALL, EARLY, packet, "w40", OK, "w20", REINVITE, "w5", "s0ACK {P} SIP/2.0\r\n{D}CSeq: 8 ACK\r\n{E}", "w20", "d0")
    yield script(0, *CALL, RING, "t0HANGUP", "w5", "s0SIP/2.0 200 OK\r\n{H}{E}", OK, "w50", OK)
    yield script(0, *CALL, "s0SIP/2.0 302 Moved\r\n{H}Contact: <sip:x@10.0.0.9>, <sip:1001@10.0.0.9>;q=0.1\r\n{E}", "w5", OK)
    yield script(0, *UP, "s0OPTIONS sip:voip@10.0.0.1 SIP/2.0\r\n{N}CSeq: 1 OPTIONS\r\n{E}", "s0INVITE sip:voip@10.0.0.1 SIP/2.0\r\n{N}CSeq: 1 INVITE\r\n{C}{S}", "w50",
                 "s1INVITE sip:voip@10.0.0.1 SIP/2.0\r\n{N}CSeq: 1 INVITE\r\n{C}{E}", "w30")
    yield script(0, *UP, "s0INFO {P} SIP/2.0\r\n{D}CSeq: 9 INFO\r\n{E}", "s0UPDATE {P} SIP/2.0\r\n{D}CSeq: 10 UPDATE\r\n{C}{S}", "w20", "w3000", OK)
    yield script(0, "k0", b"t0" + upload(), "w5", "u0", "t0LIST_WAV", "w5", "t0CALL:7", "w5", OK, "t0PLAY_WAV:a.wav", "w100", "t0STOP_WAV", "t0DELETE_WAV:a.wav", "w20", "d0")
    yield script(0, *UP, b"m0" + rtp_packet(), b"m1" + rtp_packet(seq=2), b"M0" + rtcp_packet(201, 0, struct.pack("!I", 2)) +
                 rtcp_packet(202, 1, struct.pack("!IBB", 2, 1, 1) + b"n\0"), "w5000")
    yield script(0, *CALL, "w600", "w1200", "w4000", "w9000", "w9000", "w9000", "w9000")
    yield script(0, "k0", "k1", "t0CALL:1", "t1CALL:2", "w5", OK, "w5", "t0MEDIA:rtp", "t1MEDIA:off", packet, "w60", "z", "w5", OK, "w40")
    for target in ("echo", "tone", "busy", "noanswer", "auth"):
        yield script(1, "k0", f"t0CALL:{target}", "w100", "t0STATS", "w500", "t0HANGUP", "w50")
    yield script(1, "k0", "k1", "k2", "t0CALL:echo", "t1CALL:tone", "t2CALL:noanswer", "w300", b"t0" + upload(), "u0", "t0PLAY_WAV:a.wav", "w200", "d1", "w200", "z", "w100")
    yield script(3, "k0", "l2", "t0CALL:echo", "w700", "l1", "w100", "t0HANGUP", "l3", "w3000")
    yield script(1, "k0", "t0CALL:echo", "w50", "i2", "w2000", "i0", "w100", "t0HANGUP", "w10")
    yield script(0, "k0", "k4", b"r4" + frame(0x81, b"hello"), b"r0" + frame(0x01, b"CALL:"), b"r0" + frame(0x80, b"5"), "w5", b"r0" + frame(0x88, b"\x03\xe8"), "w5")
    yield script(4, *UP, "n3", "t0PLAY_WAV:b.wav", "w100", "n1", b"t0" + upload(), "w5", "u1", "w5")
    yield script(1, "k0", "t0CALL:tone", "w100", "j70", "w60", "j5000", "w40", "j45", "w100", "d0")
    yield script(0, *UP, "t0PLAY_WAV:b.wav", "w40", "j200", "p0", "w20", "j60000", "w20", "t0HANGUP", "j40000", "w5")
    yield script(8, *UP, b"b0" + b"\xff" * 320, "f0", "w2000", "f0", "t0CALL:9", "t0DTMF:1", "t0NOPE", "t0CALL", "w10")
    yield script(0, *UP, b"b0" + bytes(range(256)) * 20, "t0MARK:a", "w20", "t0PLAY_WAV:b.wav", "t0MARK:b", "w60", "t0STOP_WAV", "t0CLEAR", "t0MARK:now", "w40",
                 b"b0" + b"\1" * 20000, "t0MARK:end", "w20", "t0CLEAR", "w20", "t0HANGUP", b"b0x", "w5", OK)  # more than fits
    for name in ("ulaw", "alaw", "l16", "l16/16000"):
        yield script(0, *UP, f"t0MEDIA:{name}", b"b0" + bytes(range(255)), packet, b"b0" + b"\x80" * 700, "t0MARK:m", "w300", b"b0abc", "t0MEDIA:off", b"b0abc", "w300", "d0")
    here = "sip:5000@10.0.0.1 SIP/2.0\r\n"
    incoming, no_offer = f"s0INVITE {here}{{N}}CSeq: 1 INVITE\r\n{{C}}{{S}}", f"s0INVITE {here}{{N}}CSeq: 1 INVITE\r\n{{C}}{{E}}"
    ack, ack_sdp = (f"s0ACK {here}{{A}}CSeq: 1 ACK\r\n{body}" for body in ("{E}", "{S}"))
    cancel, bye = f"s0CANCEL {here}{{B}}CSeq: 1 CANCEL\r\n{{E}}", f"s0BYE {here}{{A}}CSeq: 2 BYE\r\n{{E}}"
    refusal = f"s0ACK {here}{{B}}CSeq: 1 ACK\r\n{{E}}"
    two = ("k0", "k1", "t0LISTEN", "t1LISTEN", "w5")
    yield script(128, *two, incoming, "w20", "t0ANSWER", "w20", ack, "p0", "w60", "t0STATS", "t1ANSWER", "w20", bye, "w50")
    yield script(128, *two, incoming, "w20", cancel, "w5", refusal, "t0ANSWER", "w50", incoming, "w5", "t1ANSWER", cancel, "w20", ack, bye, "w20")
    yield script(128, *two, incoming, "w5", "t0REJECT:486", "w5", "d1", "w5", refusal, incoming, incoming, "w5", "t0REJECT", "w5", "t0UNLISTEN", "w20")
    yield script(128, *two, no_offer, "w5", "t0ANSWER", "w20", ack_sdp, "w100", "t0HANGUP", "w20", OK, no_offer, "w5", "t1ANSWER", "w5", ack, "w20", OK)
    yield script(132, *two, incoming, "w5000", refusal, incoming, "w5", "n2", "t0ANSWER", "w20", incoming, "t0ANSWER", "w20", "w40000", OK)
    yield script(160, *two, incoming, "w5", "t0ANSWER", incoming, "w5", "z", "w20", ack, OK, "w50")
    yield script(130, incoming, "w20", ack, "p0", "p0", "w60", bye, "w20", no_offer, "w5", ack_sdp, "p0", "w40", "w40000")
    plain = "s0SIP/2.0 200 OK\r\n{H}{C}{U}"  # PCMA, 40 ms, no events: tones
    for answer in (OK, plain):
        yield script(0, *CALL, "t0DTMF:1", answer, "w5", "t0DTMF:12,A#", "w90", b"b0" + b"\x11" * 3000, "t0MARK:m", "t0PLAY_WAV:b.wav", "w50", "t0CLEAR", "w60",
                     "t0DTMF:" + "5" * 64, "t0DTMF:6", "t0DTMF:", "t0DTMF:x", "j90", "w200", "t0STOP_WAV", "t0HANGUP", "w5", OK)
        yield script(0, *CALL, answer, "w5", "t0MEDIA:l16/16000", b"b0" + b"\x11" * 2001, "t0DTMF:7", packet, "w50", "t0MEDIA:ulaw", packet, b"b0" + b"\x22" * 999,
                     "w30", "t0MEDIA:hex", packet, "t0DTMF:#", "w30", "t0MEDIA:alaw", packet, "w200", "t0MEDIA:rtp", packet, "w20", "t0MEDIA:off", packet, "w300", "d0")
    event = [b"m0" + rtp_packet(seq=65530 + i & 65535, ts=99, ssrc=77, pt=101, payload=struct.pack("!BBH", 5, 0x80 * (i > 3) + 10, 160 * i)) for i in range(7)]
    yield script(0, *UP, "t0MEDIA:l16", packet, "w20", *event, "w20", event[6], packet, "w100", event[0][:2] + rtp_packet(seq=9, ts=5, ssrc=78, pt=101, payload=b"\5\x0a\1\0"), "w60", "d0")
    yield script(1, "k0", "t0CALL:echo", "w50", "t0MEDIA:alaw", "t0DTMF:0123456789*#ABCD,,", "w300", "i1", "w300", "i2", "w300", "t0DTMF:55", "i0", "w3000", "t0HANGUP", "w10")


def dns_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def dns_message(name, *records, flags=0x8480):
    head = struct.pack("!HHHHHH", 7, flags, 1, len(records), 0, 0) + dns_name(name) + struct.pack("!HH", 33, 1)
    return head + b"".join(owner + struct.pack("!HHIH", 33, 1, ttl, len(data)) + data for ttl, owner, data in records)


def dns():
    def srv(port, target):
        return struct.pack("!HHH", 10, 5, port) + dns_name(target)
    above = b"\xc0\x0c"
    yield dns_message("_sip._udp.pbx.test", (300, above, srv(5060, "a.test")), (90, above, srv(5070, "b.test")))
    yield dns_message("none.test", flags=0x8483)
    yield dns_message("t.test", (0x80000001, above, srv(1, "a")))
    yield dns_message("t.test", (60, above, srv(1, "a")))[:-4]
    yield dns_message("t.test", (60, dns_name("t.test"), srv(1, "a")), (5, dns_name("t.test"), srv(1, ""))) + b"tail"
    yield dns_message("t.test", (60, b"\x40abc\0", srv(1, "a")))


TARGETS = {"sip_message": sip_message, "sip_stream": sip_stream, "sip_uri": sip_uri, "sdp": sdp, "challenge": challenge, "registration": registration, "rtp": rtp,
           "rtcp": rtcp, "wav": wav, "http": http, "http_conn": http_conn, "ws": ws, "command": command, "dial": dial, "base64": base64_seeds, "options": options, "gateway": gateway, "dns": dns}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "corpus")
    out = parser.parse_args().out
    for name, make in TARGETS.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("seed-*"):
            old.unlink()
        for number, data in enumerate(dict.fromkeys(make())):
            (folder / f"seed-{number:02}").write_bytes(data)


if __name__ == "__main__":
    main()
