#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two devices of one account, one of them away: what it missed comes from a real server's archive (XEP-0313), once, and in
order; so do copies of what the other device sent (XEP-0280), live and from the archive. The other side is an independent
OMEMO client."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import servers
import tap
from actors import Peer, Sotto

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo"}
MANY = 120  # more than a page of prosody's (50), and of ours (100)


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.romeo = Peer(server, ROMEO)
        self.desk = Sotto(server, JULIET, os.path.join(folder, "desk"))
        self.phone = Sotto(server, JULIET, os.path.join(folder, "phone"))
        self.desk.setup()
        self.phone.setup()
        self.count = 0

    def say(self):
        """Romeo writes; the text."""
        self.count += 1
        text = f"a thousand times good night {self.count}"
        self.romeo.send(JULIET, text)
        return text

    def nothing_more(self, *devices):
        """One more message is a fence: nothing came twice, and nothing else."""
        text = self.say()
        for device in devices:
            device.receive(text)
            tap.equal(device.listener.left(event="message", type="chat"), [], "messages that came once too often")
            tap.equal(device.listener.left(event="unreadable"), [])
            tap.equal(device.listener.left(event="caught-up-unreadable"), [])

    def begin(self):
        """Everybody knows everybody's devices, and there are sessions."""
        self.desk.listen()
        self.phone.listen()
        self.romeo.do(f"fetch {JULIET}")
        text = self.say()
        for device in (self.desk, self.phone):
            got = device.receive(text)
            tap.equal((got["archived"], got["carbon"]), (False, None))
        self.desk.send(ROMEO, "hello from the desk")
        self.romeo.receive("hello from the desk")
        copy = self.phone.receive("hello from the desk")
        tap.equal((copy["carbon"], copy["archived"], copy["from"], copy["to"]), ("sent", False, JULIET, ROMEO))
        self.phone.send(ROMEO, "hello from the phone")
        self.romeo.receive("hello from the phone")
        tap.equal(self.desk.receive("hello from the phone")["carbon"], "sent")
        self.nothing_more(self.desk, self.phone)

    def many(self):
        """The desk is there, so nothing is offline: only the archive has it."""
        tap.equal(self.phone.interrupt(), 0, "exit status")
        texts = [self.say() for _ in range(MANY)]
        for text in texts:
            tap.equal(self.desk.receive(text)["archived"], False)
        self.phone.listen()
        came = [self.phone.receive(text) for text in texts]
        tap.equal([one["archived"] for one in came], [True] * MANY)
        tap.equal(self.phone.listener.wait(event="caught-up")["count"], MANY)
        self.nothing_more(self.desk, self.phone)

    def everybody_away(self):
        """Now the server keeps it twice: offline, and in the archive."""
        tap.equal((self.phone.interrupt(), self.desk.interrupt()), (0, 0), "exit status")
        texts = [self.say() for _ in range(5)]
        for device in (self.phone, self.desk):
            device.listen()
            for text in texts:
                device.receive(text)
        self.nothing_more(self.desk, self.phone)

    def what_the_other_device_sent(self):
        tap.equal(self.phone.interrupt(), 0, "exit status")
        self.desk.send(ROMEO, "sent while the phone was away")
        self.romeo.receive("sent while the phone was away")
        self.phone.listen()
        copy = self.phone.receive("sent while the phone was away")
        tap.equal((copy["carbon"], copy["archived"], copy["from"], copy["to"]), ("sent", True, JULIET, ROMEO))
        # What the desk wrote is in its archive as well, and is nothing new to it.
        tap.equal(self.desk.interrupt(), 0, "exit status")
        self.desk.listen()
        self.nothing_more(self.desk, self.phone)

    def send_catches_up(self):
        """One command that connects takes along what is there; whoever listens next shows it."""
        tap.equal(self.phone.interrupt(), 0, "exit status")
        texts = [self.say() for _ in range(3)]
        for text in texts:
            self.desk.receive(text)
        self.phone.send(ROMEO, "in passing")
        self.romeo.receive("in passing")
        self.desk.receive("in passing")
        self.phone.listen()
        for text in texts:
            tap.equal(self.phone.receive(text)["archived"], True)
        self.nothing_more(self.desk, self.phone)
        tap.holds(texts[0] not in self.server.capture(), "the text is on the wire")

    def no_errors(self):
        for device in (self.desk, self.phone):
            tap.equal(device.interrupt(), 0, "exit status")
        tap.equal(self.romeo.left(event="error"), [], "errors of the other program")


SCENES = (
    ("two devices: both get everything, and copies of what the other one sends", Play.begin),
    ("one was away: pages of the archive, everything once", Play.many),
    ("both were away: offline and in the archive, everything once", Play.everybody_away),
    ("what the other device sent meanwhile; nothing of one's own comes back", Play.what_the_other_device_sent),
    ("send stores what arrived", Play.send_catches_up),
    ("the other program met no error", Play.no_errors),
)


def main():
    kind = servers.named_by_argument()
    with tempfile.TemporaryDirectory() as folder:
        why = servers.why_not(kind) or actors.why_no_peer() or actors.why_no_sotto()
        if why:
            tap.skip_all(SCENES, why)
        with servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS), archive=True) as server:
            play = Play(server, folder)
            scenes = [(name, lambda scene=scene: scene(play)) for name, scene in SCENES]
            try:
                return tap.run(scenes, on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
