#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Identities taken over from other clients, so that contacts see no new key.

Profanity's are files of the real Profanity, made by using it. Gajim and lurch are not driven here: their databases are built
by this script from the schemas of their sources (gajim/common/storage/omemo.py, version 12; axc_store.c of axc), with keys
made here. What a contact sees is asked of an independent OMEMO implementation and of another Profanity, through a real prosody.
"""

import json
import os
import re
import sqlite3
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import profanity
import prosody
import tap
from actors import Peer, Sotto

JULIET, ROMEO, NURSE = "juliet@capulet.example", "romeo@montague.example", "nurse@capulet.example"
ORSINO = "orsino@illyria.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", NURSE: "pw-nurse", ORSINO: "pw-orsino"}
LIST = "eu.siacs.conversations.axolotl.devicelist"


def why_no_keys():
    try:
        from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: F401
    except ImportError:
        return "python3-cryptography not installed (apt-get install python3-cryptography)"
    return None


def new_key():
    """(secret, public as libsignal writes it, fingerprint)"""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import x25519
    raw = serialization.Encoding.Raw
    key = x25519.X25519PrivateKey.generate()
    secret = bytearray(key.private_bytes(raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()))
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    public = key.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
    return bytes(secret), b"\x05" + public, public.hex()


def keys_of(sotto, jid):
    return [json.loads(line) for line in sotto.succeed("devices", jid, "--json").stdout.splitlines()]


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.orsino = Peer(server, ORSINO)
        self.juliet = Sotto(server, JULIET, os.path.join(folder, "juliet"))
        self.nurse = Sotto(server, NURSE, os.path.join(folder, "nurse"))
        self.lurch = Sotto(server, NURSE, os.path.join(folder, "lurch"))
        self.key = self.romeo_key = self.device = None
        self.romeo = None

    # --- Profanity ---

    def profanity_is_used(self):
        """Two people talk with Profanity; one of them ends it for good."""
        self.romeo = profanity.Profanity(self.server, ROMEO, os.path.join(self.folder, "p-romeo"))
        self.romeo.start()
        with profanity.Profanity(self.server, JULIET, os.path.join(self.folder, "p-juliet")) as mine:
            mine.open(ROMEO)
            mine.start_omemo()
            mine.see(r"OMEMO session started|\[OMEMO\]")
            mine.say("Ay me!")
            self.romeo.see(re.escape(JULIET))
            self.romeo.open(JULIET)
            self.romeo.start_omemo()
            self.romeo.see("Ay me!")
            self.romeo.say("She speaks.")
            mine.see("She speaks.")
            self.files = mine.omemo_folder()
        with open(os.path.join(self.files, "known_devices.txt"), encoding="utf-8") as file:
            known = dict(re.findall(r"\[(.*)\]\n\d+=([0-9a-f]{64})", file.read()))
        self.key, self.romeo_key = known[JULIET], known[ROMEO]
        with open(os.path.join(self.files, "identity.txt"), encoding="utf-8") as file:
            self.device = int(re.search(r"device_id=(\d+)", file.read()).group(1))

    def import_profanity(self):
        said = self.juliet.succeed("import", "profanity", self.files, "-a", JULIET, "--verified", "--retire").stdout
        tap.holds(self.key[:8] in said, said)
        tap.holds("1 verified, 0 accepted, 0 refused, 0 undecided" in said, said)
        tap.holds(f"Its device {self.device} is taken off the list" in said, said)
        line = self.juliet.refuse("import", "profanity", self.files, "-a", JULIET)
        tap.holds("A key is taken over only where nothing is" in line, line)
        self.juliet.setup()
        own = keys_of(self.juliet, JULIET)[0]
        tap.equal((own["fingerprint"], own["this_device"]), (self.key, True), "own key")
        tap.holds(own["device"] != self.device, "the device id was taken over as well")
        line = self.juliet.refuse("import", "profanity", self.files, "-a", JULIET)
        tap.holds("is set up here already" in line, line)

    def profanity_trust(self):
        done = self.juliet.run("devices", ROMEO, "--json")
        trusts = {one["fingerprint"]: one["trust"] for one in map(json.loads, done.stdout.splitlines())}
        tap.equal(trusts.get(self.romeo_key), "verified", "what is recorded of Romeo's key")

    def independent_contact(self):
        """An implementation that is not ours accepts the key for what it is: a scalar's, signed with XEdDSA."""
        self.juliet.send(ORSINO, "If music be the food of love")
        got = self.orsino.receive("If music be the food of love")
        tap.equal(got["fingerprint"], self.key, "the key Orsino sees")
        self.orsino.send(JULIET, "play on")
        self.juliet.listen()
        self.juliet.receive("play on")
        tap.equal(self.juliet.interrupt(), 0, "exit status")

    def profanity_contact(self):
        """Romeo, who still uses Profanity, gets what Juliet sends from here, and knows one key of hers as before."""
        if not re.search(LIST + ".*<device id=.{1,3}" + str(keys_of(self.juliet, JULIET)[0]["device"]), self.server.capture()):
            raise tap.Skip("this sotto publishes no device list of 0.3")
        mine = str(keys_of(self.juliet, JULIET)[0]["device"])
        lists = re.findall(r"<list xmlns=.{1,2}eu\.siacs\.conversations\.axolotl.{1,2}>(.*?)</list>", self.server.capture())
        lists = [one for one in lists if mine in one]
        tap.holds(lists and str(self.device) not in lists[-1], f"the old device is still on the list: {lists[-1:]}")
        self.juliet.send(ROMEO, "Wherefore art thou?")
        self.romeo.see(re.escape("Wherefore art thou?"))
        tap.equal(set(self.romeo.fingerprints(JULIET)), {self.key}, "keys of Juliet that Romeo's Profanity knows")

    # --- databases ---

    def write(self, name, script, rows):
        path = os.path.join(self.folder, name)
        con = sqlite3.connect(path)
        con.executescript(script)
        for statement, values in rows:
            con.execute(statement, values)
        con.commit()
        con.close()
        return path

    def import_gajim(self):
        secret, public, fingerprint = new_key()
        verified, refused, accepted = new_key(), new_key(), new_key()
        add = "INSERT INTO identities (recipient_id, public_key, trust, shown) VALUES (?, ?, ?, 1)"
        path = self.write("omemo_nurse.db", """
            CREATE TABLE secret (device_id INTEGER, public_key BLOB, private_key BLOB);
            CREATE TABLE identities (_id INTEGER PRIMARY KEY AUTOINCREMENT, recipient_id TEXT, registration_id INTEGER,
                public_key BLOB, timestamp INTEGER, trust INTEGER, shown INTEGER DEFAULT 0);
            CREATE UNIQUE INDEX public_key_index ON identities (public_key, recipient_id);
            CREATE TABLE prekeys (_id INTEGER PRIMARY KEY AUTOINCREMENT, prekey_id INTEGER UNIQUE, sent_to_server BOOLEAN,
                record BLOB);
            PRAGMA user_version=12;""", [
                ("INSERT INTO secret VALUES (?, ?, ?)", (4711, public, secret)),
                (add, (ROMEO, verified[1], 1)), (add, (ROMEO, refused[1], 0)), (add, (JULIET, accepted[1], 3))])
        line = self.nurse.refuse("import", "gajim", path, "-a", NURSE, "--verified", status=2)
        tap.holds("belongs to clients that do not say which keys were compared, not to gajim" in line, line)
        said = self.nurse.succeed("import", "gajim", path, "-a", NURSE).stdout
        tap.holds("1 verified, 1 accepted, 1 refused, 0 undecided" in said, said)
        self.nurse.setup()
        tap.equal(keys_of(self.nurse, NURSE)[0]["fingerprint"], fingerprint, "own key")
        done = self.nurse.run("devices", ROMEO, "--json")
        trusts = {one["fingerprint"]: one["trust"] for one in map(json.loads, done.stdout.splitlines())}
        tap.equal((trusts.get(verified[2]), trusts.get(refused[2])), ("verified", "distrusted"), "Romeo's keys")
        self.nurse.send(ORSINO, "Here, sir, a ring")
        tap.equal(self.orsino.receive("Here, sir, a ring")["fingerprint"], fingerprint, "the key Orsino sees")

    def import_libomemo(self):
        secret, public, fingerprint = new_key()
        add = "INSERT INTO identity_key_store VALUES (?, ?, ?, ?)"
        path = self.write("nurse_axc_db.sqlite", """
            CREATE TABLE session_store(name TEXT NOT NULL, name_len INTEGER NOT NULL, device_id INTEGER NOT NULL,
                session_record BLOB NOT NULL, record_len INTEGER NOT NULL, PRIMARY KEY(name, device_id));
            CREATE TABLE identity_key_store(name TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL, key_len INTEGER NOT NULL,
                trusted INTEGER NOT NULL);
            CREATE TABLE settings(name TEXT NOT NULL PRIMARY KEY, property INTEGER NOT NULL);""", [
                (add, ("own_public_key", public, 33, 2)), (add, ("own_private_key", secret, 32, 2)),
                (add, (ROMEO, new_key()[1], 33, 1)),
                ("INSERT INTO settings VALUES ('axolotl_registration_id', 815)", ())])
        said = self.lurch.succeed("import", "libomemo", path, "-a", NURSE).stdout
        tap.holds("0 verified, 1 accepted, 0 refused, 0 undecided" in said, said)
        self.lurch.setup()
        tap.equal(keys_of(self.lurch, NURSE)[0]["fingerprint"], fingerprint, "own key")
        self.lurch.send(ORSINO, "Peace, I have done")
        tap.equal(self.orsino.receive("Peace, I have done")["fingerprint"], fingerprint, "the key Orsino sees")

    def no_errors(self):
        tap.equal(self.orsino.left(event="error"), [], "errors of the other program")


SCENES = (
    ("Profanity is used, and ended", Play.profanity_is_used),
    ("its identity is taken over, and published as another device", Play.import_profanity),
    ("what was decided about Romeo's key there is known here", Play.profanity_trust),
    ("an independent contact sees that key", Play.independent_contact),
    ("a contact with Profanity sees no other key", Play.profanity_contact),
    ("an identity of Gajim, with what was decided about others", Play.import_gajim),
    ("an identity of a libomemo client", Play.import_libomemo),
    ("the other program met no error", Play.no_errors),
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        why = (prosody.why_not() or profanity.why_not() or actors.why_no_peer() or actors.why_no_sotto() or why_no_keys())
        if why:
            tap.skip_all(SCENES, why)
        friends = [JULIET, ROMEO, NURSE, ORSINO]
        with prosody.Prosody(ACCOUNTS, friends=friends) as server:
            play = Play(server, folder)
            scenes = [(name, lambda scene=scene: scene(play)) for name, scene in SCENES]
            try:
                return tap.run(scenes, on_failure=(actors.transcripts, server.tail))
            finally:
                if play.romeo:
                    play.romeo.stop()
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
