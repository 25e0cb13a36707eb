# SPDX-License-Identifier: MIT
"""Other programs beside the server and the floor, each in what it has in common with them; Debian's packages, where installed."""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import programs
from many_calls import PLAYED, Run, wav_noise
from programs import FAR, FAR_PORT, LOAD_CORES, NEAR, RTP_PORT, SERVER_CORES, SIP_PORT, TELEPHONE_PORT, Failed, Process
from records import figure, row, spread

NG_PORT, CONTROL_PORT, CALLER_PORT = 2223, 4444, 5066
BARESIP_CALLS = 20
HOME = "127.0.0.1"  # where baresip's RTP comes from, whatever address it has announced


def installed(program):
    if shutil.which(program):
        return True
    row("beside %s" % program, "it is not installed")
    return False


def print_beside(title, unit, ours, theirs):
    """Two lists of one figure, run by run."""
    row("    " + title, "%s: %s beside %s, ratio %s" % (unit, spread(theirs), spread(ours), spread([a / b for a, b in zip(theirs, ours)], 2)))


# ---- SIPp: SIP alone ----

def sipp_once(rate, seconds):
    """Microseconds a call of SIPp's answering side, called by another SIPp; it opens no port for media and has no client."""
    count = max(1, int(rate * seconds))
    common = ["-nostdin", "-m", count, "-mp", FAR_PORT]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with Process(["sipp", "-sn", "uas", "-i", NEAR, "-p", SIP_PORT, "-mi", NEAR, *common], SERVER_CORES, folder, subprocess.DEVNULL) as answers, \
                Process(["sipp", "-sn", "uac", "%s:%d" % (NEAR, SIP_PORT), "-i", FAR, "-p", CALLER_PORT, "-mi", FAR, "-r", rate, *common],
                        LOAD_CORES, folder, subprocess.DEVNULL) as calls:
            began = used = programs.processor_ns(answers.pid)
            deadline = time.monotonic() + seconds + 30
            while calls.process.poll() is None and time.monotonic() < deadline:
                used = programs.processor_ns(answers.pid) if answers.process.poll() is None else used
                time.sleep(0.05)
            if calls.process.poll() != 0:
                raise Failed("SIPp's calls ended with %s" % calls.process.poll())
            return (used - began) / 1000 / count


def beside_sipp(bench):
    if not installed("sipp"):
        return
    for rate in bench.options.rates:
        row("beside SIPp, %d calls a second" % rate, "CPU of its answering side (-sn uas): SIP alone, no port for RTP, no client; compare with setup")
        costs = []
        for number in range(1, bench.options.runs + 1):
            try:
                costs.append(sipp_once(rate, bench.options.setup_seconds))
                figure("setup", "cpu", costs[-1], "us a call", "rate %d" % rate, "", number, "sipp")
            except Failed as problem:
                row("    run %d" % number, "failed: %s" % problem)
        row("    SIPp, CPU us a call", spread(costs))


# ---- rtpengine: RTP forwarded ----

def bencode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(bencode(item) for item in value) + b"e"
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def sdp(port):
    return ("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n" % (FAR, FAR, port))


def ng(sock, **order):
    """One order of rtpengine's control protocol; the port in the SDP that comes back."""
    cookie = b"%d" % random.getrandbits(60)
    words = {key.replace("_", "-"): value for key, value in order.items()}
    sock.sendto(cookie + b" " + bencode(words), (NEAR, NG_PORT))
    answer = sock.recv(65536)
    if b"m=audio " not in answer:
        raise Failed("rtpengine says %s" % answer[:200])
    return int(answer.split(b"m=audio ", 1)[1].split(b" ", 1)[0])


def join_pairs(sock, legs):
    """The ports of rtpengine towards each telephone: of two and two it makes a call."""
    ports = []
    for first in range(0, legs, 2):
        name = {"call_id": "bench-%d" % first, "from_tag": "a", "ICE": "remove", "replace": ["origin"]}
        second = ng(sock, command="offer", sdp=sdp(FAR_PORT + 2 * first), **name)
        ports += [ng(sock, command="answer", to_tag="b", sdp=sdp(FAR_PORT + 2 * first + 2), **name), second]
    return ports


def rtpengine_once(bench, legs):
    command = ["rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--log-level=3", "--table=-1", "--interface=" + NEAR,
               "--listen-ng=%s:%d" % (NEAR, NG_PORT), "--port-min=%d" % RTP_PORT, "--port-max=%d" % (FAR_PORT - 1), "--num-threads=1"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open(os.path.join(folder, "log"), "wb") as log, \
            Process(command, SERVER_CORES, folder, log) as engine, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        time.sleep(1)
        path = os.path.join(folder, "ports")
        with open(path, "w", encoding="ascii") as file:
            file.writelines("%d\n" % port for port in join_pairs(sock, legs))
        with programs.telephones(bench.folder, legs, engine.pid, True, ports=path) as telephones:
            return Run(legs, "rs", *programs.measure([telephones], bench.options.warm, bench.options.measure), None, False)


def beside_rtpengine(bench):
    if not installed("rtpengine"):
        return
    legs = bench.options.at + bench.options.at % 2
    row("beside rtpengine, %d telephones" % legs, "it forwards RTP between two and two, in user space, one thread; no client. The floor: RTP in, RTP out")
    both = []
    for number in range(1, bench.options.runs + 1):
        try:
            both.append((bench.floor_once("rs", legs), rtpengine_once(bench, legs)))
        except (Failed, OSError) as problem:
            row("    run %d" % number, "failed: %s" % problem)
            continue
        figure("cpu", "cpu", both[-1][1].cost_us, "us a call and second", "forward", legs, number, "rtpengine", both[-1][1].whole)
    whole = [(floor, run) for floor, run in both if floor.whole and run.whole]
    if whole:
        print_beside("rtpengine, the floor", "CPU us a telephone and second", [floor.cost_us for floor, _ in whole], [run.cost_us for _, run in whole])
    elif both:
        row("    rtpengine", "does not count: not everything was delivered")


# ---- baresip: a file plays ----

BARESIP = """
poll_method             epoll
sip_listen              %(near)s:%(sip)d
net_interface           %(near)s
call_max_calls          0
call_hold_other_calls   no
audio_source            aufile,%(folder)s/%(played)s
audio_player            aubridge,sink
audio_alert             aubridge,alert
ausrc_srate             8000
auplay_srate            8000
ausrc_channels          1
auplay_channels         1
ctrl_tcp_listen         %(near)s:%(control)d
rtp_ports               %(rtp)d-%(rtp_last)d
jitter_buffer_type      off
module_path             %(modules)s
module                  g711.so
module                  aufile.so
module                  aubridge.so
module_tmp              account.so
module_app              menu.so
module_app              ctrl_tcp.so
"""


def baresip_files(folder, modules):
    words = dict(near=HOME, sip=SIP_PORT, folder=folder, played=PLAYED, control=CONTROL_PORT, rtp=RTP_PORT, rtp_last=FAR_PORT - 1,
                 modules=modules)
    texts = {"config": BARESIP % words, "accounts": "<sip:bench@%s>;regint=0;audio_codecs=pcmu\n" % HOME, "contacts": ""}
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    with open(os.path.join(folder, PLAYED), "wb") as file:
        file.write(wav_noise(60, tag=1, octets=2))


def baresip_once(bench, calls, modules):
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        baresip_files(folder, modules)
        with Process(["env", "HOME=" + folder, "baresip", "-f", folder], SERVER_CORES, folder, subprocess.DEVNULL) as player, \
                programs.telephones(bench.folder, calls, player.pid, False) as telephones:
            programs.wait_listening(HOME, CONTROL_PORT, player.process, 0.05)
            with socket.create_connection((HOME, CONTROL_PORT)) as control:
                for _ in range(calls):
                    order = b'{"command":"dial","params":"sip:bench@%s:%d"}' % (FAR.encode(), TELEPHONE_PORT)
                    control.sendall(b"%d:%s," % (len(order), order))
                    time.sleep(0.02)
                return Run(calls, "rs", *programs.measure([telephones], bench.options.warm, bench.options.measure), None, False)


def beside_baresip(bench):
    if not installed("baresip"):
        return
    sys.path.insert(0, os.path.join(programs.HERE, "..", "..", "tests", "peer"))
    import baresip
    if not baresip.MODULES:
        row("beside baresip", "its modules are not where they are looked for")
        return
    calls = min(BARESIP_CALLS, bench.options.at)
    row("beside baresip, %d calls" % calls, "a file plays; it decodes what it hears too, with threads for each call. The server: the same file, MEDIA:off")
    both = []
    for number in range(1, bench.options.runs + 1):
        try:
            both.append((bench.server_once("play", calls), baresip_once(bench, calls, baresip.MODULES[0])))
        except Failed as problem:
            row("    run %d" % number, "failed: %s" % problem)
            continue
        figure("cpu", "cpu", both[-1][1].cost_us, "us a call and second", "play", calls, number, "baresip", both[-1][1].whole)
    if both:
        shares = [run.delivered for _, run in both]
        print_beside("baresip, the server", "CPU us a call and second (%.1f %% delivered)" % (100 * min(shares)),
                     [run.cost_us for run, _ in both], [run.cost_us for _, run in both])


PEERS = {"baresip": beside_baresip, "rtpengine": beside_rtpengine, "sipp": beside_sipp}
