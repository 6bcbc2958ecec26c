#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A live session with OpenSSL's own command-line tool: TLS in stanzas is plain TLS 1.3 (doc/live.md).

    test_live_openssl.py ENGINE      the program of live_engine.c

`openssl s_client` and `s_server` are the other side's whole TLS. Between them and an engine this script carries records
from a socket into frames and back, and does what is said inside: it reads what the tool prints, and types what the other
side has to say (proofs, stanzas, acknowledgements, retained secrets) computed by tools/live_protocol.py, from the secrets
that the tool writes to its key log. In both roles, at first contact and with a retained secret as PSK.

What the tool cannot do, and how it is done instead: it writes nothing before the other side's Finished, so as a responder
its proof comes in the second result instead of the first; a PSK identity is an argument, so one with a zero byte in it
is not used; and it offers a PSK only when it has one, so its ClientHello shows whether it does.
"""

import base64
import os
import queue
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import live_protocol as live  # noqa: E402
import tap  # noqa: E402

OPENSSL = "/usr/bin/openssl"
SECONDS = 30
SEED = live.made("the seed of OpenSSL's side")
ALL = ("-tls1_3", "-alpn", "sotto-live/0", "-groups", "X25519", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-quiet")


# ---- what TLS exports (RFC 8446 section 7.5), from the key log -------------------------------------------------------------


def expand_label(secret, label, context):
    label = b"tls13 " + label
    return live.expand(secret, (32).to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context, 32)


def exported(path, label):
    found, until = None, time.monotonic() + SECONDS
    while not found:  # it is written a little later than the records
        assert time.monotonic() < until, "no EXPORTER_SECRET in the key log"
        with open(path, encoding="ascii") as file:
            found = re.search(r"^EXPORTER_SECRET [0-9a-f]+ ([0-9a-f]{64})$", file.read(), re.MULTILINE)
    secret = bytes.fromhex(found[1])
    return expand_label(expand_label(secret, label, live.sha256()), b"exporter", live.sha256())


# ---- the engine -----------------------------------------------------------------------------------------------------------


class Engine:
    """Its lines: stanzas that wait to be carried, what it read, what it told."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.stanzas, self.read, self.events = [], [], []
        self.wait()

    def wait(self):
        for line in iter(self.process.stdout.readline, b""):
            word, _, text = line.decode().rstrip("\n").partition(" ")
            if word == "done":
                return
            if word == "failed":
                raise AssertionError(text)
            {"stanza": self.stanzas, "deliver": self.read, "event": self.events}[word].append(text)
        raise AssertionError("the engine ended")

    def say(self, word, text):
        self.process.stdin.write(f"{word} {text}\n".encode())
        self.process.stdin.flush()
        self.wait()

    def present(self, is_there=True):
        self.say("stanza", f"<presence from='{live.ORCHARD.decode()}'{'' if is_there else chr(32) + 'type=' + repr('unavailable')}/>")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(SECONDS)


# ---- the tool -------------------------------------------------------------------------------------------------------------


class Tool:
    """openssl, with what it prints and a place to type."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([OPENSSL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.printed = queue.Queue()
        self.plain = b""
        self.complaints = b""
        self.threads = [threading.Thread(target=self.listen, daemon=True), threading.Thread(target=self.complain, daemon=True)]
        for thread in self.threads:
            thread.start()

    def listen(self):
        for piece in iter(lambda: os.read(self.process.stdout.fileno(), 65536), b""):
            self.printed.put(piece)

    def complain(self):
        for piece in iter(lambda: os.read(self.process.stderr.fileno(), 65536), b""):
            self.complaints += piece

    def type(self, *messages):
        self.process.stdin.write(b"".join(messages))
        self.process.stdin.flush()

    def message(self):
        """The next whole one that is printed: kind, body."""
        while len(self.plain) < 4 or len(self.plain) < 4 + int.from_bytes(self.plain[:4], "big"):
            try:
                self.plain += self.printed.get(timeout=SECONDS)
            except queue.Empty:
                raise AssertionError(f"nothing is printed; {self.complaints.decode(errors='replace')}") from None
        size = 4 + int.from_bytes(self.plain[:4], "big")
        one, self.plain = self.plain[:size], self.plain[size:]
        return one[4], one[5:]

    def end(self):
        self.process.terminate()
        self.process.wait(SECONDS)
        for thread in self.threads:
            thread.join(SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


# ---- between them ---------------------------------------------------------------------------------------------------------


class Pump:
    def __init__(self, engine, line, session):
        self.engine, self.line, self.session = engine, line, session
        self.sent = 0
        self.waiting = []  # ids of the engine's iqs without their result

    def records(self, count):
        """At least so many whole ones of the tool's, and what came with them."""
        data = b""
        while True:
            at = found = 0
            while at + 5 <= len(data) and at + 5 + int.from_bytes(data[at + 3:at + 5], "big") <= len(data):
                at += 5 + int.from_bytes(data[at + 3:at + 5], "big")
                found += 1
            if found >= count and at == len(data):
                return data
            assert select.select([self.line], [], [], SECONDS)[0], f"{found} records of {count}"
            piece = self.line.recv(65536)
            assert piece, "the tool hung up"
            data += piece

    def frame(self, records):
        self.sent += 1
        return (f"<live xmlns='urn:sotto:live:0' session='{self.session}' number='{self.sent - 1}'>"
                f"{base64.b64encode(records).decode()}</live>")

    def to_engine(self, records):
        """As the result of an iq that waits, else in one of our own."""
        names = f"from='{live.ORCHARD.decode()}' to='{live.BALCONY.decode()}'"
        if self.waiting:
            self.engine.say("stanza", f"<iq type='result' id='{self.waiting.pop(0)}' {names}>{self.frame(records)}</iq>")
        else:
            self.engine.say("stanza", f"<iq type='set' id='p{self.sent}' {names}>{self.frame(records)}</iq>")
        self.take()

    def take(self):
        """The engine's frames go to the tool. How many."""
        count = 0
        while self.engine.stanzas:
            stanza = self.engine.stanzas.pop(0)
            assert "<error" not in stanza, stanza
            found = re.search(r"<live [^>]*session='([0-9a-f]{32})'[^>]*>([^<]+)</live>", stanza)
            if "type='set'" in stanza and found:
                self.waiting.append(re.search(r" id='([^']+)'", stanza)[1])
            if found and found[1] == self.session:
                self.line.sendall(base64.b64decode(found[2]))
                count += 1
        return count

    def carry(self, count=1):
        self.to_engine(self.records(count))


class Side:
    """What is said inside, for the tool."""

    def __init__(self, tool, pump, log, role, secret):
        self.tool, self.pump, self.log, self.role, self.secret = tool, pump, log, role, secret
        self.initiator, self.responder = (live.ORCHARD, live.BALCONY) if role == b"I" else (live.BALCONY, live.ORCHARD)
        self.proofs = {}

    def signed(self, role, key, earlier):
        return live.blocks(b"sotto live proof 0", role, exported(self.log, b"EXPORTER-sotto-live"), self.initiator,
                           self.responder, key, earlier, self.secret["id"] if self.secret else b"")

    def own_proof(self, earlier):
        key = live.ed25519_public(SEED)
        proof = live.message(live.PROOF, key, live.ed25519_sign(SEED, self.signed(self.role, key, earlier)))
        self.proofs[self.role] = proof
        return proof

    def hear_proof(self, earlier):
        kind, body = self.tool.message()
        assert kind == live.PROOF, kind
        role = b"R" if self.role == b"I" else b"I"
        assert live.ed25519_verify(body[:32], self.signed(role, body[:32], earlier), body[32:]), "the engine's proof"
        self.proofs[role] = live.message(kind, body)

    def expect(self, wanted):
        """The next message of this kind; `hold` may come in front of others."""
        while True:
            kind, body = self.tool.message()
            if kind == wanted:
                return body
            assert kind == live.HOLD, kind

    def made(self):
        before = self.secret["secret"] if self.secret else None
        return live.secret_of(before, exported(self.log, b"EXPORTER-sotto-live-retained"), b"", self.proofs[b"R"],
                              self.proofs[b"I"])


def hold(*ids):
    return live.message(live.HOLD, bytes([len(ids)]), *ids)


# ---- the conversations ----------------------------------------------------------------------------------------------------


class Play:
    def __init__(self, program, folder):
        self.program, self.folder, self.count = program, folder, 0
        made = live.certificate_of(b"sotto live certificate 0")
        self.certificate, self.key = self.pem("CERTIFICATE", made["certificate"]), self.pem("PRIVATE KEY", made["private-key"])

    def path(self, name):
        self.count += 1
        return os.path.join(self.folder, f"{self.count}-{name}")

    def pem(self, what, data):
        path = self.path(what.replace(" ", "-"))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"-----BEGIN {what}-----\n{base64.encodebytes(data).decode()}-----END {what}-----\n")
        return path

    def talk(self, side, engine, held):
        """Both proofs are there: a stanza each way, acknowledged, and a secret that both keep."""
        known = [side.secret["id"]] if side.secret else []
        epoch = os.urandom(16)
        text = f"from openssl {epoch.hex()}"
        if held:
            body = side.expect(live.HOLD)
            assert all(one in body for one in known), body
        stanza = f"<message type='chat' id='1'><body>{text}</body></message>".encode()
        side.tool.type(hold(*known), live.message(live.DATA, epoch, (1).to_bytes(8, "big"), stanza))
        side.pump.carry()
        assert any(text in read for read in engine.read), engine.read
        made = side.made()
        body = side.expect(live.HOLD) if held else None
        while body is None or made["id"] not in body:
            body = side.expect(live.HOLD)
        assert side.expect(live.HAVE) == epoch + (1).to_bytes(8, "big")
        side.tool.type(hold(made["id"], *known))
        side.pump.carry()
        engine.say("send", f"<message to='{live.ORCHARD.decode()}' type='chat' id='2'><body>to openssl {text}</body></message>")
        side.pump.take()
        body = side.expect(live.DATA)
        assert f"to openssl {text}".encode() in body[24:], body
        side.tool.type(live.message(live.HAVE, body[:24]))
        side.pump.carry()
        return made

    def client(self, engine, secret):
        """The tool begins."""
        log = self.path("log")
        psk = ()
        while secret and not psk:
            identity = live.identity_of(secret["identity-key-i"], os.urandom(16), live.ORCHARD, live.BALCONY)["identity"]
            if b"\0" not in identity:
                psk = ("-psk", secret["psk"].hex(), "-psk_identity", identity)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tool = Tool("s_client", "-connect", "127.0.0.1:%d" % listener.getsockname()[1], *ALL, "-noservername", "-nocommands",
                        "-no_middlebox", "-CAfile", self.certificate, "-verify_return_error", "-sigalgs", "ed25519", "-keylogfile",
                        log, *psk)
            listener.settimeout(SECONDS)
            line, _ = listener.accept()
        try:
            pump = Pump(engine, line, os.urandom(16).hex())
            side = Side(tool, pump, log, b"I", secret)
            engine.events.clear()
            pump.carry()  # the ClientHello; the result has the server's flight, and the proof
            side.hear_proof(live.ZEROS)
            tool.type(side.own_proof(live.sha256(side.proofs[b"R"])))
            pump.carry(2)  # Finished, and the proof
            made = self.talk(side, engine, True)
            assert "delivered" in engine.events, engine.events
            return made
        finally:
            tool.end()
            line.close()

    def hello(self, engine):
        """The engine's ClientHello: id of the iq, session, record."""
        stanza = next(stanza for stanza in engine.stanzas if "urn:sotto:live:0" in stanza and "<live " in stanza)
        engine.stanzas.clear()
        found = re.search(r"<live [^>]*session='([0-9a-f]{32})' number='0'>([^<]+)</live>", stanza)
        return re.search(r" id='([^']+)'", stanza)[1], found[1], base64.b64decode(found[2])

    def begun(self, engine, secret):
        """One whose identity can be an argument, and is the one that it should be; the PSK extension is the last. What is
        said for each stays to be sent: how many there are."""
        for said in range(1, 40):
            engine.present(False)
            engine.stanzas.clear()
            engine.present()
            engine.say("send", f"<message to='{live.ORCHARD.decode()}' type='chat' id='3'><body>begun</body></message>")
            number, session, record = self.hello(engine)
            identity = record[-(2 + 33 + 4 + 48):][:48]
            if secret:
                wanted = live.identity_of(secret["identity-key-i"], identity[:16], live.BALCONY, live.ORCHARD)["identity"]
                assert identity == wanted, "the identity in the ClientHello"
            if b"\0" not in identity:
                return number, session, record, identity, said
        raise AssertionError("a zero in each identity")

    def server(self, engine, secret):
        """The engine begins."""
        log = self.path("log")
        number, session, record, identity, said = self.begun(engine, secret)
        psk = ("-psk", secret["psk"].hex(), "-psk_identity", identity) if secret else ()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        tool = Tool("s_server", "-accept", f"127.0.0.1:{port}", *ALL, "-naccept", "1", "-num_tickets", "0", "-cert", self.certificate,
                    "-key", self.key, "-keylogfile", log, *psk)
        line = None
        try:
            line = self.connect(port, tool)
            pump = Pump(engine, line, session)
            pump.waiting.append(number)
            side = Side(tool, pump, log, b"R", secret)
            engine.events.clear()
            line.sendall(record)
            pump.carry(3 if secret else 5)  # ServerHello, EncryptedExtensions, (Certificate, CertificateVerify,) Finished
            tool.type(side.own_proof(live.ZEROS))
            pump.carry()  # the proof
            side.hear_proof(live.sha256(side.proofs[b"R"]))
            known = [secret["id"]] if secret else []
            body = side.expect(live.HOLD)
            assert all(one in body for one in known), body
            for _ in range(said):
                body = side.expect(live.DATA)
                assert b"<body>begun</body>" in body
            tool.type(live.message(live.HAVE, body[:24]))
            pump.carry()
            assert engine.events.count("delivered") == said, engine.events
            return self.talk(side, engine, False)
        finally:
            tool.end()
            if line:
                line.close()

    @staticmethod
    def connect(port, tool):
        """It listens some time after it was started, and says nothing then."""
        while tool.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), SECONDS)
            except ConnectionRefusedError:
                select.select([], [], [], 0.05)
        raise AssertionError(tool.complaints.decode(errors="replace"))


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        play = Play(program, folder)
        engines = [Engine(program), Engine(program)]
        kept = {}
        engines[0].present()
        engines[0].stanzas.clear()

        def client_first():
            kept["client"] = play.client(engines[0], None)

        def client_resumed():
            kept["client"] = play.client(engines[0], kept["client"])

        def server_first():
            kept["server"] = play.server(engines[1], None)

        def server_resumed():
            kept["server"] = play.server(engines[1], kept["server"])

        cases = [("openssl s_client begins: first contact", client_first),
                 ("openssl s_client begins, with the retained secret", client_resumed),
                 ("... and with the one after that", client_resumed),
                 ("openssl s_server answers: first contact", server_first),
                 ("openssl s_server answers, with the retained secret", server_resumed),
                 ("... and with the one after that", server_resumed)]
        try:
            if not os.access(OPENSSL, os.X_OK):
                tap.skip_all(cases, f"{OPENSSL} is not there (apt-get install openssl)")
            tap.run(cases)
        finally:
            for engine in engines:
                engine.end()


if __name__ == "__main__":
    main()
