#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The harness tries itself: two peers that are not Sotto talk through prosody, so that a failure of the other interop
tests is Sotto's. Also that what is searched for plaintext can find plaintext."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import prosody
import tap
from actors import Peer

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"


class Play:
    """Juliet and Romeo with two devices each; the cases are its scenes, in this order."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def log_in(self):
        self.juliet = Peer(self.server, JULIET, state=os.path.join(self.folder, "juliet.json"))
        self.romeo = Peer(self.server, ROMEO, direct_tls=True)
        tap.equal(len(self.juliet.fingerprint), 64, "fingerprint")
        tap.holds(self.juliet.device != self.romeo.device, "two devices with one id")

    def first_message(self):
        text = self.text("Good even")
        sent = self.juliet.send(ROMEO, text)
        tap.equal((sent["devices"], sent["kex"], sent["errors"]), (1, 1, []))
        got = self.romeo.receive(text)
        tap.equal((got["device"], got["fingerprint"], got["kex"]), (self.juliet.device, self.juliet.fingerprint, True))
        tap.equal((got["envelope_from"], got["envelope_to"]), (JULIET, ROMEO))
        # The answer to a key exchange, without content.
        tap.equal(self.juliet.wait(event="empty")["device"], self.romeo.device)

    def both_directions(self):
        for _ in range(3):
            for sender, receiver in ((self.romeo, self.juliet), (self.juliet, self.romeo)):
                text = self.text("Parting is such sweet sorrow")
                tap.equal(sender.send(receiver.jid, text)["kex"], 0, "key exchanges")
                tap.equal(receiver.receive(text)["kex"], False, "key exchange")

    def several_lines(self):
        text = self.text("é ü 漢字 <&>\"'")
        self.romeo.send(JULIET, text + "\\nsecond line")
        self.juliet.receive(text + "\nsecond line")

    def subject(self):
        subject, text = self.text("Tomorrow"), self.text("at nine")
        self.romeo.do(f"subject {JULIET} {subject}|{text}")
        tap.equal(self.juliet.receive(text)["subject"], subject)

    def offline_and_back(self):
        self.romeo.do("offline")
        texts = [self.text("While you were away") for _ in range(3)]
        for text in texts:
            self.juliet.send(ROMEO, text)
        self.romeo.do("online")
        for text in texts:
            self.romeo.receive(text)

    def first_contact_offline(self):
        """A key exchange that waits in the offline store."""
        self.paris = Peer(self.server, "paris@montague.example")
        self.paris.do("offline")
        text = self.text("We have not met")
        tap.equal(self.juliet.send(self.paris.jid, text)["kex"], 1, "key exchanges")
        self.paris.do("online")
        tap.equal(self.paris.receive(text)["kex"], True, "key exchange")
        tap.equal(self.juliet.wait(event="empty")["device"], self.paris.device)

    def two_devices_each(self):
        self.juliet2, self.romeo2 = Peer(self.server, JULIET, "juliet's second"), Peer(self.server, ROMEO, "romeo's second")
        text = self.text("To all of you")
        # Both of Romeo's, and Juliet's other one.
        tap.equal(self.juliet.send(ROMEO, text)["devices"], 3, "devices")
        for receiver in (self.romeo, self.romeo2, self.juliet2):
            tap.equal(receiver.receive(text)["fingerprint"], self.juliet.fingerprint)
        text = self.text("And from the other side")
        tap.equal(self.romeo2.send(JULIET, text)["devices"], 3, "devices")
        for receiver in (self.juliet, self.juliet2, self.romeo):
            tap.equal(receiver.receive(text)["fingerprint"], self.romeo2.fingerprint)

    def restarted(self):
        """The same device after its program ended: the state file carries identity and sessions."""
        device, fingerprint = self.juliet.device, self.juliet.fingerprint
        tap.equal(self.juliet.quit(), 0, "exit status")
        self.juliet = Peer(self.server, JULIET, "juliet again", state=os.path.join(self.folder, "juliet.json"))
        tap.equal((self.juliet.device, self.juliet.fingerprint), (device, fingerprint))
        text = self.text("I remember")
        self.romeo.send(JULIET, text)
        tap.equal(self.juliet.receive(text)["kex"], False, "key exchange")

    def device_leaves(self):
        self.romeo2.do("leave")
        self.romeo2.quit()
        text = self.text("Fewer of you")
        tap.equal(self.juliet.send(ROMEO, text)["devices"], 2, "devices")
        self.romeo.receive(text)

    def server_restarts(self):
        self.romeo.do("offline")
        text = self.text("Kept over a restart")
        self.juliet.send(ROMEO, text)
        for peer in (self.juliet, self.juliet2, self.paris):
            peer.do("offline")
        self.server.restart()
        self.romeo.do("online")
        self.romeo.receive(text)

    def no_errors(self):
        for peer in (self.juliet, self.juliet2, self.romeo, self.paris):
            tap.equal(peer.left(event="error"), [], peer.name)

    def server_saw_nothing(self):
        for text in self.said:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")
        tap.holds(len(self.said) > 10, "nothing was said")

    def search_can_find(self):
        self.juliet.do("online")
        for text in ("No seal on this " + os.urandom(6).hex(), 'é <&>"\'' + os.urandom(6).hex()):
            self.juliet.do(f"clear {ROMEO} {text}")
            self.romeo.wait(event="clear", body=text)
            self.server.wait_log(text[-12:])  # the log may be read a moment after the message was
            tap.holds(self.server.saw(text), f"{text!r} was not found though it went unencrypted")

    def clear_text_is_kept_too(self):
        """The data folder is searched as well: the offline store holds this one, and no log line is needed."""
        text = "Left at the door " + os.urandom(6).hex()
        self.romeo.do("offline")
        self.juliet.do(f"clear {ROMEO} {text}")
        # The answer to a later iq comes after the message was stored.
        self.juliet.do(f"fetch {ROMEO}")
        self.server.stop()
        self.server.lines.clear()
        tap.holds(self.server.saw(text), "the offline store was not searched")


SCENES = (
    ("two peers log in: STARTTLS and direct TLS", Play.log_in),
    ("a first message carries a key exchange and is answered by an empty one", Play.first_message),
    ("both directions, without key exchanges", Play.both_directions),
    ("text beyond ASCII, markup and line breaks", Play.several_lines),
    ("a subject travels inside", Play.subject),
    ("offline and back", Play.offline_and_back),
    ("a first message to somebody offline", Play.first_contact_offline),
    ("two devices a side", Play.two_devices_each),
    ("the same device after a restart", Play.restarted),
    ("a device that left gets nothing", Play.device_leaves),
    ("a message waits over a restart of the server", Play.server_restarts),
    ("nobody met an error", Play.no_errors),
    ("the search finds what goes unencrypted", Play.search_can_find),
    ("the server saw none of it", Play.server_saw_nothing),
    ("the search finds what the server keeps", Play.clear_text_is_kept_too),
)


def main():
    why = prosody.why_not() or actors.why_no_peer()
    if why:
        tap.skip_all(SCENES, why)
    accounts = {JULIET: "pw-juliet", ROMEO: "pw-romeo", "paris@montague.example": "pw-paris"}
    with prosody.Prosody(accounts, friends=list(accounts)) as server, tempfile.TemporaryDirectory() as folder:
        play = Play(server, folder)
        try:
            return tap.run([(name, lambda scene=scene: scene(play)) for name, scene in SCENES],
                           on_failure=(actors.transcripts, server.tail))
        finally:
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
