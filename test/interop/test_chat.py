#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""`sotto chat` at a terminal against the real Profanity at another one, through a real server: both directions, who is
typing, receipts, a correction, how each message was protected, and what the server saw.

    test_chat.py [prosody|ejabberd]
"""

import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import profanity
import servers
import tap
from actors import Sotto
from profanity import Profanity
from terminal import Terminal

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo"}


class Chat(Terminal):
    """A conversation of one Sotto."""

    def __init__(self, sotto, whom, folder):
        super().__init__(f"sotto chat {whom}", folder)
        self.open_terminal(sotto.command("chat", whom), keep=True)
        self.see("/help lists the commands")

    def end(self):
        self.type("/quit")
        self.until(self.has_ended, "its end")
        self.close_terminal()


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []
        self.chat = self.romeo = None

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def setup(self):
        self.juliet = Sotto(self.server, JULIET, os.path.join(self.folder, "juliet"))
        self.juliet.setup()
        self.romeo = Profanity(self.server, ROMEO, os.path.join(self.folder, "romeo"))
        self.romeo.start()
        self.romeo.type("/receipts request on")
        self.romeo.type("/receipts send on")
        # Profanity has sent its list; that the server gives it to others is another matter.
        self.romeo.until(lambda: '"fingerprint":"' in self.juliet.run("devices", ROMEO, "--json").stdout, "his keys")
        self.chat = Chat(self.juliet, ROMEO, os.path.join(self.folder, "terminal"))

    def sotto_says(self):
        text = self.text("My bounty is as boundless as the sea")
        self.chat.type(text)
        self.chat.see(r"\[not compared, OMEMO 0\.3\] you: " + re.escape(text))
        self.romeo.type(f"/msg {JULIET}")
        self.romeo.see(re.escape(text))

    def profanity_answers(self):
        self.romeo.start_omemo()
        text = self.text("O blessed blessed night")
        self.romeo.say(text)
        self.chat.see(r"\[not compared, OMEMO 0\.3\] romeo: " + re.escape(text))

    def in_turns(self):
        for _ in range(3):
            text = self.text("Three words dear Romeo")
            self.chat.type(text)
            self.romeo.see(re.escape(text))
            text = self.text("So thrive my soul")
            self.romeo.say(text)
            self.chat.see("romeo: " + re.escape(text))

    def signals_stay_inside(self):
        """Dialect 0.3 has no place for them: what Profanity says of its typing comes in the clear and is not shown as
        something he said; ours is not sent, and neither are the receipts that nobody could prove. Of what was left out
        Juliet is told once."""
        self.romeo.keys("Sweet so would I")
        self.romeo.wait_log("SENT: .*<composing xmlns='?.http://jabber.org/protocol/chatstates|SENT: .*chatstates")
        self.romeo.tmux("send-keys", "C-u")
        text = self.text("Good night good night")
        self.chat.type(text)
        self.romeo.see(re.escape(text))
        self.chat.see(r"you: " + re.escape(text))
        self.chat.sees_not("romeo is typing")
        tap.holds(len(re.findall("protects the text alone", self.chat.screen())) <= 1, "said more than once")

    def correction(self):
        wrong, right = self.text("Parting is such sweat"), self.text("Parting is such sweet")
        self.romeo.say(wrong)
        self.chat.see("romeo: " + re.escape(wrong))
        self.chat.type("Sleep dwell upn thine eyes")
        self.said.append("Sleep dwell upn thine eyes")
        self.romeo.see("Sleep dwell upn thine eyes")
        self.chat.type("/correct " + right)
        self.chat.see("you.*: " + re.escape(right))
        self.chat.see("!! .*older OMEMO, which protects the text alone.*correction")
        self.romeo.see(re.escape(right))

    def verified(self):
        tap.equal(self.romeo.fingerprints(), self.juliet.fingerprints(ROMEO))
        self.romeo.type(f"/msg {JULIET}")
        self.chat.type("/devices")
        self.chat.see("Devices of " + re.escape(ROMEO))
        self.chat.type("/trust 1")
        self.chat.see("is verified")
        text = self.text("Would I were sleep and peace")
        self.romeo.say(text)
        self.chat.see(r"\[verified, OMEMO 0\.3\] romeo: " + re.escape(text))

    def new_device(self):
        """He loses his device and takes another one, which did not get what was written in between: that is offered, and
        goes to it after one key, not before."""
        self.romeo.stop()
        text = self.text("Stay but a little")
        self.chat.type(text)
        self.chat.see("you: " + re.escape(text))
        self.romeo = Profanity(self.server, ROMEO, os.path.join(self.folder, "another"))
        self.romeo.start()
        if self.server.kind != "prosody":
            self.romeo.make_list()
        new = self.romeo.fingerprints()[0]
        number = self.romeo.until(lambda: self.number_of(new), "the new device at Juliet's")
        self.chat.sees_not("Ctrl-R")
        self.chat.type(f"/trust {number}")
        self.chat.see(r"!! New device \d+ of [^!]*" + new[:8] + r"[^!]*verified: it has not got \d+ message")
        self.romeo.type(f"/msg {JULIET}")
        between = self.text("I will come again")
        self.chat.type(between)
        self.romeo.see(re.escape(between))
        self.romeo.sees_not(re.escape(text))
        self.chat.tmux("send-keys", "C-r")
        self.chat.see("Sent again to " + re.escape(ROMEO))
        self.romeo.see(re.escape(text))

    def number_of(self, fingerprint):
        """Of the one device on his list, when it is this one."""
        keys = [json.loads(line) for line in self.juliet.run("devices", ROMEO, "--json").stdout.splitlines()]
        active = [key for key in keys if key["active"]]
        return active[0]["number"] if [key["fingerprint"] for key in active] == [fingerprint] else None

    def history(self):
        self.chat.end()
        self.chat = None
        out = self.juliet.succeed("history", ROMEO, "--json", "-n", "100").stdout
        for text in self.said:
            tap.holds(text in out, f"{text!r} is not in the history")
        tap.holds('"seal":"omemo:0.3"' in out and '"seal":"omemo"' not in out, "the dialect is not in the history")

    def nothing_on_the_wire(self):
        seen = self.server.capture()
        for text in self.said:
            tap.holds(text not in seen, f"the server saw {text!r}")
        tap.holds("eu.siacs.conversations.axolotl" in seen, "no OMEMO 0.3 was seen")

    def transcript(self):
        return "\n".join(["--- chat", self.chat.screen() if self.chat else "(ended)",
                          self.romeo.transcript() if self.romeo else ""])

    def end(self):
        if self.chat:
            self.chat.close_terminal()
        if self.romeo:
            self.romeo.stop()


def main():
    kind = servers.named_by_argument()
    names = ["setup", "sotto_says", "profanity_answers", "in_turns", "signals_stay_inside", "correction", "verified", "new_device",
             "history", "nothing_on_the_wire"]
    titles = [f"{name.replace('_', ' ')} ({kind})" for name in names]
    why = servers.why_not(kind) or profanity.why_not() or actors.why_no_sotto()
    if why:
        tap.skip_all([(title, None) for title in titles], why)
    with tempfile.TemporaryDirectory(prefix="sotto-chat-") as folder, \
            servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS), archive=False) as server:
        play = Play(server, folder)
        try:
            return tap.run([(title, getattr(play, name)) for title, name in zip(titles, names)],
                           on_failure=(actors.transcripts, play.transcript, server.tail))
        finally:
            play.end()
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
