# SPDX-License-Identifier: MIT
"""A scripted registrar with digest: keeps bindings, answers OPTIONS, hands INVITEs to the test like any phone."""
import re
import time

from phone import Phone, digest_ok

REALM = "registrar"


class Registrar(Phone):
    """silent: answers nothing. seen: (ip, port) told in Via, True: the real source. minimum: 423 below it. granted: seconds, whatever was asked."""

    def __init__(self, port=0, user="201", password="secret", minimum=0, granted=None, **options):
        self.user, self.password = user, password
        self.minimum, self.granted = minimum, granted
        self.silent, self.seen, self.code, self.more = False, None, None, []
        self.stale = False
        self.bindings = {}  # Contact URI: seconds
        self.nonces = set()
        super().__init__(port=port, handler=Registrar.take, **options)

    def reply(self, request, code, sdp=None, **options):
        if self.seen:
            seen = request.source if self.seen is True else self.seen
            request.headers = [(n, re.sub(r";rport(?![=\w])", ";received=%s;rport=%d" % seen, v) if n == "via" else v)
                               for n, v in request.headers]
        return super().reply(request, code, sdp, **options)

    def take(self, message):
        if message.method not in ("REGISTER", "OPTIONS"):
            return False
        if not self.silent:
            if message.method == "OPTIONS":
                self.reply(message, 404)  # any answer will do
            else:
                self.register(message)
        return True

    def register(self, message):
        asked = int(message.get("expires"))
        if self.code:
            self.reply(message, self.code, extra=self.more)
        elif not any(digest_ok(message, self.user, self.password, nonce, realm=REALM, qop="auth") for nonce in self.nonces):
            self.challenge(message, realm=REALM, qop="auth", stale=self.stale)
            self.nonces.add(self.nonce)
        elif 0 < asked < self.minimum:
            self.reply(message, 423, extra=["Min-Expires: %d" % self.minimum])
        else:
            for uri, seconds in re.findall(r"<([^>]*)>;expires=(\d+)", message.get("contact")):
                self.bindings.pop(uri, None)
                if int(seconds):
                    self.bindings[uri] = self.granted or int(seconds)
            self.reply(message, 200, extra=["Contact: <%s>;expires=%d" % pair for pair in self.bindings.items()])

    def registers(self):
        return self.all("REGISTER")

    def wait_bound(self, uri=None, timeout=5):
        """Until that Contact, or any, is bound; gives it."""
        deadline = time.monotonic() + timeout
        while not (self.bindings if uri is None else uri in self.bindings):
            assert time.monotonic() < deadline, "bindings %s, messages %s" % (self.bindings, self.messages[-8:])
            time.sleep(0.02)
        return uri or next(iter(self.bindings))
