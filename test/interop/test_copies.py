#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""T18 as it happens to people: a store copied back from a backup, a home folder cloned to a second place. `sotto` against an
independent OMEMO 2 client through a real prosody; what must not happen is that two states of one device both write."""

import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import prosody
import tap
from actors import Peer, Sotto

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo"}


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.romeo = Peer(server, ROMEO)
        self.juliet = Sotto(server, JULIET, os.path.join(folder, "home"))
        self.juliet.setup()
        self.count = 0
        self.device = None

    def text(self):
        self.count += 1
        return f"parting is such sweet sorrow {self.count}"

    def backup(self, name):
        to = os.path.join(self.folder, name)
        shutil.copytree(self.juliet.home, to, ignore=shutil.ignore_patterns("control"))  # a socket
        return to

    def restore(self, copy, only=None):
        """Everything of the home folder, or the files whose names end so."""
        for where, _, names in os.walk(copy):
            for name in names:
                if only is not None and not name.endswith(only):
                    continue
                target = os.path.join(self.juliet.home, os.path.relpath(os.path.join(where, name), copy))
                shutil.copy2(os.path.join(where, name), target)

    def say(self, sotto=None):
        """A message out; what `send` said on the way, and what arrived."""
        text = self.text()
        said = (sotto or self.juliet).send(ROMEO, text).stderr
        return said, self.romeo.receive(text)

    def exchange(self):
        """Both directions, so that there is a session and it moves."""
        got = self.say()[1]
        text = self.text()
        self.romeo.send(JULIET, text)
        self.juliet.listen()
        self.juliet.receive(text)
        tap.equal(self.juliet.interrupt(), 0, "exit status")
        return got

    def renewed(self, said, got):
        tap.holds("goes on as device" in said and str(got["device"]) in said, f"it does not say so: {said}")
        tap.holds(got["device"] != self.device, "the device id is still the same")
        tap.equal((got["kex"], got["fingerprint"]), (True, self.fingerprint), "a new session of the same identity")
        self.romeo.do(f"fetch {JULIET}")
        active = [one["device"] for one in self.romeo.do(f"devices {JULIET}")["devices"] if one["active"]]
        tap.equal(active, [got["device"]], "devices of Juliet on the server")
        self.device = got["device"]

    def begin(self):
        got = self.exchange()
        self.device, self.fingerprint = got["device"], got["fingerprint"]
        said, got = self.say()
        tap.equal((got["device"], got["kex"]), (self.device, False))
        tap.holds("goes on as" not in said, said)

    def the_file_alone(self):
        """The number beside the store was not copied with it."""
        copy = self.backup("yesterday")
        self.exchange()
        self.restore(copy, only="store.sqlite")
        self.renewed(*self.say())
        self.exchange()
        tap.equal(self.say()[1]["device"], self.device, "device after that")

    def everything(self):
        """The number was copied as well: the item on the server tells."""
        copy = self.backup("last-week")
        self.exchange()
        self.exchange()
        self.restore(copy)
        self.renewed(*self.say())
        self.exchange()
        tap.equal(self.say()[1]["device"], self.device, "device after that")

    def a_clone(self):
        """The same folder used in a second place while the first one, opened again since, is listening."""
        copy = self.backup("second-machine")
        self.juliet.listen()
        second = Sotto(self.server, JULIET, copy)
        said, got = self.say(second)
        tap.holds("goes on as device" in said and got["device"] != self.device, f"it does not step aside: {said}")
        text = self.text()
        self.romeo.send(JULIET, text)
        self.juliet.receive(text)
        said, got = self.say()
        tap.equal(got["device"], self.device, "the one that was there")
        tap.holds("sotto leave in one of the two" in said, f"it does not say that there are two: {said}")
        tap.holds("sotto leave in one of the two" in second.refuse("send", JULIET, "to myself"), "nor does the other")
        tap.equal(self.juliet.listener.left(event="copied"), [])
        second.succeed("leave", "--yes")

    def a_clone_of_a_running_one(self):
        """... and a copy of the very run that is listening: the server's notification tells."""
        second = Sotto(self.server, JULIET, self.backup("third-machine"))
        got = self.say(second)[1]
        event = self.juliet.listener.wait(event="copied")
        tap.equal(got["device"], self.device, "the copy goes on as the device")
        tap.holds(event["device"] != self.device, "both do")
        tap.equal(self.say()[1]["device"], event["device"])
        text = self.text()
        self.romeo.send(JULIET, text)
        self.juliet.receive(text)
        tap.equal(self.juliet.interrupt(), 0, "exit status")

    def no_errors(self):
        tap.equal(self.romeo.left(event="error"), [], "errors of the other program")


SCENES = (
    ("T18 a conversation, and no alarm", Play.begin),
    ("T18 the store's file copied back: another device, the same key, and it goes on", Play.the_file_alone),
    ("T18 the whole home folder copied back: the server's item tells", Play.everything),
    ("T18 a clone of an earlier run beside a running one: it steps aside", Play.a_clone),
    ("T18 a clone of the run that is there: that one steps aside", Play.a_clone_of_a_running_one),
    ("the other program met no error", Play.no_errors),
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        why = prosody.why_not() or actors.why_no_peer() or actors.why_no_sotto()
        if why:
            tap.skip_all(SCENES, why)
        with prosody.Prosody(ACCOUNTS, friends=list(ACCOUNTS)) as server:
            play = Play(server, folder)
            scenes = [(name, lambda scene=scene: scene(play)) for name, scene in SCENES]
            try:
                return tap.run(scenes, on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
