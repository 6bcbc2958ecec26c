#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The program `sotto` against the real Profanity, a client that speaks OMEMO 0.3 alone, through a real server: first
contact from either side, answers, offline and back, a second device, a group, restarts, and an identity that moves from
Profanity to Sotto. At the end everything the server saw and stored is searched for every text.

    test_profanity.py [prosody|ejabberd]
"""

import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import profanity
import rooms
import servers
import tap
from actors import Sotto
from profanity import Profanity

# Juliet has Sotto, twice; Romeo has Profanity; Mercutio had Profanity and comes to Sotto with his key; the nurse owns a room.
NURSE = "nurse@capulet.example"
JULIET, ROMEO, MERCUTIO = "juliet@capulet.example", "romeo@montague.example", "mercutio@verona.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", MERCUTIO: "pw-mercutio", NURSE: "pw-nurse"}


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []
        self.clients = []
        self.count = 0

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end. One line of the screen."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def home(self):
        self.count += 1
        return os.path.join(self.folder, f"home-{self.count}")

    def client(self, jid, **options):
        client = Profanity(self.server, jid, self.home(), **options)
        self.clients.append(client)
        client.start()
        return client

    def end(self):
        for client in self.clients:
            client.stop()

    def check(self, event, text, sender):
        tap.equal((event["body"], event["seal"]), (text, "omemo:0.3"))
        tap.equal(event["from"].split("/")[0], sender)
        return event

    # --- one to one ---

    def setup(self):
        self.juliet = Sotto(self.server, JULIET, self.home())
        self.juliet.setup()
        self.romeo = self.client(ROMEO)

    def sotto_writes_first(self):
        text = self.text("Good even to my lord")
        self.juliet.send(ROMEO, text)
        self.romeo.see(re.escape(JULIET) + ".*|" + re.escape(text))
        self.romeo.type(f"/msg {JULIET}")
        self.romeo.see(re.escape(text))

    def profanity_answers(self):
        self.juliet.listen()
        self.romeo.start_omemo()
        text = self.text("Lady by yonder blessed moon")
        self.romeo.say(text)
        event = self.check(self.juliet.receive(text), text, ROMEO)
        tap.equal(self.juliet.fingerprints(ROMEO), ["".join(event["fingerprint"].lower().split())])

    def same_fingerprints(self):
        """What Sotto shows is what Profanity shows, in both directions."""
        tap.equal(self.romeo.fingerprints(JULIET), self.juliet.fingerprints())
        tap.equal(self.romeo.fingerprints(), self.juliet.fingerprints(ROMEO))
        self.romeo.type(f"/msg {JULIET}")

    def both_directions(self):
        for _ in range(3):
            text = self.text("A thousand times good night")
            self.juliet.send(ROMEO, text)
            self.romeo.see(re.escape(text))
            text = self.text("A thousand times the worse")
            self.romeo.say(text)
            self.check(self.juliet.receive(text), text, ROMEO)

    def sotto_offline(self):
        tap.equal(self.juliet.interrupt(), 0, "exit status of listen after an interrupt")
        texts = [self.text("Wherefore art thou") for _ in range(3)]
        for text in texts:
            self.romeo.say(text)
        self.juliet.listen()
        for text in texts:
            self.check(self.juliet.receive(text), text, ROMEO)
            tap.equal(self.juliet.listener.left(body=text), [], "the same message again")

    def profanity_offline_and_restarted(self):
        self.romeo.stop()
        texts = [self.text("He jests at scars") for _ in range(3)]
        for text in texts:
            self.juliet.send(ROMEO, text)
        self.romeo.start()
        self.romeo.type(f"/msg {JULIET}")
        for text in texts:
            self.romeo.see(re.escape(text))
        self.romeo.start_omemo()
        text = self.text("That never felt a wound")
        self.romeo.say(text)
        self.check(self.juliet.receive(text), text, ROMEO)

    def profanity_writes_first(self):
        """A new account of Sotto's, and the first message is theirs: the key exchange comes to us."""
        self.mercutio = self.client(MERCUTIO)
        self.mercutio.type(f"/msg {JULIET}")
        self.mercutio.start_omemo()
        text = self.text("Ask for me tomorrow")
        self.mercutio.say(text)
        self.check(self.juliet.receive(text), text, MERCUTIO)
        text = self.text("And you shall find me")
        self.juliet.send(MERCUTIO, text)
        self.mercutio.see(re.escape(text))

    def second_device(self):
        """What Romeo writes reaches both of Juliet's; what one of hers writes reaches Romeo and the other."""
        self.juliet2 = Sotto(self.server, JULIET, self.home())
        self.juliet2.setup()
        self.juliet2.listen()
        text = self.text("To Romeo and to my other self")
        self.juliet2.send(ROMEO, text)
        self.romeo.see(re.escape(text))
        own = self.juliet.listener.wait(body=text)
        tap.equal(own["seal"], "omemo:2", "among her own devices")
        text = self.text("To both of you")
        self.romeo.say(text)
        for device in (self.juliet, self.juliet2):
            self.check(device.receive(text), text, ROMEO)
        tap.equal(self.juliet2.interrupt(), 0, "exit status")

    # --- a group ---

    def group(self):
        """A members-only room with a third member who is not there; Profanity and Sotto both come to it."""
        room = f"balcony@{self.server.rooms}"
        rooms.make(self.server, NURSE, room, members=[JULIET, ROMEO, MERCUTIO])
        self.romeo.enter(room)
        self.romeo.start_omemo()
        self.juliet.succeed("join", room, "--nick", "juliet")
        text = self.text("To the whole balcony")
        self.romeo.say(text)
        event = self.check(self.juliet.receive(text), text, ROMEO)
        tap.equal(event["type"], "groupchat")
        text = self.text("From above")
        self.juliet.send(room, text)
        self.romeo.see(re.escape(text))

    # --- moving ---

    def identity_imported(self):
        """Mercutio leaves Profanity for Sotto with the key he had: Juliet's Sotto sees no new key."""
        before = self.juliet.fingerprints(MERCUTIO)
        known = len(self.juliet.listener.left(event="new-key", jid=MERCUTIO))
        self.mercutio.stop()
        moved = Sotto(self.server, MERCUTIO, self.home())
        moved.succeed("import", "--account", MERCUTIO, "--retire", "profanity", self.mercutio.omemo_folder())
        moved.setup()
        tap.equal(moved.fingerprints()[:1], before, "his key")
        text = self.text("A plague o' both your houses")
        moved.send(JULIET, text)
        event = self.juliet.listener.wait(body=text)
        tap.equal("".join(event["fingerprint"].lower().split()), before[0])
        tap.equal(len(self.juliet.listener.left(event="new-key", jid=MERCUTIO)), known, "new keys of Mercutio")

    def nothing_on_the_wire(self):
        seen = self.server.capture()
        for text in self.said:
            tap.holds(text not in seen, f"the server saw {text!r}")
        tap.holds("eu.siacs.conversations.axolotl" in seen, "no OMEMO 0.3 was seen")


def main():
    kind = servers.named_by_argument()
    names = ["setup", "sotto_writes_first", "profanity_answers", "same_fingerprints", "both_directions", "sotto_offline",
             "profanity_offline_and_restarted", "profanity_writes_first", "second_device", "group", "identity_imported",
             "nothing_on_the_wire"]
    titles = [f"{name.replace('_', ' ')} ({kind})" for name in names]
    why = servers.why_not(kind) or profanity.why_not() or actors.why_no_sotto()
    if why:
        tap.skip_all([(title, None) for title in titles], why)
    with tempfile.TemporaryDirectory(prefix="sotto-profanity-") as folder, \
            servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS), rooms=True, archive=False) as server:
        play = Play(server, folder)
        try:
            return tap.run([(title, getattr(play, name)) for title, name in zip(titles, names)],
                           on_failure=(actors.transcripts, lambda: "\n".join(c.transcript() for c in play.clients),
                                       server.tail))
        finally:
            play.end()
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
