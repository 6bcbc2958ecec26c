#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two people compare keys by eight characters, at terminals, in conversations, one after the other and by scripts, through
a real server; and what the server saw of it.

    test_verify.py [prosody|ejabberd]
"""

import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import server as programs
import servers
import tap
from actors import Sotto
from terminal import Terminal

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo"}
STRING = r"\b([A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4})\b"


class Screen(Terminal):
    """A command of one Sotto at a terminal."""

    def __init__(self, sotto, folder, *arguments):
        super().__init__("sotto " + " ".join(arguments), folder)
        self.open_terminal(sotto.command(*arguments), keep=True)

    def string(self):
        return self.see(r"side by side:\s+" + STRING).group(1)

    def ends(self):
        self.until(self.has_ended, "its end")
        self.close_terminal()


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.screens = []

    def screen(self, sotto, *arguments):
        self.screens.append(Screen(sotto, os.path.join(self.folder, f"terminal-{len(self.screens)}"), *arguments))
        return self.screens[-1]

    def trust(self, sotto, jid):
        keys = [json.loads(line) for line in sotto.succeed("devices", jid, "--json").stdout.splitlines()]
        return {key["trust"] for key in keys if key["active"] and key["seal"].startswith("omemo")}

    def setup(self):
        self.juliet = Sotto(self.server, JULIET, os.path.join(self.folder, "juliet"))
        self.romeo = Sotto(self.server, ROMEO, os.path.join(self.folder, "romeo"))
        self.juliet.setup()
        self.romeo.setup()
        self.juliet.send(ROMEO, "How camest thou hither")
        self.romeo.send(JULIET, "By love")
        tap.equal(self.trust(self.juliet, ROMEO), {"blind"})

    def at_terminals(self):
        """One command each, one comparison, one key; Enter is none."""
        hers = self.screen(self.juliet, "verify", ROMEO)
        hers.see("Waiting for " + re.escape(ROMEO) + ": run sotto verify " + re.escape(JULIET) + " there")
        his = self.screen(self.romeo, "verify", JULIET)
        string = hers.string()
        tap.equal(his.string(), string)
        his.see(r"same\? \[y/n\]")
        hers.see(r"same\? \[y/n\]")
        hers.tmux("send-keys", "Enter")
        hers.keys("x")
        tap.equal(self.trust(self.juliet, ROMEO), {"blind"})
        hers.keys("y")
        hers.see(re.escape(ROMEO) + " is verified")
        hers.ends()
        tap.equal(self.trust(self.juliet, ROMEO), {"verified"})
        tap.equal(self.trust(self.romeo, JULIET), {"blind"})
        his.keys("Y")
        his.see(re.escape(JULIET) + " is verified")
        his.ends()
        tap.equal(self.trust(self.romeo, JULIET), {"verified"})

    def in_conversations(self):
        """/verify on both sides; what is typed meanwhile is said and no answer; Ctrl-V is one."""
        hers, his = self.screen(self.juliet, "chat", ROMEO), self.screen(self.romeo, "chat", JULIET)
        for chat in (hers, his):
            chat.see("/help lists the commands")
        hers.type("/verify")
        hers.see("Waiting for " + re.escape(ROMEO))
        his.see(re.escape(JULIET) + " wants to compare keys with you")
        his.type("/verify")
        string = hers.string()
        tap.equal(his.string(), string)
        hers.type("y")
        his.see("juliet: y")
        hers.tmux("send-keys", "C-v")
        hers.see(re.escape(ROMEO) + " is verified here")
        his.tmux("send-keys", "C-v")
        his.see("Both of you have compared")
        hers.see("Both of you have compared")
        for chat in (hers, his):
            chat.type("/quit")
            chat.ends()

    def one_after_the_other(self):
        """She asks and goes; he sees it later, and answers; she sees the characters where she looks next."""
        hers = self.screen(self.juliet, "verify", ROMEO)
        hers.see("Waiting for")
        hers.tmux("send-keys", "C-c")
        hers.ends()
        self.romeo.listen()
        self.romeo.listener.wait(event="compare", stage="asked", jid=JULIET)
        his = self.screen(self.romeo, "verify", JULIET)
        his.see("Waiting for " + re.escape(JULIET))
        done = self.juliet.succeed("verify", ROMEO, "--string")
        string = re.search(STRING, done.stdout).group(1)
        ready = self.romeo.listener.wait(event="compare", stage="ready")
        tap.equal(ready["string"], string.replace("-", ""))
        tap.equal(his.string(), string)
        his.keys("y")
        his.ends()
        # What he reads out, as it is typed.
        typed = string.lower().replace("-", " ")
        tap.holds("is verified" in self.juliet.succeed("verify", ROMEO, "--answer", typed).stdout, "not verified")
        self.romeo.listener.wait(event="compare", stage="agreed")

    def not_the_same(self):
        """Who says no is heard, and it is shown the next time."""
        his = self.screen(self.romeo, "verify", JULIET)
        his.see("Waiting for")
        done = self.juliet.succeed("verify", ROMEO, "--string", "--json")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        tap.equal(lines[-1]["stage"], "ready")
        tap.equal(lines[-1]["fruitless"], 0)
        other = "".join("A" if c != "A" else "B" for c in lines[-1]["string"])
        tap.holds("Nothing was verified" in self.juliet.refuse("verify", ROMEO, "--answer", other), "no was not said")
        aborted = self.romeo.listener.wait(event="compare", stage="aborted")
        tap.equal((aborted["reason"], aborted["fruitless"]), ("differs", 1))
        his.see("ready|side by side|over without|Nothing|nothing")
        his.close_terminal()
        tap.holds("nothing to answer" in self.juliet.refuse("verify", ROMEO, "--answer", "yes"), "answered twice")

    def fingerprints_as_before(self):
        out = self.juliet.succeed("verify", ROMEO, "--fingerprints").stdout
        tap.holds(f"xmpp:{JULIET}?omemo-sid-" in out and f"Devices of {ROMEO}" in out, "no fingerprints")

    def a_word_that_both_know(self):
        """No message went live before: the session that a word needs is begun for it. Another word is none."""
        path = os.path.join(self.folder, "word")
        for text, verified in (("noon at the wall", False), ("midnight at the wall", True)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            his = self.screen(self.romeo, "verify", JULIET, "--password")
            his.see("[Ww]ord")
            his.type("midnight at the wall")
            his.see("Waiting for " + re.escape(JULIET))
            done = self.juliet.run("verify", ROMEO, "--password", "--password-file", path)
            tap.equal(done.returncode == 0, verified)
            tap.holds(("knows the same word" in done.stdout) == verified, done.stdout + done.stderr)
            his.see("knows the same word" if verified else "typed another word")
            his.ends()
        tap.equal(self.trust_live(self.juliet, ROMEO), {"verified"})

    def trust_live(self, sotto, jid):
        keys = [json.loads(line) for line in sotto.succeed("devices", jid, "--json").stdout.splitlines()]
        return {key["trust"] for key in keys if key["seal"] == "live"}

    def nothing_on_the_wire(self):
        seen = self.server.capture()
        for text in ("urn:sotto:compare", "commitment", "<nonce"):
            tap.holds(text not in seen, f"the server saw {text!r}")
        tap.holds("urn:xmpp:omemo:2" in seen, "no OMEMO was seen")

    def transcript(self):
        return "\n".join(f"--- {screen.name}\n{screen.screen()}" for screen in self.screens if screen.is_open())

    def end(self):
        for screen in self.screens:
            screen.close_terminal()


def main():
    kind = servers.named_by_argument()
    names = ["setup", "at_terminals", "in_conversations", "one_after_the_other", "not_the_same", "fingerprints_as_before",
             "a_word_that_both_know", "nothing_on_the_wire"]
    titles = [f"{name.replace('_', ' ')} ({kind})" for name in names]
    why = servers.why_not(kind) or programs.lacking(("tmux", "tmux")) or actors.why_no_sotto()
    if why:
        tap.skip_all([(title, None) for title in titles], why)
    with tempfile.TemporaryDirectory(prefix="sotto-verify-") as folder, \
            servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS)) as server:
        play = Play(server, folder)
        try:
            return tap.run([(title, getattr(play, name)) for title, name in zip(titles, names)],
                           on_failure=(actors.transcripts, play.transcript, server.tail))
        finally:
            play.end()
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
