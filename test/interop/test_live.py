#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Live sessions between two people with `sotto listen`, through a real server: messages in both directions, what
`sotto sessions` says of them, a side that ends and comes back, one that lost its store, who shows a key first, and
certificates and OpenPGP keys behind live keys, made here by openssl and gpg. At the end everything the server saw and
stored is searched for every text and every key.

    test_live.py [prosody|ejabberd]
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import servers
import tap
from actors import Sotto

JULIET, ROMEO, MERCUTIO = "juliet@capulet.example", "romeo@montague.example", "mercutio@verona.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", MERCUTIO: "pw-mercutio"}
GPG = ("gpg", "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "")


def hexes(text):
    return "".join(text.lower().split())


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []
        self.keys = []
        self.count = 0
        self.gpg_homes = []

    def text(self, words):
        """Something to say that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words} {len(self.said)} {os.urandom(6).hex()}")
        return self.said[-1]

    def home(self):
        self.count += 1
        return os.path.join(self.folder, f"h{self.count}")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        return os.path.join(self.folder, name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def person(self, jid):
        """Somebody who trusts the server's authority, and ours for certificates of people."""
        sotto = Sotto(self.server, jid, self.home(), ca=self.path("roots.pem"))
        sotto.setup()
        self.keys.append(self.live_key(sotto))
        return sotto

    @staticmethod
    def live_key(sotto):
        return sotto.succeed("identity", "key").stdout.strip()

    @staticmethod
    def objects(sotto, *arguments):
        return [json.loads(line) for line in sotto.succeed(*arguments, "--json").stdout.splitlines()]

    def session(self, sotto, jid):
        """The one session with jid that stanzas go through."""
        found = [one for one in self.objects(sotto, "sessions", jid) if one["state"] == "ready"]
        tap.equal(len(found), 1, f"sessions of {sotto.jid} with {jid}")
        return found[0]

    def says(self, sender, receiver, words, seal="live"):
        text = self.text(words)
        sender.send(receiver.jid, text)
        event = receiver.receive(text)
        tap.equal((event["from"].split("/")[0], event["seal"]), (sender.jid, seal))
        return event

    def again(self, sotto):
        """Ends listen and begins it anew."""
        tap.equal(sotto.interrupt(), 0, "exit status of listen")
        sotto.listen()

    # --- a conversation ---

    def setup(self):
        self.openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "30",
                     "-subj", "/CN=Verona people", "-addext", "keyUsage=critical,keyCertSign")
        with open(self.server.ca, encoding="utf-8") as one, open(self.path("root.pem"), encoding="utf-8") as other:
            self.write("roots.pem", one.read() + other.read())
        self.juliet, self.romeo = self.person(JULIET), self.person(ROMEO)
        self.juliet.listen()
        self.romeo.listen()

    def by_themselves_stored(self):
        """With `auto` a message goes so that all devices have it."""
        event = self.says(self.juliet, self.romeo, "Good even", "omemo:2")
        tap.equal(event["trust"], "blind")
        tap.equal(self.objects(self.juliet, "sessions"), [], "sessions")

    def via_live(self):
        for one, other in ((self.juliet, ROMEO), (self.romeo, JULIET)):
            said = one.succeed("via", other, "live").stdout
            tap.holds("live sessions alone" in said and "phone that is off" in said, f"it does not say what that means: {said}")
        event = self.says(self.juliet, self.romeo, "Thou know'st the mask of night")
        tap.equal((hexes(event["fingerprint"]), event["trust"]), (self.keys[0], "blind"))
        event = self.says(self.romeo, self.juliet, "Lady, by yonder blessed moon")
        tap.equal(hexes(event["fingerprint"]), self.keys[1])

    def sessions(self):
        for one, other, key in ((self.juliet, ROMEO, 1), (self.romeo, JULIET, 0)):
            shown = self.session(one, other)
            tap.equal((shown["trust"], shown["fingerprint"], shown["retained"], shown["renewed"]),
                      ("blind", self.keys[key], False, 0))
            tap.holds(shown["jid"].startswith(other + "/"), shown)
            tap.holds("X25519" in shown["group"] and shown["cipher"].startswith("TLS_"), shown)
            tap.equal(shown["omemo"], False, "an OMEMO key that was not verified stands behind it")
        tap.equal(self.session(self.juliet, ROMEO)["initiator"], not self.session(self.romeo, JULIET)["initiator"])
        said = self.juliet.succeed("sessions").stdout
        tap.holds("accepted, not compared" in said and "no secret of an earlier session" in said, said)

    def many(self):
        for _ in range(5):
            self.says(self.juliet, self.romeo, "A thousand times good night")
            self.says(self.romeo, self.juliet, "A thousand times the worse")

    def in_chat(self):
        """What is typed in a conversation goes live, and it is said; it has arrived when it is shown."""
        text = self.text("Parting is such sweet sorrow")
        done = self.juliet.succeed("chat", ROMEO, "--json", text=text + "\n")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        said = [event for event in events if event.get("body") == text]
        tap.equal([(event["seal"], event["state"], event["sent"]) for event in said], [("live", "arrived", True)])
        tap.equal([event["state"] for event in events if event["event"] == "live"], ["ready"])
        self.romeo.receive(text)
        text = self.text("Till it be morrow")
        done = self.juliet.succeed("chat", ROMEO, text=f"/sessions\n{text}\n")
        tap.holds(f"[not compared, live, arrived] you: {text}" in done.stdout, done.stdout)
        tap.holds("no secret of an earlier session" in done.stdout, done.stdout)
        self.romeo.receive(text)
        old = [event for event in self.objects(self.juliet, "history", ROMEO) if event["body"] == text]
        tap.equal([(event["seal"], event["state"]) for event in old], [("live", "arrived")], "in the history")

    def back_with_secret(self):
        """One side ends and comes back: what both kept of the session before is in the next one's keys."""
        for who in (self.romeo, self.juliet, self.romeo):
            self.again(who)
            self.says(self.juliet, self.romeo, "Romeo, Romeo")
            self.says(self.romeo, self.juliet, "My sweet")
            for one, other in ((self.juliet, ROMEO), (self.romeo, JULIET)):
                tap.equal(self.session(one, other)["retained"], True, "a retained secret")

    def nobody_there(self):
        """What is for somebody who is away waits, and goes nowhere else."""
        tap.equal(self.romeo.interrupt(), 0, "exit status")
        text = self.text("Wherefore art thou")
        line = self.juliet.refuse("send", ROMEO, text)
        tap.holds("Not sent" in line, line)
        self.romeo.listen()
        tap.equal([event for event in self.romeo.listener.left() if event.get("body") == text], [])

    # --- who somebody is ---

    def certificate(self, name, jid):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self.write(f"{name}.ext", "keyUsage=critical,digitalSignature\n"
                                  f"subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:{jid}\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
                     "-days", "10", "-extfile", f"{name}.ext", "-out", f"{name}.pem")

    def bind_certificate(self):
        self.certificate("juliet", JULIET)
        self.certificate("tybalt", "tybalt@capulet.example")
        line = self.juliet.refuse("identity", "certificate", self.path("tybalt.pem"), "--key", self.path("tybalt.key"))
        tap.holds("for tybalt@capulet.example, and not for" in line, line)
        said = self.juliet.succeed("identity", "certificate", self.path("juliet.pem"), "--key", self.path("juliet.key")).stdout
        tap.holds("CN=juliet" in said and "CN=Verona people" in said, said)
        shown = self.objects(self.juliet, "identity")[0]
        tap.equal((shown["certificate"], shown["live"], shown["openpgp"], shown["ask_first"]),
                  ("CN=juliet", self.keys[0], None, "no"))
        self.again(self.juliet)
        self.says(self.juliet, self.romeo, "What's in a name")
        event = self.romeo.listener.wait(event="statement", statement="certificate")
        tap.holds("reason" not in event and "juliet" in event["whose"] and event["jid"] == JULIET, event)
        shown = self.session(self.romeo, JULIET)
        tap.equal((shown["certificate"], shown["trust"]), (True, "blind"), "shown, and no more")

    def gpg(self, sotto, *arguments, **options):
        return subprocess.run([*GPG, *arguments], env=sotto.environment, check=True, capture_output=True, **options).stdout

    def bind_openpgp(self):
        if not shutil.which("gpg"):
            raise tap.Skip("gnupg not installed (apt-get install gnupg)")
        for sotto in (self.juliet, self.romeo):
            os.mkdir(os.path.join(sotto.home, ".gnupg"), 0o700)
            self.gpg_homes.append(sotto)
        self.gpg(self.romeo, "--quick-generate-key", f"Romeo <xmpp:{ROMEO}>", "ed25519", "default", "never")
        self.gpg(self.juliet, "--quick-generate-key", "Juliet", "ed25519", "default", "never")
        listed = self.gpg(self.romeo, "--with-colons", "--list-keys").decode()
        fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
        said = self.romeo.succeed("identity", "openpgp", fingerprint).stdout
        tap.holds(fingerprint in said, said)
        # Her gpg does not know the key; then it does, and she signed it.
        self.again(self.romeo)
        self.says(self.romeo, self.juliet, "Call me but love")
        tap.equal(self.juliet.listener.wait(event="statement", statement="openpgp")["reason"], "not-found")
        self.gpg(self.juliet, "--import", input=self.gpg(self.romeo, "--export", fingerprint))
        self.gpg(self.juliet, "--quick-lsign-key", fingerprint)
        made = self.objects(self.romeo, "identity")[0]["openpgp_made"]
        while self.objects(self.romeo, "identity")[0]["openpgp_made"] == made:  # another statement is looked at at once
            self.romeo.succeed("identity", "openpgp", fingerprint)
        self.again(self.romeo)
        self.says(self.romeo, self.juliet, "Henceforth I never will be Romeo")
        event = self.juliet.listener.wait(event="statement", statement="openpgp")
        tap.holds("reason" not in event and fingerprint.lower() in event["whose"].lower(), event)
        tap.equal(self.session(self.juliet, ROMEO)["openpgp"], True)
        self.romeo.succeed("identity", "remove", "openpgp")
        tap.equal(self.objects(self.romeo, "identity")[0]["openpgp"], None)

    def authority_verifies(self):
        """With trust = ca nothing goes to anybody, until a certificate says whose the live key is."""
        mercutio = self.person(MERCUTIO)
        for folder, _, names in os.walk(mercutio.home):
            if "account.conf" in names:
                with open(os.path.join(folder, "account.conf"), "a", encoding="utf-8") as file:
                    file.write("trust = ca\n")
        mercutio.listen()
        mercutio.succeed("via", JULIET, "live")
        self.juliet.succeed("via", MERCUTIO, "live")
        event = self.says(self.juliet, mercutio, "Is there no pity sitting in the clouds")
        tap.holds(event["trust"] in ("undecided", "verified"), event)
        mercutio.listener.wait(event="statement", statement="certificate")
        tap.equal(self.says(self.juliet, mercutio, "O, sweet my mother")["trust"], "verified")
        self.says(mercutio, self.juliet, "Without his roe")
        tap.equal(self.session(mercutio, JULIET)["trust"], "verified")
        tap.equal(mercutio.interrupt(), 0, "exit status")

    # --- what is odd ---

    def ask_first(self):
        said = self.juliet.succeed("identity", "ask-first", "yes").stdout
        tap.holds("shows their live key first" in said, said)
        self.again(self.romeo)
        self.says(self.romeo, self.juliet, "Shall I hear more")
        self.juliet.succeed("identity", "ask-first", "no")

    def lost_store(self):
        """He comes back without what he kept: nothing goes through until she says that it is he."""
        tap.equal(self.romeo.interrupt(), 0, "exit status")
        self.romeo = self.person(ROMEO)
        self.romeo.succeed("via", JULIET, "live")
        self.romeo.listen()
        text = self.text("It is the east")
        waiting = actors.Actor("send", self.romeo.command("send", JULIET, text), self.romeo.environment)
        event = self.juliet.listener.wait(event="quarantined", jid=ROMEO)
        shown = [one for one in self.objects(self.juliet, "sessions", ROMEO) if one["state"] == "quarantined"]
        tap.equal(len(shown), 1, "quarantined sessions")
        tap.equal([one for one in self.juliet.listener.left() if one.get("body") == text], [], "it was delivered")
        tap.equal(event["fingerprint"], self.keys[-1])
        self.juliet.succeed("trust", ROMEO, self.keys[-1])
        tap.equal(self.juliet.receive(text)["trust"], "verified")
        waiting.process.wait(actors.SECONDS)
        self.says(self.juliet, self.romeo, "How cam'st thou hither")

    def server_saw_nothing(self):
        for sotto in (self.juliet, self.romeo):
            tap.equal(sotto.interrupt(), 0, "exit status")
        tap.holds(len(self.said) > 20, "too little was said")
        tap.holds(self.server.saw("urn:sotto:live:0"), "the search finds nothing at all")
        for text in self.said:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")
        for key in self.keys:
            for form in (key, key.upper(), base64.b64encode(bytes.fromhex(key)).decode()):
                tap.holds(not self.server.saw(form), f"the server saw the live key {form}")

    def end(self):
        for sotto in self.gpg_homes:
            subprocess.run(["gpgconf", "--kill", "all"], env=sotto.environment, check=False)


SCENES = (
    ("setup", Play.setup),
    ("by themselves messages are stored ones", Play.by_themselves_stored),
    ("via live: messages in both directions", Play.via_live),
    ("sessions says what protects them", Play.sessions),
    ("back and forth", Play.many),
    ("a conversation shows it, and the history keeps it", Play.in_chat),
    ("a side ends and comes back: the secret of before is in the keys", Play.back_with_secret),
    ("somebody who is away gets nothing by another way", Play.nobody_there),
    ("a certificate: bound by one, accepted by the other", Play.bind_certificate),
    ("an OpenPGP key: bound by one, unknown to the other, then accepted", Play.bind_openpgp),
    ("trust = ca: a certificate verifies a live key", Play.authority_verifies),
    ("ask-first: the other one shows a key first", Play.ask_first),
    ("a lost store: quarantined until a person says so", Play.lost_store),
    ("the server saw no text and no key", Play.server_saw_nothing),
)


def main():
    kind = servers.named_by_argument()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        why = servers.why_not(kind) or actors.why_no_sotto() or (None if shutil.which("openssl") else "openssl not installed")
        if why:
            tap.skip_all([(f"{kind}: {name}", scene) for name, scene in SCENES], why)
        with servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS)) as server:
            play = Play(server, folder)
            scenes = [(f"{kind}: {name}", lambda scene=scene: scene(play)) for name, scene in SCENES]
            try:
                return tap.run(scenes, on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()
                play.end()


if __name__ == "__main__":
    sys.exit(main())
