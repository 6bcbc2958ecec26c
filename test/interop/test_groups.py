#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A room of a real server, with the program `sotto` for three of its members: who reads what, also who was away; nicks,
private names, somebody banned, a room that becomes public, one that hides its members, and one that a person makes. The
room belongs to an independent client, which has no OMEMO and is left out by name.

    test_groups.py [prosody|ejabberd]
"""

import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import rooms
import servers
import tap
from actors import Sotto

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
MERCUTIO, BENVOLIO = "mercutio@verona.example", "benvolio@verona.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", MERCUTIO: "pw-mercutio", BENVOLIO: "pw-benvolio"}


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []
        self.room = f"coven@{server.rooms}"
        rooms.make(server, BENVOLIO, self.room, members=(JULIET, ROMEO, MERCUTIO))

    def text(self, words):
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def home(self, name):
        return os.path.join(self.folder, name)

    def heard(self, who, text, sender, nick):
        event = who.receive(text)
        tap.equal((event["from"], event["room"], event["nick"], event["type"]), (sender.jid, self.room, nick, "groupchat"))
        tap.holds(event["seal"], f"not encrypted: {event}")

    def setup(self):
        self.juliet = Sotto(self.server, JULIET, self.home("juliet"))
        self.romeo = Sotto(self.server, ROMEO, self.home("romeo"))
        self.mercutio = Sotto(self.server, MERCUTIO, self.home("mercutio"))
        for who in (self.juliet, self.romeo, self.mercutio):
            who.setup()

    def not_joined(self):
        line = self.juliet.refuse("send", self.room, self.text("nobody is here"))
        tap.holds("Not sent" in line, line)

    def join(self):
        for who, nick in ((self.juliet, "Juliet"), (self.romeo, "Romeo"), (self.mercutio, "Mercutio")):
            who.listen()
            done = who.succeed("join", self.room, "--nick", nick)
            tap.holds("encrypted for 2 of 3 other members" in done.stdout, f"what the room is: {done.stdout}{done.stderr}")
            event = who.listener.wait(event="room")
            tap.equal((event["state"], event["reached"], event["others"]), ("encrypted", 2, 3))

    def talk(self):
        text = self.text("When shall we three meet again")
        done = self.juliet.send(self.room, text)
        tap.holds(f"{BENVOLIO} cannot read it" in done.stderr, f"nobody said that he is left out: {done.stderr}")
        self.heard(self.romeo, text, self.juliet, "Juliet")
        self.heard(self.mercutio, text, self.juliet, "Juliet")
        text = self.text("When the hurly-burly is done")
        self.romeo.send(self.room, text)
        self.heard(self.juliet, text, self.romeo, "Romeo")
        self.heard(self.mercutio, text, self.romeo, "Romeo")

    def listing(self):
        lines = [json.loads(line) for line in self.juliet.succeed("rooms", "--json").stdout.splitlines()]
        tap.equal((lines[0]["room"], lines[0]["nick"], lines[0]["state"]), (self.room, "Juliet", "encrypted"))
        members = {line["member"]: line for line in lines[1:]}
        tap.equal(sorted(members), sorted(ACCOUNTS))
        tap.equal((members[ROMEO]["nick"], members[ROMEO]["devices"], members[ROMEO]["used"]), ("Romeo", 1, 1))
        tap.equal((members[BENVOLIO]["nick"], members[BENVOLIO]["devices"]), (None, 0))

    def away(self):
        """Mercutio is away: what is said meanwhile he reads in the room's archive."""
        self.mercutio.interrupt()
        text = self.text("He is gone to sleep")
        self.juliet.send(self.room, text)
        self.heard(self.romeo, text, self.juliet, "Juliet")
        self.mercutio.listen()
        self.mercutio.listener.wait(event="room", state="encrypted")
        self.heard(self.mercutio, text, self.juliet, "Juliet")

    def short(self):
        """A command alone: it enters, says it, and leaves."""
        self.juliet.interrupt()
        text = self.text("A word, and gone")
        self.juliet.send(self.room, text)
        self.heard(self.romeo, text, self.juliet, "Juliet")
        self.juliet.listen()
        self.juliet.listener.wait(event="room", state="encrypted")

    def nick(self):
        self.romeo.succeed("join", self.room, "--nick", "Montague")
        text = self.text("What is in a name")
        self.romeo.send(self.room, text)
        self.heard(self.juliet, text, self.romeo, "Montague")

    def banned(self):
        rooms.change(self.server, BENVOLIO, self.room, affiliations={MERCUTIO: "outcast"})
        event = self.juliet.listener.wait(event="room-member", member=MERCUTIO)
        tap.equal(event["affiliation"], "outcast")
        self.mercutio.listener.wait(event="room", state="left")
        text = self.text("He is banished")
        self.juliet.send(self.room, text)
        self.heard(self.romeo, text, self.juliet, "Juliet")
        line = self.mercutio.refuse("send", self.room, self.text("A plague"))
        tap.holds("Not sent" in line, line)

    def public(self):
        rooms.change(self.server, BENVOLIO, self.room, fields={"membersonly": "0"})
        self.juliet.listener.wait(event="room", state="public")
        line = self.juliet.refuse("send", self.room, self.text("To all the world"))
        tap.holds("Nothing left unencrypted" in line, line)
        rooms.change(self.server, BENVOLIO, self.room, fields={"membersonly": "1"})
        self.juliet.listener.wait(event="room", state="encrypted")
        text = self.text("To us alone")
        self.juliet.send(self.room, text)
        self.heard(self.romeo, text, self.juliet, "Juliet")

    def anonymous(self):
        rooms.change(self.server, BENVOLIO, self.room, fields={"whois": "moderators"})
        self.juliet.listener.wait(event="room", state="anonymous")
        line = self.juliet.refuse("send", self.room, self.text("From behind a mask"))
        tap.holds("Nothing left unencrypted" in line, line)

    def part(self):
        tap.holds("Left" in self.romeo.succeed("part", self.room).stdout, "it does not say so")
        tap.equal(self.romeo.succeed("rooms", "--json").stdout, "")

    def made(self):
        """A room that nobody entered before is made for members only, and shows who they are."""
        done = self.juliet.succeed("join", f"garden@{self.server.rooms}")
        tap.holds("encrypted, but nobody else is a member" in done.stdout, done.stdout + done.stderr)

    def refused(self):
        line = self.romeo.refuse("join", f"garden@{self.server.rooms}")
        tap.holds("did not let you in" in line, line)

    def server_saw_nothing(self):
        for who in (self.juliet, self.romeo, self.mercutio):
            who.interrupt()
        self.server.stop()
        capture = self.server.capture()
        tap.holds("encrypted" in capture, "the capture is empty")
        for text in self.said:
            tap.holds(text not in capture, f"the server saw {text!r}")


SCENES = (
    ("three accounts with keys", Play.setup),
    ("a room that was not joined: refused", Play.not_joined),
    ("each is told for how many of the members it is encrypted", Play.join),
    ("both others read it, by name and address; who has no keys is left out and said", Play.talk),
    ("rooms lists members, nicks and devices", Play.listing),
    ("who was away reads it in the room's archive", Play.away),
    ("one command enters, says it and leaves", Play.short),
    ("another nick is the same person", Play.nick),
    ("a banned member gets nothing more, and knows", Play.banned),
    ("a room that becomes public: an error, nothing is sent, until it is private again", Play.public),
    ("a room that hides its members: the same", Play.anonymous),
    ("left", Play.part),
    ("a new room is made private", Play.made),
    ("a room one is no member of does not let one in", Play.refused),
    ("the server saw none of it", Play.server_saw_nothing),
)


def main():
    kind = servers.named_by_argument()
    named = [(f"{kind}: {name}", scene) for name, scene in SCENES]
    why = servers.why_not(kind) or actors.why_no_sotto()
    if why:
        tap.skip_all(named, why)
    with tempfile.TemporaryDirectory() as folder:
        with servers.start(kind, ACCOUNTS, rooms=True, archive=True) as server:
            play = Play(server, folder)
            try:
                return tap.run([(name, lambda scene=scene: scene(play)) for name, scene in named],
                               on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
