#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A room of a real server, with the program `sotto` for three of its members: who reads what, also who was away; nicks,
private messages, files, somebody banned, a room that becomes public, one that hides its members, one that a person makes,
and a server that dies with a message it had not taken. The room belongs to an independent client, which has no OMEMO and is
left out by name.

    test_groups.py [prosody|ejabberd]
"""

import json
import os
import signal
import sys
import tempfile
import time

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

    def private(self):
        """To one of them, by name; nobody else gets it, in no form."""
        before = self.server.log_length()
        text = self.text("How art thou out of breath")
        self.juliet.send(f"{self.room}/Montague", text)
        event = self.romeo.receive(text)
        tap.equal((event["from"], event["room"], event["nick"], event["type"], event["private"]),
                  (JULIET, self.room, "Juliet", "chat", True))
        tap.holds(event["seal"], f"not encrypted: {event}")
        kept = [json.loads(line) for line in self.juliet.succeed("history", self.room, "--json").stdout.splitlines()]
        tap.equal([(line["private"], line["nick"], line["sent"]) for line in kept if line["body"] == text],
                  [(True, "Montague", True)])
        # A line in the conversation does the same; a name with a blank stands between quotes.
        self.romeo.succeed("join", self.room, "--nick", "Romeo M")
        self.sees(self.juliet, "Romeo M")
        text = self.text("When thou hast breath")
        self.juliet.succeed("chat", self.room, text=f'/msg "Romeo M" {text}\n')
        event = self.romeo.receive(text)
        tap.equal((event["nick"], event["private"]), ("Juliet", True))
        text = self.text("Is thy news good")
        self.romeo.send(f"{self.room}/Juliet", text)
        tap.holds(self.juliet.receive(text)["private"], "not private")
        with self.server.changed:
            seen = self.server.lines[before:]
        tap.equal([line for line in seen if "RECV: <message" in line and "groupchat" in line], [])
        tap.equal([event for event in self.mercutio.listener.left(event="message") if event["body"] in self.said[-3:]], [])

    def sees(self, who, nick):
        """Names come to everybody at a time of their own."""
        end = time.monotonic() + 20
        while nick not in who.succeed("rooms").stdout:
            tap.holds(time.monotonic() < end, f"nobody is called {nick}")
            time.sleep(0.1)

    def private_refused(self):
        line = self.juliet.refuse("send", f"{self.room}/Nobody", self.text("Who is there"))
        tap.holds("nobody in" in line and "is called Nobody" in line, line)
        line = self.juliet.refuse("send", f"elsewhere@{self.server.rooms}/Romeo", self.text("Where"), status=2)
        tap.holds("enter it first" in line, line)
        line = self.juliet.refuse("send", f"{self.room}/Juliet", self.text("To myself"))
        tap.holds("you are called Juliet yourself" in line, line)
        done = self.juliet.run("chat", self.room, text=f"/msg Nobody {self.text('Who')}\n")
        tap.holds(done.returncode == 1 and "nobody in" in done.stdout, done.stdout)

    def file(self):
        """Everybody in the room has it; the server has neither its name nor what is in it."""
        content = os.urandom(30000) + self.text("A plague on both your houses").encode()
        path = os.path.join(self.folder, "the-letter.txt")
        self.said.append("the-letter")
        with open(path, "wb") as file:
            file.write(content)
        self.juliet.succeed("send", self.room, "--file", path)
        for who in (self.romeo, self.mercutio):
            event = who.listener.wait(event="file")
            tap.equal((event["from"], event["name"], event["size"]), (JULIET, "the-letter.txt", len(content)))
            target = os.path.join(who.home, "fetched")
            os.makedirs(target)
            who.succeed("files", "get", str(event["number"]), "--to", target)
            with open(os.path.join(target, "the-letter.txt"), "rb") as file:
                tap.holds(file.read() == content, "another file came out")
        self.juliet.succeed("send", f"{self.room}/Romeo M", "--file", path)
        tap.equal(self.romeo.listener.wait(event="file")["from"], JULIET)
        tap.equal(self.mercutio.listener.left(event="file"), [])

    def server_dies(self):
        """The server goes away with what it had not taken: on the next stream nobody is in the room at first, and what was
        said leaves when its sender is."""
        text = self.text("Hie you, make haste")
        os.killpg(self.server.process.pid, signal.SIGSTOP)
        command = actors.subprocess.Popen(self.juliet.command("send", self.room, text), env=self.juliet.environment,
                                          stdout=actors.subprocess.PIPE, stderr=actors.subprocess.PIPE)
        while not any(json.loads(line)["body"] == text for line in
                      self.juliet.succeed("history", self.room, "--json").stdout.splitlines()):
            pass  # it is committed, and on its way
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.stop()
        since = self.server.log_length()
        self.server.start()
        _, errors = command.communicate(timeout=actors.SECONDS)
        tap.equal((command.returncode, errors.count(b"connection")), (0, 0))
        self.heard(self.romeo, text, self.juliet, "Juliet")
        self.heard(self.mercutio, text, self.juliet, "Juliet")
        with self.server.changed:
            lines = self.server.lines[since:]
        refused = [line for line in lines if "type='error'" in line and "<message" in line and JULIET in line]
        tap.equal(refused, [])
        for who in (self.juliet, self.romeo, self.mercutio):
            who.listener.wait(event="room", state="encrypted")
        tap.equal(self.romeo.listener.left(body=text), [])

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
        line = self.juliet.refuse("send", f"{self.room}/Romeo M", self.text("To thee alone"))
        tap.holds("private rooms only" in line, line)
        uploads = self.server.capture().count("urn:xmpp:http:upload:0'")
        line = self.juliet.refuse("send", self.room, "--file", os.path.join(self.folder, "the-letter.txt"))
        tap.holds("Nothing left unencrypted" in line, line)
        tap.equal(self.server.capture().count("urn:xmpp:http:upload:0'"), uploads)
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
    ("a private message reaches whoever has the name, and nobody else", Play.private),
    ("a name nobody has, a room that was not joined, oneself: refused", Play.private_refused),
    ("a file to the room, and to one in it", Play.file),
    ("a server that dies: what it had not taken leaves when the room was entered again", Play.server_dies),
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
        with servers.start(kind, ACCOUNTS, rooms=True, archive=True, upload=True) as server:
            play = Play(server, folder)
            try:
                return tap.run([(name, lambda scene=scene: scene(play)) for name, scene in named],
                               on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
