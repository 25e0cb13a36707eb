# SPDX-License-Identifier: MIT
"""baresip as the far end: what it recorded is what we played, what it played is what we recorded, in both codecs."""
import re
import struct
import sys
import time

import audio
from audio import payload_of
from baresip import MODULES, Baresip, Control
from clients import Client
from common import burst, contains, idle_ports, through
from harness import main, need, wait_until

ENCODE = {"PCMU": audio.ulaw_encode, "PCMA": audio.alaw_encode}
DECODE = {"PCMU": audio.ulaw_decode, "PCMA": audio.alaw_decode}
TYPE = {"PCMU": 0, "PCMA": 8}


def pcm(samples):
    return struct.pack("<%dh" % len(samples), *samples)


def stalled(client, stats):
    """The machine stood still for a while: ticks were skipped (their place is silence), or packets came in bursts."""
    times = [when for when, _ in client.audio]
    return int(stats["duration_ms"]) / 20 - int(stats["tx_packets"]) > 2 or max(
        later - earlier for earlier, later in zip(times, times[1:])) > 0.06


def recorded_at(track, data, whole, what):
    """Where the audio begins in the recording: in one piece, or after a stall nearly all of its frames, in order."""
    if whole:
        return contains(track, data, what)
    place, found, first = 0, 0, None
    for start in range(0, len(data), audio.FRAME):
        here = track.find(data[start:start + audio.FRAME], place)
        if here >= 0:
            place, found, first = here + audio.FRAME, found + 1, here if first is None else first
    assert found * audio.FRAME >= 0.9 * len(data), "%s: %d of %d frames" % (what, found, len(data) // audio.FRAME)
    return first


def call_in(codec, wav):
    """Both sides play a file at once. wav: which kind of file we play."""
    ours, theirs = audio.noise(150, seed=11), audio.noise(250, seed=12)
    decode = DECODE[codec]
    with Baresip(decode(theirs), codecs=codec.lower()) as far, through(far) as server, Client(server) as client:
        client.upload("ours.wav", wav(ours))
        client.call("phone")
        client.play("ours.wav")
        wait_until(lambda: theirs[:200 * audio.FRAME] in payload_of(client.packets()), 8, "what baresip plays")
        client.send("STATS")
        stats = client.stats()
        assert stats["codec"] == codec and int(stats["lost"]) == 0 and int(stats["duplicates"]) == 0, stats
        client.hangup(200)
        whole = not stalled(client, stats)
        packets = client.packets()
        assert {p.pt for p in packets} == {TYPE[codec]}
        audio.assert_continuous(packets)
        wait_until(lambda: "terminated" in far.output or "closed" in far.output, 5, "baresip hears the end")
        idle_ports(server)
        far.stop()
        place = contains(far.dump("dec"), pcm(decode(ours)), "what baresip recorded")
        assert place % 2 == 0
        contains(far.dump("enc"), pcm(decode(theirs[:200 * audio.FRAME])), "what baresip played, by its own record")
        recording = audio.read_wav(server.recordings[-1])
        same = (lambda octets: octets) if codec == "PCMU" else (lambda octets: audio.ulaw_encode(audio.alaw_decode(octets)))
        left = recorded_at(recording.left, same(theirs[:200 * audio.FRAME]), whole, "our recording, left")
        right = recorded_at(recording.right, same(ours), whole, "our recording, right")
        assert 0 <= left < 2400 and 0 <= right < 8000, (left, right)


def test_pcmu():
    call_in("PCMU", audio.wav_ulaw)


def test_pcma_only():
    call_in("PCMA", audio.wav_alaw)


def test_pcma_from_a_linear_file():
    """A PCM file is converted to the call's codec, sample by sample as G.711 says."""
    call_in("PCMA", lambda octets: audio.wav_pcm16(audio.alaw_decode(octets)))


def test_set_to_30_ms():
    """A-law alone, and it would send 30 ms a packet (SIPp does, see test_keys.py), but does as our ptime:20 asks. Both ways right to
    the sample, also as l16."""
    ours, theirs = audio.noise(150, seed=14), audio.noise(300, seed=15)
    with Baresip(audio.alaw_decode(theirs), codecs="pcma", account="<sip:phone@127.0.0.1>;regint=0;ptime=30") as far, \
            through(far) as server, Client(server) as client:
        client.send("MEDIA:l16")
        client.expect("MEDIA")
        client.upload("ours.wav", audio.wav_alaw(ours))
        client.call("phone")
        client.play("ours.wav")
        wanted = pcm(audio.alaw_decode(theirs[:100 * audio.FRAME]))

        def heard():
            with client.cond:
                return b"".join(octets for _, octets in client.binary)
        wait_until(lambda: wanted in heard(), 8, "what baresip plays")
        client.send("MEDIA:hex")
        wait_until(lambda: len(client.packets()) > 20, 5, "packets")
        assert {(p.pt, len(p.payload)) for p in client.packets()} == {(8, 160)} and "a=minptime:30" in far.output
        client.hangup(200)
        idle_ports(server)
        far.stop()
        contains(far.dump("dec"), pcm(audio.alaw_decode(ours)), "what baresip recorded")


def speak_in_bursts(codec, media):
    """A client that speaks live, in pieces of any size and as fast as it can: baresip records each sample, once and in order."""
    ours = audio.noise(200, seed=16)
    with Baresip([0] * 8000 * 30, codecs=codec.lower()) as far, through(far) as server, Client(server) as client:
        client.send("MEDIA:" + media)
        client.expect("MEDIA")
        client.call("phone")
        burst(client, pcm(DECODE[codec](ours)) if media == "l16" else ours, seed=len(codec + media))
        client.send("MARK:end")
        client.expect("MARK:end", 15)
        time.sleep(0.2)
        client.send("STATS")
        stats = client.stats()
        client.hangup(200)
        idle_ports(server)
        far.stop()
        if int(stats["duration_ms"]) / 20 - int(stats["tx_packets"]) < 2:  # no tick was skipped: in one piece
            contains(far.dump("dec"), pcm(DECODE[codec](ours)), "what baresip recorded")


def test_bursts_in_ulaw():
    speak_in_bursts("PCMU", "ulaw")


def test_bursts_in_l16_to_pcma_only():
    speak_in_bursts("PCMA", "l16")


def test_keys():
    """Each key that we send is heard by it, each key that it sends is told: once, in order."""
    keys = "0123456789*#ABCD"
    with Baresip([0] * 8000 * 30) as far, through(far) as server, Client(server) as client:
        control = Control(far.control)
        client.call("phone")
        client.send("DTMF:" + keys + ",55")
        wait_until(lambda: len(control.keys()) >= 18, 10, "our keys: " + control.keys())
        for key in keys:
            control.command("sndcode", key)
            time.sleep(0.25)
        wait_until(lambda: client.count("DTMF") >= 16, 5, "its keys")
        time.sleep(0.3)
        assert control.keys() == keys + "55", control.keys()
        assert "".join(text[5:] for text in client.texts() if text.startswith("DTMF:")) == keys
        control.close()
        client.hangup(200)


def test_baresip_hangs_up():
    """At the end of its file it sends BYE; all of the file was heard before."""
    theirs = audio.noise(50, seed=13)
    with Baresip(audio.ulaw_decode(theirs)) as far, through(far) as server, Client(server) as client:
        client.call("phone")
        stats = client.stats()
        client.ended(200)
        contains(payload_of(client.packets()), theirs, "what baresip played")
        idle_ports(server)
        whole = not stalled(client, stats)
        recorded_at(audio.read_wav(server.recordings[-1]).left, theirs, whole, "our recording, left")
        wait_until(lambda: re.search(r"(?s)\nBYE sip:.*\nSIP/2.0 200 ", far.output), 5, "our 200 to its BYE")


def test_baresip_is_busy():
    """It takes one call; the second client hears 486, the first one's call goes on."""
    with Baresip([0] * 8000 * 20) as far, through(far) as server, Client(server) as one, Client(server) as two:
        one.call("phone")
        two.call("phone", until=None)
        two.ended(486)
        heard = len(one.audio)
        one.wait_audio(heard + 20)
        one.hangup(200)


def test_hangup_while_it_rings():
    with Baresip([0] * 8000, answer="manual") as far, through(far) as server, Client(server) as client:
        client.call("phone", until="ringing")
        client.hangup(487)
        wait_until(lambda: re.search(r"(?s)SIP/2.0 487 .*\nACK sip:", far.output), 5, "CANCEL, 487, ACK")
        client.call("phone", until="ringing")
        client.hangup(487)


def test_rtcp():
    """Round trip and score are known once its reports came, and it counts no loss of ours."""
    with Baresip([0] * 8000 * 40) as far, through(far) as server, Client(server) as client:
        client.call("phone")
        deadline = time.monotonic() + 25
        while True:
            client.send("STATS")
            stats = client.stats()
            if stats["rtt_ms"] != "-" and stats["mos"] != "-":
                break
            assert time.monotonic() < deadline, stats
            time.sleep(0.5)
        assert 0 <= float(stats["rtt_ms"]) < 500 and 3.5 < float(stats["mos"]) < 4.6, stats
        client.hangup(200)


def test_baresip_calls_us():
    """Nobody takes calls here: it is refused with 480 and understands that."""
    with Baresip([0] * 8000) as other, through(other) as server:
        with Baresip([0] * 8000, more=["-e", "d sip:us@127.0.0.1:%d" % server.sip_port]) as caller:
            wait_until(lambda: "SIP/2.0 480" in caller.output, 8, "480; " + caller.output[-500:])
            wait_until(lambda: re.search(r"(?s)SIP/2.0 480.*\nACK sip:", caller.output), 5, "its ACK")


if __name__ == "__main__":
    need("baresip")
    if not MODULES:
        need("the modules of baresip")
    main(sys.modules[__name__], workers=4)
