# SPDX-License-Identifier: ISC
"""The real Profanity of Debian, a client whose OMEMO is dialect 0.3 by libomemo-c, as a person would use it: in a terminal
(tmux with a socket of its own), by what is typed and what is on the screen.

    with Profanity(server, "romeo@montague.example", folder) as romeo:
        romeo.open("juliet@capulet.example"); romeo.start_omemo()
        romeo.say("hello"); romeo.see("good morning")
"""

import os
import re
import shutil
import time

import server
from terminal import LOOK_SECONDS, SECONDS, Terminal

LIST_NODE = "eu.siacs.conversations.axolotl.devicelist"


def why_not():
    """Why Profanity cannot be driven here, or None."""
    return server.lacking(("profanity", "profanity"), ("tmux", "tmux"))


class Profanity(Terminal):
    def __init__(self, where, jid, folder, trust="blind", policy="automatic", resource="profanity"):
        """trust: of new keys, "blind", "firstusage" or "manual". policy: when it encrypts by itself, "automatic", "always"
        or "manual"."""
        super().__init__(f"profanity {jid}", folder)
        self.server = where
        self.jid = jid
        self.trust, self.policy, self.resource = trust, policy, resource
        self.running = False

    # --- life ---

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def write(self, path, sections):
        path = os.path.join(self.folder, path)
        if os.path.exists(path):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            for name, lines in sections.items():
                file.write(f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in lines.items()))
        os.chmod(path, 0o600)

    def omemo_folder(self):
        """Where it keeps its keys: what an import reads."""
        return os.path.join(self.folder, "data", "profanity", "omemo", self.jid.replace("@", "_at_"))

    def start(self):
        """Starts it and waits until it is logged in and has published its keys; again after stop() with what it kept."""
        first = not os.path.isdir(os.path.join(self.folder, "data"))
        self.write("config/profanity/profrc", {
            "omemo": {"trustmode": self.trust},
            "notifications": {"message": "false", "room": "off", "typing": "false", "invite": "false", "sub": "false"},
            "ui": {"splash": "false", "titlebar.show": "false", "beep": "false", "flash": "false", "intype": "false",
                   "time.console": "off", "time.chat": "off", "time.muc": "off", "roster": "false", "occupants": "false",
                   "wins.autotidy": "false"},
            "chatstates": {"enabled": "true"},
            "logging": {"chlog": "false", "grlog": "false", "history": "false"},
        })
        self.write("data/profanity/accounts", {
            self.jid: {"enabled": "true", "jid": self.jid, "password": self.server.accounts[self.jid], "server": "127.0.0.1",
                       "port": self.server.port, "resource": self.resource, "tls.policy": "trust", "omemo.policy": self.policy,
                       "presence.login": "online", "presence.last": "online", "muc.nick": self.jid.split("@")[0],
                       "muc.service": self.server.rooms or "none.example"}})
        self.log = os.path.join(self.folder, "log")
        self.open_terminal(["profanity", "-l", "DEBUG", "-f", self.log, "-a", self.jid],
                           XDG_CONFIG_HOME=os.path.join(self.folder, "config"),
                           XDG_DATA_HOME=os.path.join(self.folder, "data"))
        self.running = True
        self.see("logged in successfully")
        if first:
            self.type("/omemo gen")
            self.see("materials generated")
            if self.server.kind == "prosody":
                self.make_list()
            # Its own notification says that the server has it.
            self.wait_log(r"RECV: .*" + LIST_NODE + ".*<device id=")

    def make_list(self):
        """Profanity 0.13 puts itself on a device list only when there is one, or when the server's error for a node that is
        not there carries the code 404 of old, which prosody's does not. So one is made by hand, in its XML console."""
        self.type("/xmlconsole")
        self.type("<iq type='set' id='list'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + LIST_NODE +
                  "'><item id='current'><list xmlns='eu.siacs.conversations.axolotl'/></item></publish><publish-options>"
                  "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>"
                  "http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'>"
                  "<value>open</value></field></x></publish-options></pubsub></iq>")
        self.wait_log(r"SENT: .*" + LIST_NODE + ".*<device id=")
        self.type("/close")
        self.see("materials generated")

    def stop(self):
        if self.running:
            self.tmux("send-keys", "-l", "/quit", check=False)
            self.tmux("send-keys", "Enter", check=False)
            self.running = False
            self.until(lambda: not self.is_open(), "its end", last=lambda: None)
        self.close_terminal()

    def wait_log(self, pattern, seconds=SECONDS):
        """Waits until its own log has such a line."""

        def look():
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return any(re.search(pattern, line) for line in file)

        return self.until(look, repr(pattern), seconds)

    # --- what a person does ---

    def open(self, jid):
        """The window of a conversation."""
        self.type(f"/msg {jid}")
        self.see(re.escape(jid))

    def start_omemo(self):
        """In the window that is open. It says nothing and does nothing where it does not know a room's configuration or a
        contact's devices yet: so as often as it takes."""

        def tried():
            if re.search(r"\[OMEMO\]", self.screen()):
                return True
            self.type("/omemo start")
            time.sleep(LOOK_SECONDS)
            return False

        self.until(tried, "[OMEMO] in its title")

    def say(self, text):
        self.type(text)
        self.see(re.escape(text))

    def enter(self, room):
        self.type(f"/join {room}")
        self.see("You have joined the room as")

    def fingerprints(self, jid=None):
        """The keys it knows of somebody, in the window that is open; or its own, in the console."""
        if not jid:
            self.type("/win 1")
        self.type("/omemo fingerprint" + (f" {jid}" if jid else ""))
        pattern = r"(?:[0-9a-f]{8}-){7}[0-9a-f]{8}"
        self.see((re.escape(jid) if jid else "Your") + ".*OMEMO fingerprint: " + pattern)
        last = re.findall(r"\n([^\n]*OMEMO fingerprint: " + pattern + ")", self.screen())
        found = re.findall(pattern, "".join(line for line in last if (jid or "Your") in line))
        return list(dict.fromkeys(one.replace("-", "") for one in found))

    def transcript(self):
        lines = [f"--- profanity {self.jid}", self.screen() if self.running else "(not running)"]
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                lines += file.read().splitlines()[-40:]
        return "\n".join(lines)


def forget(folder):
    shutil.rmtree(folder, ignore_errors=True)
