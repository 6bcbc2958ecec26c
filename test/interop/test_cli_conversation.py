#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The program `sotto`, driven as a person drives it, against an independent OMEMO client (omemo:2, or 0.3) through a real
server: key exchange and ratchet in both directions, offline and back, several devices a side, and what must be refused.
At the end everything the server saw and stored is searched for every text.

    test_cli_conversation.py [prosody|ejabberd [0.3]]
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import servers
import tap
from actors import Peer, Sotto

# Juliet and Mercutio have Sotto; Romeo has the other program; Benvolio has an account and no OMEMO at all.
JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
MERCUTIO, BENVOLIO = "mercutio@verona.example", "benvolio@verona.example"
ACCOUNTS = {JULIET: "pw-juliet é", ROMEO: "pw-romeo", MERCUTIO: "pw-mercutio", BENVOLIO: "pw-benvolio"}


class Play:
    def __init__(self, server, folder, dialect):
        self.server = server
        self.dialect = dialect
        self.folder = folder
        self.said = []
        self.count = 0

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def home(self):
        self.count += 1
        return os.path.join(self.folder, f"home-{self.count}")

    def check(self, event, text, sender):
        """What listen --json prints of a message."""
        for name in ("from", "to", "id", "type", "time", "body", "seal", "trust", "fingerprint"):
            tap.holds(name in event, f"no {name} in {event}")
        tap.equal((event["body"], event["seal"], event["type"]), (text, f"omemo:{self.dialect}", "chat"))
        tap.equal((event["from"].split("/")[0], event["to"].split("/")[0]), (sender.jid, JULIET))
        tap.equal("".join(event["fingerprint"].lower().split()), sender.fingerprint, "fingerprint")

    # --- a conversation ---

    def setup(self):
        self.romeo = Peer(self.server, ROMEO, dialect=self.dialect)
        self.juliet = Sotto(self.server, JULIET, self.home())
        self.juliet.setup()
        self.romeo.do(f"fetch {JULIET}")
        known = self.romeo.do(f"devices {JULIET}")["devices"]
        tap.equal(len(known), 1, "devices of Juliet")
        tap.equal(self.juliet.fingerprints(), [known[0]["fingerprint"]], "her own fingerprint")
        self.juliet_device, self.juliet_fingerprint = known[0]["device"], known[0]["fingerprint"]

    def first_message_out(self):
        text = self.text("Good even to my lord")
        self.juliet.send(ROMEO, text)
        got = self.romeo.receive(text)
        tap.equal((got["device"], got["fingerprint"], got["kex"]), (self.juliet_device, self.juliet_fingerprint, True))
        if self.dialect == "0.3":
            return  # there are no envelopes
        tap.equal((got["envelope_from"].split("/")[0], got["envelope_to"].split("/")[0]), (JULIET, ROMEO))
        tap.holds(got["envelope_time"], "no time in the envelope")

    def contact_fingerprint(self):
        tap.equal(self.juliet.fingerprints(ROMEO), [self.romeo.fingerprint])

    def answer_while_away(self):
        """She was not listening: the answer waits at the server, with the empty one before it."""
        text = self.text("Sleep dwell upon thine eyes")
        self.romeo.send(JULIET, text)
        self.juliet.listen()
        self.check(self.juliet.receive(text), text, self.romeo)

    def both_directions(self):
        for _ in range(4):
            text = self.text("A thousand times good night")
            self.juliet.send(ROMEO, text)
            tap.equal(self.romeo.receive(text)["kex"], False, "key exchange")
            text = self.text("A thousand times the worse")
            tap.equal(self.romeo.send(JULIET, text)["kex"], 0, "key exchanges")
            self.check(self.juliet.receive(text), text, self.romeo)

    def standard_input(self):
        first, second = self.text("é ü 漢字 <&>\"'"), self.text("second line")
        self.juliet.succeed("send", ROMEO, text=f"{first}\n{second}")
        self.romeo.receive(f"{first}\n{second}")
        self.romeo.send(JULIET, f"{second}\\n{first}")
        self.check(self.juliet.receive(f"{second}\n{first}"), f"{second}\n{first}", self.romeo)

    def sotto_offline_and_back(self):
        tap.equal(self.juliet.interrupt(), 0, "exit status of listen after an interrupt")
        texts = [self.text("Wherefore art thou") for _ in range(3)]
        for text in texts:
            self.romeo.send(JULIET, text)
        self.juliet.listen()
        for text in texts:
            self.check(self.juliet.receive(text), text, self.romeo)

    def peer_offline_and_back(self):
        self.romeo.do("offline")
        texts = [self.text("He jests at scars") for _ in range(3)]
        for text in texts:
            self.juliet.send(ROMEO, text)
        self.romeo.do("online")
        for text in texts:
            self.romeo.receive(text)

    def peer_first(self):
        """Somebody new writes first: the key exchange comes to Sotto, and its empty answer goes back."""
        self.mercutio = Sotto(self.server, MERCUTIO, self.home())
        self.mercutio.setup()
        self.mercutio.listen()
        text = self.text("Ask for me tomorrow")
        tap.equal(self.romeo.send(MERCUTIO, text)["kex"], 1, "key exchanges")
        event = self.mercutio.receive(text)
        tap.equal((event["seal"], "".join(event["fingerprint"].lower().split())), (f"omemo:{self.dialect}", self.romeo.fingerprint))
        tap.equal(self.romeo.wait(event="empty")["from"].split("/")[0], MERCUTIO)
        text = self.text("And you shall find me a grave man")
        tap.equal(self.romeo.send(MERCUTIO, text)["kex"], 0, "key exchanges after the answer")
        self.mercutio.receive(text)
        tap.equal(self.mercutio.interrupt(), 0, "exit status")

    def several_devices(self):
        self.romeo2 = Peer(self.server, ROMEO, "romeo's second", dialect=self.dialect)
        self.juliet2 = Sotto(self.server, JULIET, self.home())
        self.juliet2.setup()
        self.juliet2.listen()
        text = self.text("To both of you")
        self.juliet.send(ROMEO, text)
        for receiver in (self.romeo, self.romeo2):
            got = receiver.receive(text)
            # Both of Romeo's; Juliet's other one beside them, or in the other element, since it can do better.
            tap.equal((got["fingerprint"], got["devices"]), (self.juliet_fingerprint, 3 if self.dialect == "2" else 2))
        for sender in (self.romeo, self.romeo2):
            text = self.text("From each of us")
            tap.equal(sender.send(JULIET, text)["devices"], 3, "devices")
            for receiver in (self.juliet, self.juliet2):
                self.check(receiver.receive(text), text, sender)
        text = self.text("And from my other one")
        self.juliet2.send(ROMEO, text)
        for receiver in (self.romeo, self.romeo2):
            got = receiver.receive(text)
            tap.holds(got["fingerprint"] != self.juliet_fingerprint, "the second device has the first one's key")
        tap.equal(self.juliet2.interrupt(), 0, "exit status")

    def server_restarts(self):
        """The connection breaks under a listening Sotto, which comes back by itself."""
        for peer in (self.romeo, self.romeo2):
            peer.do("offline")
        since = self.server.log_length()
        self.server.restart()
        self.romeo.do("online")
        # Her presence. What comes between her login and that is ejabberd's to keep, and now and then it waits there for the
        # presence after next.
        self.server.wait_log(r"RECV: <presence.*urn:x-sotto:client", since=since, seconds=actors.SECONDS)
        text = self.text("Is it even so")
        self.romeo.send(JULIET, text)
        self.check(self.juliet.receive(text), text, self.romeo)
        text = self.text("Then I defy you, stars")
        self.juliet.send(ROMEO, text)
        self.romeo.receive(text)

    def not_taken(self):
        """More than the server takes in one stanza (256 KiB), which ends the stream: dropped, and the next one goes."""
        line = self.juliet.refuse("send", ROMEO, "&" * 131000)
        tap.holds("Not sent: " in line and "does not take this message" in line and "dropped" in line,
                  f"it does not say what became of it: {line}")
        text = self.text("By any other name")
        self.juliet.succeed("send", ROMEO, text)
        self.romeo.receive(text)

    def nothing_twice(self):
        # What her own other device sent may be shown too.
        left = [event for event in self.juliet.listener.left() if "body" in event and not event["from"].startswith(JULIET)]
        tap.equal(left, [], "messages nobody sent")
        tap.equal(self.romeo.left(event="message", carbon=None), [], "messages nobody sent")
        # What his own two devices make of each other is not ours.
        errors = [event for event in self.romeo.left(event="error") if not event.get("from", "").startswith(ROMEO)]
        tap.equal(errors, [], "errors of the other program")

    # --- what must be refused ---

    def no_omemo(self):
        """Nobody's device list: not sent, and not sent unencrypted either."""
        text = self.text("A plague on both your houses")
        line = self.juliet.refuse("send", BENVOLIO, text)
        tap.holds(BENVOLIO in line, f"it does not say to whom: {line}")

    def wrong_password(self):
        sotto = Sotto(self.server, JULIET, self.home(), password="pw-nurse")
        line = sotto.refuse(*sotto.setup_arguments())
        tap.holds(JULIET in line or "capulet.example" in line, f"it does not say whose: {line}")
        tap.holds("pw-nurse" not in line, "it repeats the password")

    def unknown_host(self):
        sotto = Sotto(self.server, "nurse@mantua.example", self.home())
        line = sotto.refuse(*sotto.setup_arguments())
        tap.holds("mantua.example" in line, f"it does not say which: {line}")

    def nobody_there(self):
        sotto = Sotto(self.server, JULIET, self.home(), port=servers.free_ports(1)[0])
        sotto.refuse(*sotto.setup_arguments())

    def wrong_usage(self):
        for arguments in (("send",), ("nonsense",), ("send", "not a jid", "text"), ("listen", "--nonsense")):
            self.juliet.refuse(*arguments, status=2)

    def leave(self):
        self.juliet2.succeed("leave", "--yes")
        self.romeo.do(f"fetch {JULIET}")
        active = [device["fingerprint"] for device in self.romeo.do(f"devices {JULIET}")["devices"] if device["active"]]
        tap.equal(active, [self.juliet_fingerprint], "devices of Juliet on the server")

    def server_saw_nothing(self):
        tap.equal(self.juliet.interrupt(), 0, "exit status")
        tap.holds(len(self.said) > 20, "too little was said")
        # The control comes first: once its line of the log is here, all earlier ones are.
        self.romeo.do(f"clear {MERCUTIO} Seen by all")
        self.server.wait_log("Seen by all")
        tap.holds(self.server.saw("Seen by all"), "the search finds nothing at all")
        for text in self.said:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")


SCENES = (
    ("setup publishes one device, and shows its fingerprint", Play.setup),
    ("a first message out carries a key exchange", Play.first_message_out),
    ("devices shows the contact's fingerprint", Play.contact_fingerprint),
    ("an answer that waited for listen", Play.answer_while_away),
    ("both directions, sending while listening", Play.both_directions),
    ("text from standard input, beyond ASCII, of several lines", Play.standard_input),
    ("sotto offline and back", Play.sotto_offline_and_back),
    ("the peer offline and back", Play.peer_offline_and_back),
    ("a key exchange in, answered by an empty message", Play.peer_first),
    ("several devices a side", Play.several_devices),
    ("the server restarts under a listening sotto", Play.server_restarts),
    ("a message that the server does not take: dropped, and the next one goes", Play.not_taken),
    ("nothing came twice, and the peer met no error", Play.nothing_twice),
    ("a contact without keys: refused, not sent unencrypted", Play.no_omemo),
    ("wrong password: refused", Play.wrong_password),
    ("a domain the server does not have: refused", Play.unknown_host),
    ("nobody listens there: refused", Play.nobody_there),
    ("wrong usage: exit status 2", Play.wrong_usage),
    ("leave takes the device off the server", Play.leave),
    ("the server saw none of it", Play.server_saw_nothing),
)

APART = (Play.no_omemo, Play.wrong_password, Play.unknown_host, Play.nobody_there, Play.wrong_usage, Play.not_taken)

# Servers that must not get a login at all.
WRONG_SERVERS = (
    ("a certificate of an unknown authority: refused", {"certificate": "other-ca"}),
    ("a certificate for another name: refused", {"certificate": "wrong-name"}),
    ("a certificate that is over: refused", {"certificate": "expired"}),
    ("a certificate with the name in CN only: refused", {"certificate": "cn-only"}),
    ("STARTTLS stripped: refused", {"offer_starttls": False}),
)
# And ways to log in that must work, beside the one of the scenes.
RIGHT_SERVERS = (
    ("login with SCRAM-SHA-1 where there is nothing better", {"mechanisms": "SHA-1"}),
    ("login with SCRAM-SHA-256 where that is all", {"mechanisms": "SHA-256"}),
)


def refused(kind, folder, name, options):
    with servers.start(kind, {JULIET: ACCOUNTS[JULIET]}, **options) as server:
        sotto = Sotto(server, JULIET, os.path.join(folder, name))
        line = sotto.refuse(*sotto.setup_arguments())
        tap.holds("capulet.example" in line, f"it does not say which: {line}")
        over = options.get("certificate") == "expired"
        tap.holds(("is not valid today" in line) == over, f"it does not say what is wrong with the certificate: {line}")
        server.stop()
        tap.holds("<auth" not in server.capture(), "it tried to log in")


def accepted(kind, folder, name, options):
    with servers.start(kind, {JULIET: ACCOUNTS[JULIET]}, **options) as server:
        Sotto(server, JULIET, os.path.join(folder, name)).setup()


def main():
    kind = servers.named_by_argument()
    dialect = sys.argv[2] if len(sys.argv) > 2 else "2"
    # What has nothing to do with the dialect is tried once.
    title = kind if dialect == "2" else f"{kind}, {dialect}"
    chosen = [(name, scene) for name, scene in SCENES if dialect == "2" or scene not in APART]
    with tempfile.TemporaryDirectory() as folder:
        extra = [(f"{kind}: {name}", lambda name=name, options=options, does=does: does(kind, folder, name, options))
                 for does, table in ((refused, WRONG_SERVERS), (accepted, RIGHT_SERVERS)) for name, options in table
                 if dialect == "2"]
        why = servers.why_not(kind) or actors.why_no_peer() or actors.why_no_sotto()
        if why:
            tap.skip_all([*((f"{title}: {name}", scene) for name, scene in chosen), *extra], why)
        with servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS)) as server:
            play = Play(server, folder, dialect)
            scenes = [(f"{title}: {name}", lambda scene=scene: scene(play)) for name, scene in chosen]
            try:
                return tap.run(scenes + extra, on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
