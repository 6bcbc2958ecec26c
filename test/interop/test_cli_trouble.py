#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the program says, and keeps, when something is wrong with this machine or with a contact's keys: one clear line, exit
status 1, and nothing lost: what worked before works again once the trouble is over."""

import asyncio
import base64
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import prosody
import tap
from actors import Peer, Sotto
from client import Client

JULIET, ROMEO, TYBALT = "juliet@capulet.example", "romeo@montague.example", "tybalt@verona.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", TYBALT: "pw-tybalt"}
OMEMO = "urn:xmpp:omemo:2"
OLDER = "eu.siacs.conversations.axolotl"
OPEN = {"pubsub#access_model": "open", "pubsub#max_items": "max"}
SECRET = "the text that must not leave"


def find(folder, name):
    for path, _, files in os.walk(folder):
        if name in files:
            return os.path.join(path, name)
    raise AssertionError(f"no {name} under {folder}")


def pragma(path, text):
    with contextlib.closing(sqlite3.connect(path)) as database:
        row = database.execute("PRAGMA " + text).fetchone()
        database.commit()
        return row[0] if row else None


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.sotto = Sotto(server, JULIET, os.path.join(folder, "home"))
        self.romeo = Peer(server, ROMEO)

    def works(self):
        """A message still goes from the one to the other: nothing was lost."""
        text = "still here " + os.urandom(6).hex()
        self.sotto.send(ROMEO, text)
        self.romeo.receive(text)

    def refused(self, *words, arguments=("send", ROMEO, SECRET), sotto=None):
        line = (sotto or self.sotto).refuse(*arguments)
        tap.holds(line.startswith("sotto send: Not sent: ") or arguments[0] != "send", f"it does not say that first: {line}")
        for word in words:
            tap.holds(word.lower() in line.lower(), f"no {word!r} in: {line}")

    def begin(self):
        self.sotto.setup()
        self.works()

    # --- this machine ---

    def newer_store(self):
        store = find(self.sotto.home, "store.sqlite")
        version = pragma(store, "user_version")
        pragma(store, "user_version = 999")
        self.refused("newer")
        tap.equal(pragma(store, "user_version"), 999, "the version, untouched")
        pragma(store, f"user_version = {version}")
        self.works()

    def damaged_store(self):
        store = find(self.sotto.home, "store.sqlite")
        shutil.copy(store, store + ".kept")
        with open(store, "r+b") as file:
            file.write(b"this is not a store")
        self.refused("damaged")
        os.replace(store + ".kept", store)
        self.works()

    def key_file(self):
        key = find(self.sotto.home, "store.key")
        os.rename(key, key + ".kept")
        self.refused(JULIET)
        with open(key, "wb") as file:
            file.write(os.urandom(32))
        os.chmod(key, 0o600)
        self.refused(JULIET)
        os.chmod(key + ".kept", 0o644)
        os.replace(key + ".kept", key)
        self.refused("chmod")
        os.chmod(key, 0o600)
        self.works()

    def passphrase(self):
        sotto = Sotto(self.server, TYBALT, os.path.join(self.folder, "tybalt"))
        files = {}
        for name, phrase in {"right": "prince of cats\n", "wrong": "king of cats\n"}.items():
            files[name] = os.path.join(sotto.home, name)
            with open(files[name], "w", encoding="utf-8") as file:
                file.write(phrase)
            os.chmod(files[name], 0o600)
        sotto.succeed(*sotto.setup_arguments(), "--passphrase-file", files["right"])
        wrong = ("send", ROMEO, SECRET, "--passphrase-file", files["wrong"])
        self.refused("passphrase", arguments=wrong, sotto=sotto)
        sotto.succeed("send", ROMEO, "by the right passphrase", "--passphrase-file", files["right"])
        self.romeo.receive("by the right passphrase")

    def full_disk(self):
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], capture_output=True, check=False)
        if mounted.returncode != 0:
            raise tap.Skip("a small disk cannot be mounted here: that needs root")
        try:
            sotto = Sotto(self.server, JULIET, os.path.join(disk, "home"))
            sotto.setup()
            sotto.succeed("send", ROMEO, "before the disk was full")
            self.romeo.receive("before the disk was full")
            filler = os.path.join(disk, "filler")
            with open(filler, "wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
            self.refused("full", sotto=sotto)
            os.unlink(filler)
            sotto.succeed("send", ROMEO, "after the disk was full")
            self.romeo.receive("after the disk was full")
            sotto.succeed("leave", "--yes")
        finally:
            subprocess.run(["umount", disk], check=True)

    # --- a contact's keys ---

    def tybalt(self, *acts):
        """Tybalt publishes something by hand."""
        async def play():
            client = Client(TYBALT, ACCOUNTS[TYBALT], "127.0.0.1", self.server.port, self.server.ca)
            await client.connect()
            for act in acts:
                await act(client)
            await client.close()
        asyncio.run(play())

    @staticmethod
    async def no_devices(client):
        """In both forms of OMEMO: his own sotto published itself in both."""
        for node, element in ((OMEMO + ":devices", f"{{{OMEMO}}}devices"), (OLDER + ".devicelist", f"{{{OLDER}}}list")):
            await client.publish(node, "current", ET.Element(element), {"pubsub#access_model": "open"})

    @staticmethod
    async def one_device(client):
        devices = ET.Element(f"{{{OMEMO}}}devices")
        ET.SubElement(devices, f"{{{OMEMO}}}device", {"id": "7"})
        await client.publish(OMEMO + ":devices", "current", devices, {"pubsub#access_model": "open"})

    @staticmethod
    async def forged_bundle(client):
        """Real public keys (Romeo's), and a signature that is none."""
        def key(name, parent, **attributes):
            ET.SubElement(parent, f"{{{OMEMO}}}{name}", attributes).text = base64.b64encode(os.urandom(size[name])).decode()
        size = {"spk": 32, "spks": 64, "pk": 32}
        their = (await client.items(ROMEO, OMEMO + ":bundles"))[0]
        bundle = ET.Element(f"{{{OMEMO}}}bundle")
        bundle.append(their.find(f"{{{OMEMO}}}spk"))
        key("spks", bundle)
        bundle.append(their.find(f"{{{OMEMO}}}ik"))
        bundle.append(their.find(f"{{{OMEMO}}}prekeys"))
        await client.publish(OMEMO + ":bundles", "7", bundle, OPEN)

    def empty_list(self):
        self.tybalt(self.no_devices)
        self.refused(TYBALT, arguments=("send", TYBALT, SECRET))

    def bad_signature(self):
        self.tybalt(self.one_device, self.forged_bundle)
        self.refused(TYBALT, arguments=("send", TYBALT, SECRET))

    def nobody(self):
        self.refused("nobody@capulet.example", arguments=("send", "nobody@capulet.example", SECRET))

    def emptied_list(self):
        """T8: a contact who had devices suddenly has none; nothing leaves unencrypted."""
        async def act(client):
            await self.no_devices(client)
        async def play():
            client = Client(ROMEO, ACCOUNTS[ROMEO], "127.0.0.1", self.server.port, self.server.ca)
            await client.connect()
            await act(client)
            await client.close()
        self.romeo.quit()
        asyncio.run(play())
        self.refused(ROMEO)

    def server_saw_nothing(self):
        self.server.stop()
        tap.holds(SECRET not in self.server.capture(), "the text left")


SCENES = (
    ("setup and a first message", Play.begin),
    ("a store of a newer version: refused, untouched, and works again", Play.newer_store),
    ("a damaged store: refused, and its copy works again", Play.damaged_store),
    ("a key file that is missing, another's, or open to others: refused, and works again", Play.key_file),
    ("a wrong passphrase: refused; the right one opens", Play.passphrase),
    ("a full disk: refused, and works again when there is room", Play.full_disk),
    ("a contact with an empty device list: refused", Play.empty_list),
    ("a bundle with a bad signature: refused", Play.bad_signature),
    ("a contact who does not exist: refused", Play.nobody),
    ("T8: a device list that was emptied: refused, not sent unencrypted", Play.emptied_list),
    ("nothing of what was refused left", Play.server_saw_nothing),
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
