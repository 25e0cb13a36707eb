# SPDX-License-Identifier: MIT
"""The same session for every WebSocket client: upload, dial, play, hear the echo byte for byte in hex and in binary, hang up."""
import base64

import audio

NAME, FRAMES = "hello.wav", 60


def data():
    return audio.noise(FRAMES, seed=21)


def frames():
    octets = data()
    return [octets[i:i + audio.FRAME] for i in range(0, len(octets), audio.FRAME)]


def check_recorded(server):
    """Both tracks hold the file; a machine that these clients keep busy may have left a gap at a late tick."""
    wav = audio.read_wav(server.recordings[-1])
    for track in (wav.left, wav.right):
        found = sum(frame in track for frame in frames())
        assert found >= 0.8 * FRAMES, "%d of %d frames recorded" % (found, FRAMES)


def config(server, **more):
    """What js/session.js needs."""
    return dict({"url": "ws://%s:%d/" % (server.ws_host, server.ws_port), "target": "echo", "name": NAME,
                 "wav": base64.b64encode(audio.wav_ulaw(data())).decode(), "audio": data().hex(),
                 "protocols": ["chat", "sip-audio-protocol", "sip-demo-protocol"], "expectProtocol": "sip-audio-protocol"}, **more)
