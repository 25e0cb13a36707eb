"""Directories of uploads and recordings, as they are met in the field."""
import base64
import os
import shutil
import sys
import tempfile

import audio
from clients import Client
from common import loopback
from harness import main, run_server


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
