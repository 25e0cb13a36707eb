# SPDX-License-Identifier: MIT
"""DTMF with telephones: events as RFC 4733 wants them and tones that are heard as the right keys; SIPp's keys, and ours back from it."""
import contextlib
import glob
import math
import os
import sys
import time

import audio
import pcap
from audio import payload_of
from clients import Client
from common import call_as, contains, idle_ports, through
from harness import main, wait_until
from phone import Phone
from scenario import Scenario, playing, sdp

ALL = "0123456789*#ABCD"
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
PAD = ("123A", "456B", "789C", "*0#D")
SIPP_PCAPS = "/usr/share/sip-tester"
EVENTS = ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]


def told(client):
    return "".join(text[5:] for text in client.texts() if text.startswith("DTMF:"))


def events_of(packets, payload_type):
    """The presses among the packets, in order: (key, packets of it). Everything that RFC 4733 2.5.1 wants of each is checked."""
    presses = []
    for packet in packets:
        if packet.pt == payload_type:
            if not presses or presses[-1][1][0].ts != packet.ts:
                presses.append((ALL[packet.payload[0]], []))
            presses[-1][1].append(packet)
    for key, group in presses:
        durations = [p.payload[2] << 8 | p.payload[3] for p in group]
        ends = [p.payload[1] >> 7 for p in group]
        assert {ALL[p.payload[0]] for p in group} == {key} and {len(p.payload) for p in group} == {4}
        assert [p.marker for p in group] == [1] + [0] * (len(group) - 1), key
        assert ends == [0] * (len(group) - 3) + [1] * 3, (key, ends)
        assert durations == sorted(durations) and durations[-3:] == [800] * 3 and all(d % 160 == 0 for d in durations), (key, durations)
    for (_, before), (_, after) in zip(presses, presses[1:]):
        assert (after[0].ts - before[0].ts) & 0xFFFFFFFF >= 1600, "two keys within 200 ms"
    for before, after in zip(packets, packets[1:]):
        assert after.ssrc == before.ssrc and (after.seq - before.seq) & 0xFFFF == 1
    sound = [p for p in packets if p.pt != payload_type]
    for before, after in zip(sound, sound[1:]):
        step = (after.ts - before.ts) & 0xFFFFFFFF
        assert step == audio.FRAME or (step % audio.FRAME == 0 and after.marker), "timestamp step %d" % step
    return presses


def test_events():
    """Each key once, by the payload type of the telephone, beside a file that loses nothing."""
    data = audio.noise(100, seed=31)
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.upload("a.wav", audio.wav_ulaw(data))
        _, rtp = call_as(client, phone, types=(0, 97), more=["a=fmtp:97 0-15"])
        client.send("PLAY_WAV:a.wav")
        client.expect("WAV_ACK:開始播放檔案 a.wav")
        client.send("DTMF:" + ALL)
        client.send("DTMF:,a5")
        client.send("MARK:file")
        client.expect("WAV_DONE:a.wav", 15)
        client.expect("MARK:file")
        client.hangup()
        phone.take_bye()
        packets = rtp.packets()
        assert "".join(key for key, _ in events_of(packets, 97)) == ALL + "A5"
        sound = [p.payload for p in packets if p.pt == 0 and p.payload != b"\xff" * audio.FRAME]
        assert b"".join(sound) == data, "the file lost %d octets" % (len(data) - len(b"".join(sound)))
        idle_ports(server)


def goertzel(samples, hz):
    turn = 2 * math.cos(2 * math.pi * hz / 8000)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    return (one * one + two * two - turn * one * two) / len(samples)


def keys_heard(samples):
    """What a DTMF receiver hears: in each 10 ms the strongest tone of each group, when the two are nearly all that is there; a key
    is what stays for 40 ms, with 20 ms of something else before it."""
    heard, last, run = "", None, 0
    for at in range(0, len(samples) - 79, 80):
        piece = samples[at:at + 80]
        power = sum(x * x for x in piece)
        lows, highs = ([goertzel(piece, hz) for hz in group] for group in (LOW, HIGH))
        low, high = max(lows), max(highs)
        is_key = power / 80 > 1e4 and (low + high) * 2 > 0.7 * power and 0.25 < low / high < 4
        key = PAD[lows.index(low)][highs.index(high)] if is_key else None
        run = run + 1 if key == last else 1
        last = key
        heard += key if key and run == 4 else ""
    return heard


def tones(payload_type, decode, more=()):
    """Without events the keys are tones, in packets as agreed; recorded too."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        _, rtp = call_as(client, phone, types=(payload_type,), more=more)
        client.send("DTMF:" + ALL + ",55")
        wait_until(lambda: keys_heard(decode(payload_of(rtp.packets())[-8000:])).endswith("55"), 12, "the last keys")
        rtp.wait(len(rtp.packets()) + 8)
        client.hangup()
        phone.take_bye()
        packets = rtp.packets()
        assert {p.pt for p in packets} == {payload_type}
        samples = decode(payload_of(packets))
        assert keys_heard(samples) == ALL + "55", keys_heard(samples)
        idle_ports(server)
        recorded = audio.ulaw_decode(audio.read_wav(server.recordings[-1]).right)
        assert keys_heard(recorded) == ALL + "55", keys_heard(recorded)


def test_tones_in_ulaw():
    tones(0, audio.ulaw_decode)


def test_tones_in_alaw_40_ms():
    tones(8, audio.alaw_decode, more=["a=ptime:40"])


def test_the_receiver_of_this_file():
    """It hears no key in noise, in speech-like sound or in one tone alone, and knows each key."""
    def tone(*hz):
        return [sum(8000 * math.sin(2 * math.pi * f * i / 8000) for f in hz) for i in range(800)]
    assert keys_heard(audio.ulaw_decode(audio.noise(50))) == ""
    assert all(keys_heard(tone(f)) == "" for f in LOW + HIGH)
    assert keys_heard(tone(697, 770)) == ""
    assert "".join(keys_heard([0] * 400 + tone(LOW[i], HIGH[j])) for i in range(4) for j in range(4)) == "".join(PAD)


@contextlib.contextmanager
def sipp_call(scenario, keys_of_sipp, **options):
    with playing(scenario, **options) as sipp, through(sipp) as server, Client(server) as client:
        client.call("sipp")
        yield client
        client.hangup()
        assert told(client) == keys_of_sipp, told(client)


def test_keys_come_back_from_sipp():
    """SIPp sends all RTP back as it came."""
    scenario = Scenario().established(body=sdp(types="0 101", more=EVENTS)).hung_up()
    with sipp_call(scenario, "19*D0", echo=True) as client:
        client.send("DTMF:19*D0")
        wait_until(lambda: len(told(client)) == 5, 8, "the keys")
        time.sleep(0.2)  # a key too many would come now


def raw_sockets():
    return os.geteuid() == 0  # SIPp plays captures by raw sockets


def test_keys_of_sipp():
    """The keys that SIPp brings with it, as captures of a real telephone."""
    names = {"1": "1", "9": "9", "star": "*", "pound": "#", "0": "0"}
    if not raw_sockets() or not glob.glob(SIPP_PCAPS + "/dtmf_2833_*.pcap"):
        print("left out: SIPp plays captures as root only, and needs its captures of keys")
        return
    scenario = Scenario().established(body=sdp(types="0 101", more=EVENTS))
    for number, name in enumerate(names):
        scenario.pause(600 if number else 100)
        scenario.steps.append('  <nop><action><exec play_pcap_audio="%s/dtmf_2833_%s.pcap"/></action></nop>' % (SIPP_PCAPS, name))
    with sipp_call(scenario.hung_up(), "".join(names.values()), echo=False) as client:
        wait_until(lambda: len(told(client)) == len(names), 10, "the keys")
        time.sleep(0.2)


def test_pcma_alone_in_packets_of_30_ms():
    """SIPp sends 30 ms of A-law a packet and says so; we send our 20 ms, and both are right to the sample."""
    theirs, ours = audio.noise(150, seed=41), audio.noise(60, seed=42)
    packets = [audio.rtp_packet(i, 240 * i, 0x5150, theirs[240 * i:240 * i + 240], pt=8) for i in range(len(theirs) // 240)]
    if not raw_sockets():
        print("left out: SIPp plays captures as root only")
        return
    path = os.path.join(os.getcwd(), "alaw30-%d.pcap" % os.getpid())
    pcap.write(path, [(1e9 + 0.03 * i, ("127.0.0.1", 9000), ("127.0.0.1", 9002), p) for i, p in enumerate(packets)], ethernet=True)
    try:
        scenario = Scenario().established(body=sdp(types="8", more=["a=ptime:30"]))
        scenario.steps.append('  <nop><action><exec play_pcap_audio="%s"/></action></nop>' % path)
        with sipp_call(scenario.hung_up(), "", echo=True) as client:  # what we send comes back between its own
            client.send("MEDIA:rtp")
            client.expect("MEDIA")
            client.upload("ours.wav", audio.wav_alaw(ours))
            client.play("ours.wav")

            def heard(length):
                with client.cond:
                    all_of_it = [audio.Rtp(octets) for _, octets in client.binary]
                return [p for p in all_of_it if len(p.payload) == length]
            wait_until(lambda: theirs[-240:] in payload_of(heard(240)), 10, "SIPp's audio")
            assert {p.pt for p in heard(240) + heard(160)} == {8}
            contains(theirs, payload_of(heard(240))[-240 * 20:], "what SIPp sent")
            contains(payload_of(heard(160)), ours, "what we sent")
            audio.assert_continuous(heard(160))
    finally:
        os.unlink(path)


if __name__ == "__main__":
    main(sys.modules[__name__], workers=4)
