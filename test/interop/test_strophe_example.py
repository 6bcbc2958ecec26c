#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""doc/examples/strophe_client.c, an outside program on libstrophe and the shared libraries, talks with an independent
implementation through prosody: both directions, killed and started again, refused certificates."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import actors
import prosody
import tap
from actors import Actor, Peer
from server import Authority

JULIET, ROMEO, PARIS = "juliet@capulet.example", "romeo@montague.example", "paris@montague.example"
NURSE = "nurse@capulet.example"  # has an account and no device
PROGRAM = os.environ.get("STROPHE_CLIENT", os.path.join(HERE, "..", "..", "build", "doc", "strophe_client"))


class Example(Actor):
    """One run of the program. Its lines are not JSON: they are all in `other`."""

    def __init__(self, server, jid, folder, to, text, ca=None):
        self.server = server
        environment = {**os.environ, "XMPP_PASSWORD": server.accounts[jid]}
        super().__init__(f"example {jid}", [
            PROGRAM, jid, to, text, os.path.join(folder, "store"), os.path.join(folder, "key"), "127.0.0.1",
            str(server.port), ca or server.ca], environment)

    def says(self, beginning):
        """The line that begins so, without its beginning; each line is taken once."""

        def find():
            return next((line for line in self.other if line.startswith(beginning)), None)

        with self.changed:
            self.changed.wait_for(lambda: find() is not None or self.finished, actors.SECONDS)
            line = find()
            if line is None:
                raise TimeoutError(f"{self.name} never said {beginning!r}")
            self.other.remove(line)
            return line[len(beginning):]

    def kill(self):
        """As if the machine went away: no good-bye to the server, nothing closed. Until the server gives it up."""
        before = self.server.log_length()
        self.process.kill()
        self.end()
        self.server.wait_log("Destroying session for hibernating too long", since=before)

    def leave(self):
        """The end of its input; it goes once the server has everything."""
        self.tell("")
        self.ends(0)

    def ends(self, status):
        tap.equal(self.process.wait(actors.SECONDS), status, "exit status")
        self.end()


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []
        self.heard = []

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def start(self, text, to=ROMEO):
        self.juliet = Example(self.server, JULIET, self.folder, to, text)

    def hears(self, text):
        """Romeo reads it; what it is known by is kept for no_errors."""
        got = self.romeo.receive(text)
        self.heard.append(got["id"])
        return got

    def first_message(self):
        self.romeo = Peer(self.server, ROMEO)
        text = self.text("Good even, \"é ü 漢字\" <&>'")
        self.start(text)
        tap.equal(self.juliet.says(f"* new-key {ROMEO} ok "), self.romeo.fingerprint)
        got = self.hears(text)
        tap.equal((got["kex"], got["envelope_from"], got["envelope_to"]), (True, JULIET, ROMEO))
        self.key = (got["device"], got["fingerprint"])

    def answer(self):
        for _ in range(2):
            text = self.text("Parting is such sweet sorrow, é ü 漢字 <&>\"'")
            self.romeo.send(JULIET, text)
            tap.equal(self.juliet.says(f"{ROMEO} (not compared): "), text)

    def killed(self):
        """The same device with the same session: nothing is exchanged anew."""
        self.juliet.kill()
        text = self.text("I remember")
        self.start(text)
        got = self.hears(text)
        tap.equal((got["kex"], got["device"], got["fingerprint"]), (False, *self.key))

    def while_it_was_away(self):
        self.juliet.leave()
        texts = [self.text("He jests at scars") for _ in range(3)]
        for text in texts:
            self.romeo.send(JULIET, text)
        text = self.text("What did you say?")
        self.start(text)
        self.hears(text)
        for text in texts:
            tap.equal(self.juliet.says(f"{ROMEO} (not compared): "), text)

    def server_away(self):
        """What was said when nobody could be reached goes out at the next start, in order."""
        self.juliet.leave()
        self.romeo.do("offline")
        self.server.stop()
        early, late = self.text("Is anybody there?"), self.text("There you are")
        self.start(early)
        self.juliet.ends(1)
        self.server.start()
        self.romeo.do("online")
        self.start(late)
        got = [self.romeo.wait(event="message") for _ in range(2)]
        tap.equal([event["body"] for event in got], [early, late])
        self.heard += [event["id"] for event in got]

    def peer_first(self):
        """Somebody new begins; the answer to the key exchange goes back."""
        self.paris = Peer(self.server, PARIS)
        text = self.text("We have not met")
        tap.equal(self.paris.send(JULIET, text)["kex"], 1, "key exchanges")
        tap.equal(self.juliet.says(f"{PARIS} (not compared): "), text)
        tap.equal(self.juliet.says(f"* new-key {PARIS} ok "), self.paris.fingerprint)
        tap.equal(self.paris.wait(event="empty")["device"], self.key[0])
        tap.equal(self.paris.send(JULIET, self.text("And now we have"))["kex"], 0, "key exchanges")
        tap.equal(self.juliet.says(f"{PARIS} (not compared): "), self.said[-1])

    def in_the_clear(self):
        text = "No seal on this " + os.urandom(6).hex()
        self.romeo.do(f"clear {JULIET} {text}")
        tap.equal(self.juliet.says(f"{ROMEO} (in the clear): "), text)
        self.server.wait_log(text[-12:])  # the log may be read a moment after the message was
        tap.holds(self.server.saw(text), f"{text!r} was not found though it went unencrypted")

    def nobody_to_read(self):
        """The contact has no device: nothing leaves."""
        self.juliet.leave()
        self.start(self.text("Can you hear me?"), to=NURSE)
        tap.equal(self.juliet.says(f"* refused {NURSE} "), "no-device")
        self.juliet.leave()

    def refuses(self, server, name, ca=None):
        """It gets as far as TLS, ends, and never tries to log in."""
        before = server.log_length()
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        example = Example(server, JULIET, folder, ROMEO, self.text("To whom am I speaking?"), ca)
        example.ends(1)
        with server.changed:
            lines = server.lines[before:]
        tap.holds(any("<proceed" in line for line in lines), "it did not begin TLS")
        tap.holds(not any("<auth" in line for line in lines), "it tried to log in")

    def other_authority(self):
        other = Authority(os.path.join(self.folder, "ca"))
        self.refuses(self.server, "other-ca", other.certificate)

    def wrong_name(self):
        with prosody.Prosody({JULIET: "pw-juliet"}, certificate="wrong-name") as server:
            self.refuses(server, "wrong-name")

    def no_errors(self):
        """But for messages that come twice, since the program was killed before it knew that they had arrived: the second
        finds no key any more."""
        for peer in (self.romeo, self.paris):
            errors = [event for event in peer.left(event="error")
                      if event["what"] != "DecryptionFailed" or event["id"] not in self.heard]
            tap.equal(errors, [], peer.name)

    def server_saw_nothing(self):
        for text in self.said:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")
        tap.holds(len(self.said) > 10, "little was said")


SCENES = [
    ("the example to the peer", Play.first_message),
    ("the peer to the example", Play.answer),
    ("killed and started again", Play.killed),
    ("what came while it was not running", Play.while_it_was_away),
    ("what was said while the server was away", Play.server_away),
    ("somebody new writes first", Play.peer_first),
    ("clear text is marked", Play.in_the_clear),
    ("a contact without devices: refused", Play.nobody_to_read),
    ("a certificate of another authority is refused", Play.other_authority),
    ("a certificate for another name is refused", Play.wrong_name),
    ("no errors at the peers", Play.no_errors),
    ("the server saw none of it", Play.server_saw_nothing),
]


def main():
    why = prosody.why_not() or actors.why_no_peer()
    if not why and not os.access(PROGRAM, os.X_OK):
        why = f"{PROGRAM} is not built (./dev check)"
    if why:
        tap.skip_all(SCENES, why)
    accounts = {jid: "pw-" + jid.split("@")[0] for jid in (JULIET, ROMEO, PARIS, NURSE)}
    # The session of a program that was killed is kept for so many seconds.
    with prosody.Prosody(accounts, friends=list(accounts), options="smacks_hibernation_time = 1") as server, tempfile.TemporaryDirectory() as folder:
        play = Play(server, folder)
        try:
            return tap.run([(name, lambda scene=scene: scene(play)) for name, scene in SCENES],
                           on_failure=(actors.transcripts, server.tail))
        finally:
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
