# SPDX-License-Identifier: MIT
"""SIPp scenarios written as Python: a list of steps becomes the XML file that SIPp runs as the answering side."""
import contextlib
import os
import shutil
import tempfile
from xml.sax.saxutils import quoteattr

from sippeer import Sipp

SDP = """v=0
      o=sipp 53655765 %(version)d IN IP4 127.0.0.1
      s=-
      c=IN IP4 127.0.0.1
      t=0 0
      m=audio %(port)s RTP/AVP %(types)s
      a=rtpmap:0 PCMU/8000
      a=rtpmap:8 PCMA/8000
"""
KEPT = ("via", "from", "to", "cseq", "contact")


def sdp(port="[media_port]", types="0", version=1, more=()):
    return SDP % {"port": port, "types": types, "version": version} + "".join("      %s\n" % line for line in more)


class Scenario:
    """recv() what must come next, send() answers and requests. A check is (header, regex), ("msg", regex) for anywhere;
    with a regex that begins with "!" it must not be found."""

    def __init__(self):
        self.steps, self.used = [], []

    def _check(self, place, pattern):
        name = "check%d" % len(self.used)
        self.used.append(name)
        inverse, pattern = pattern.startswith("!"), pattern.lstrip("!")
        where = 'search_in="msg"' if place == "msg" else 'search_in="hdr" header=%s' % quoteattr(place + ":")
        return '      <ereg regexp=%s %s %s="true" assign_to="%s"/>' % (
            quoteattr(pattern), where, "check_it_inverse" if inverse else "check_it", name)

    def recv(self, what, *checks, keep=False, timeout=20000):
        """keep: later answers may be to this request (answer="kept"), and requests are within its dialog."""
        kind = "response" if isinstance(what, int) else "request"
        actions = [self._check(*check) for check in checks]
        if keep:
            for name in KEPT:
                pattern = "sip:[^>]*" if name == "contact" else ".*"
                actions.append('      <ereg regexp="%s" search_in="hdr" header="%s:" check_it="true" assign_to="%s"/>' % (
                    pattern, {"via": "Via", "from": "From", "to": "To", "cseq": "CSeq", "contact": "Contact"}[name], name))
            self.used += [name for name in KEPT if name not in self.used]
        inner = "\n    <action>\n%s\n    </action>\n  " % "\n".join(actions) if actions else ""
        self.steps.append('  <recv %s="%s" timeout="%d">%s</recv>' % (kind, what, timeout, inner))
        return self

    def _message(self, lines, body, retrans=None, kind="application/sdp"):
        lines = lines + (["Content-Type: " + kind] if body else []) + ["Content-Length: [len]"]
        text = "\n".join("      " + line for line in lines) + "\n\n" + ("      " + body if body else "")
        self.steps.append("  <send%s>\n    <![CDATA[\n\n%s\n    ]]>\n  </send>" % (
            ' retrans="%d"' % retrans if retrans else "", text))
        return self

    def answer(self, status, body=None, to="last", tag="sipp[call_number]", contact="sip:sipp@[local_ip]:[local_port]", extra=(),
               retrans=None):
        """to: "last", the request that came last, or "kept". tag None: the request has its To tag already."""
        names = ("via", "from", "to", "cseq")
        if to == "kept":
            values = ["%s:[$%s]" % (name.capitalize().replace("Cseq", "CSeq"), name) for name in names]
        else:
            values = ["[last_%s:]" % name for name in ("Via", "From", "To", "CSeq")]
        if tag:
            values[2] += ";tag=" + tag
        return self._message(["SIP/2.0 " + status] + values + ["[last_Call-ID:]"] + (["Contact: <%s>" % contact] if contact else [])
                             + list(extra), body, retrans)

    def request(self, method, cseq, body=None, tag="sipp[call_number]", contact="sip:sipp@[local_ip]:[local_port]", extra=(),
                branch="[branch]"):
        """Within the dialog of the kept INVITE."""
        return self._message([
            "%s [$contact] SIP/2.0" % method, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=" + branch,
            "From:[$to];tag=" + tag, "To:[$from]", "Call-ID: [call_id]", "CSeq: %d %s" % (cseq, method), "Max-Forwards: 70",
            "Contact: <%s>" % contact] + list(extra), body)

    def pause(self, milliseconds):
        self.steps.append('  <pause milliseconds="%d"/>' % milliseconds)
        return self

    # ---- what most scenarios begin and end with

    def established(self, *checks, **options):
        """INVITE, 180, 200, ACK."""
        self.recv("INVITE", *checks, keep=True).answer("180 Ringing")
        return self.answer("200 OK", options.pop("body", sdp()), **options).recv("ACK")

    def hung_up(self):
        """BYE from the server and its 200."""
        return self.recv("BYE", timeout=60000).answer("200 OK", tag=None)

    def xml(self):
        tail = '  <Reference variables="%s"/>\n' % ",".join(self.used) if self.used else ""
        return ('<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="generated">\n'
                + "\n".join(self.steps) + '\n  <timewait milliseconds="200"/>\n' + tail + "</scenario>\n")


@contextlib.contextmanager
def playing(scenario, **options):
    """SIPp runs the scenario; at the end of the block it must have come to its end without complaint."""
    folder = tempfile.mkdtemp(prefix="scenario-")
    try:
        path = os.path.join(folder, "generated")
        with open(path + ".xml", "w", encoding="ascii") as file:
            file.write(scenario.xml())
        with Sipp(path, **options) as sipp:
            yield sipp
    finally:
        shutil.rmtree(folder, ignore_errors=True)
