# SPDX-License-Identifier: MIT
"""Directories of uploads and recordings, as they are met in the field."""
import base64
import os
import shutil
import sys
import tempfile

import audio
from clients import Client
from common import loopback
from harness import main, run_server, wait_until


def test_one_directory_for_both_is_refused():
    """Clients would overwrite recordings."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "a"))
        os.symlink("a", os.path.join(folder, "link"))
        for uploads, recordings in (("a", "a"), ("a", "./a/"), ("a", "link"), ("new", os.path.join(folder, "new"))):
            code, _, err = run_server("--ws-listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0", "--upload-dir", uploads,
                                      "--record-dir", recordings, cwd=folder)
            assert code == 1 and "--upload-dir" in err and "--record-dir" in err and err.count("\n") == 1, (code, err)
    with loopback("--upload-dir", "same", "--record-dir", "same", "--no-record"):
        pass


def test_directories_replaced_while_running():
    """Moved away, as by a script that keeps archives: the next upload and the next recording have new ones."""
    good = audio.wav_ulaw(audio.noise(5))
    with loopback() as server, Client(server) as client:
        client.upload("a.wav", good)
        client.call("1")
        client.hangup()
        shutil.rmtree(server.path("uploaded_wavs"))
        os.rename(server.path("recordings"), server.path("kept"))
        client.send("LIST_WAV")
        client.expect("WAV_LIST_END:0")
        client.upload("b.wav", good)
        client.call("2")
        client.play("b.wav")
        client.hangup()
        assert os.listdir(server.path("uploaded_wavs")) == ["b.wav"]
        wait_until(lambda: len(os.listdir(server.path("recordings"))) == 1, 5, "the recording")
        assert "-2-" in os.listdir(server.path("recordings"))[0]
        assert len(os.listdir(server.path("kept"))) == 1
        assert server.log.count("was removed or replaced while running: opened anew") == 2
        link = os.readlink(server.path("received_from_server.wav"))
        assert link == "recordings/" + os.listdir(server.path("recordings"))[0], link


def test_at_most_ten_thousand_files():
    folder = tempfile.mkdtemp(prefix="peer-")
    os.mkdir(os.path.join(folder, "uploaded_wavs"))
    for i in range(9999):
        os.close(os.open(os.path.join(folder, "uploaded_wavs", "%d.wav" % i), os.O_WRONLY | os.O_CREAT, 0o600))
    good = audio.wav_ulaw(audio.noise(2))
    with loopback(folder=folder) as server, Client(server) as client:
        client.upload("last.wav", good)
        client.upload("last.wav", good)
        client.send("WAV_UPLOAD:more.wav:" + base64.b64encode(good).decode())
        client.error("WAV_UPLOAD", "quota")
        client.send("DELETE_WAV:7.wav")
        client.expect("WAV_DELETED")
        client.upload("more.wav", good)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.modules[__name__])
