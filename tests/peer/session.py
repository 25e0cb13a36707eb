"""The same session for every WebSocket client: upload, dial, play, hear the echo byte for byte in hex and in binary, hang up."""
import base64

import audio

NAME, FRAMES = "hello.wav", 60


def data():
    return audio.noise(FRAMES, seed=21)


def frames():
    octets = data()
    return [octets[i:i + audio.FRAME] for i in range(0, len(octets), audio.FRAME)]


def config(server, **more):
    """What js/session.js needs."""
    return dict({"url": "ws://%s:%d/" % (server.ws_host, server.ws_port), "target": "echo", "name": NAME,
                 "wav": base64.b64encode(audio.wav_ulaw(data())).decode(), "audio": data().hex(),
                 "protocols": ["chat", "sip-audio-protocol", "sip-demo-protocol"], "expectProtocol": "sip-audio-protocol"}, **more)
