# SPDX-License-Identifier: ISC
"""An OMEMO client that is not ours: python3-omemo with python3-twomemo, or with python3-oldmemo for dialect 0.3, over
client.py, driven by lines.

    /usr/bin/python3 peer.py JID --password TEXT --connect HOST:PORT --ca FILE [--direct-tls] [--state FILE] [--dialect 0.3]

Commands, a line each, on standard input:

    send JID TEXT          encrypts TEXT (\\n stands for a line break) and sends it
    subject JID SUBJECT|TEXT   the same with a subject
    raw JID XML            the same with this XML as the whole content
    clear JID TEXT         sends TEXT as it is: what the encrypted ones are compared with
    fetch JID              fetches the device list, as after a notification
    devices JID            what is known of JID's devices
    distrust JID DEVICE    marks a device's key distrusted
    leave                  takes this device and its bundle off the server
    offline, online        ends the connection and comes back, in the same process
    quit

Answers and what arrives are JSON objects, a line each, on standard output; "event" says what: online (with device and
fingerprint), sent, empty-sent, message (decrypted), empty (decrypted, no content), not-for-us, duplicate, clear, devices,
device-list, fetched, error, disconnected, offline, left, bye. Each command ends with exactly one of them that carries "command". With --state a later run is the same device.
Trust is blind: every key is accepted unless distrusted.
"""

import argparse
import asyncio
import datetime
import json
import logging
import os
import random
import string
import sys
import xml.etree.ElementTree as ET

import omemo
import omemo.storage
from client import CLIENT, Client, IqError, StreamError, bare

SCE = "urn:xmpp:sce:1"
CARBONS = "urn:xmpp:carbons:2"
FORWARD = "urn:xmpp:forward:0"
EVENT = "http://jabber.org/protocol/pubsub#event"
HINTS = "urn:xmpp:hints"


class Two:
    """urn:xmpp:omemo:2: whole envelopes."""

    namespace = "urn:xmpp:omemo:2"
    devices = namespace + ":devices"

    def __init__(self):
        import twomemo
        import twomemo.etree

        self.etree = twomemo.etree
        self.backend = twomemo.Twomemo

    def bundle(self, device_id):
        """Its node, the item, and how many there may be."""
        return self.namespace + ":bundles", str(device_id), {"pubsub#max_items": "max"}

    async def parse(self, encrypted, sender, own, manager):
        return self.etree.parse_message(encrypted, sender)


class Old:
    """eu.siacs.conversations.axolotl, 0.3: the body alone."""

    namespace = "eu.siacs.conversations.axolotl"
    devices = namespace + ".devicelist"

    def __init__(self):
        import oldmemo
        import oldmemo.etree

        self.etree = oldmemo.etree
        self.backend = oldmemo.Oldmemo

    def bundle(self, device_id):
        return f"{self.namespace}.bundles:{device_id}", "current", {}

    async def parse(self, encrypted, sender, own, manager):
        return await self.etree.parse_message(encrypted, sender, own, manager)


DIALECTS = {"2": Two, "0.3": Old}


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


class FileStorage(omemo.storage.Storage):
    """Everything in one dictionary, written to a JSON file after each change if there is a file."""

    def __init__(self, path):
        super().__init__(disable_cache=True)
        self.path = path
        self.values = {}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.values = json.load(file)

    def save(self):
        if self.path:
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump(self.values, file)
            os.replace(self.path + ".new", self.path)

    async def _load(self, key):
        return omemo.storage.Just(self.values[key]) if key in self.values else omemo.storage.Nothing()

    async def _store(self, key, value):
        self.values[key] = value
        self.save()

    async def _delete(self, key):
        self.values.pop(key, None)
        self.save()


def session_manager_class(peer):
    """python-omemo asks for static methods, called before there is an object: they close over the peer."""

    class Manager(omemo.SessionManager):
        @staticmethod
        async def _upload_bundle(bundle):
            node, item, more = peer.dialect.bundle(bundle.device_id)
            try:
                await peer.client.publish(node, item, peer.dialect.etree.serialize_bundle(bundle),
                                          {"pubsub#persist_items": "true", "pubsub#access_model": "open", **more})
            except (IqError, StreamError) as error:
                raise omemo.BundleUploadFailed(str(error)) from error

        @staticmethod
        async def _download_bundle(namespace, bare_jid, device_id):
            node, item, _ = peer.dialect.bundle(device_id)
            try:
                found = await peer.client.items(bare_jid, node, item)
            except (IqError, StreamError) as error:
                raise omemo.BundleDownloadFailed(str(error)) from error
            if not found:
                raise omemo.BundleNotFound(f"{bare_jid} {device_id}")
            try:
                return peer.dialect.etree.parse_bundle(found[-1], bare_jid, device_id)
            except Exception as error:
                raise omemo.BundleDownloadFailed(f"{type(error).__name__}: {error}") from error

        @staticmethod
        async def _delete_bundle(namespace, device_id):
            await peer.client.retract(*peer.dialect.bundle(device_id)[:2])

        @staticmethod
        async def _upload_device_list(namespace, device_list):
            node = peer.dialect.devices
            try:
                # The list of XEP-0384 may not be empty in twomemo's schema: retract instead. No labels are published.
                if device_list:
                    await peer.client.publish(node, "current", peer.dialect.etree.serialize_device_list(
                        {device: None for device in device_list}),
                        {"pubsub#persist_items": "true", "pubsub#access_model": "open"})
                else:
                    await peer.client.retract(node, "current")
            except (IqError, StreamError) as error:
                raise omemo.DeviceListUploadFailed(str(error)) from error

        @staticmethod
        async def _download_device_list(namespace, bare_jid):
            try:
                found = await peer.client.items(bare_jid, peer.dialect.devices)
            except (IqError, StreamError) as error:
                raise omemo.DeviceListDownloadFailed(str(error)) from error
            return parse_device_list(peer.dialect, found[-1]) if found else {}

        async def _evaluate_custom_trust_level(self, device):
            return {"trusted": omemo.TrustLevel.TRUSTED, "distrusted": omemo.TrustLevel.DISTRUSTED}.get(
                device.trust_level_name, omemo.TrustLevel.UNDECIDED)

        async def _make_trust_decision(self, undecided, identifier):
            for device in undecided:
                await self.set_trust(device.bare_jid, device.identity_key, "trusted")

        @staticmethod
        async def _send_message(message, bare_jid):
            try:
                peer.send_encrypted(message, bare_jid, os.urandom(8).hex())
                emit("empty-sent", to=bare_jid, **describe_keys(message))
            except StreamError as error:
                raise omemo.MessageSendingFailed(str(error)) from error

    return Manager


def parse_device_list(dialect, element):
    try:
        return dialect.etree.parse_device_list(element)
    except Exception as error:
        raise omemo.DeviceListDownloadFailed(f"{type(error).__name__}: {error}") from error


def describe_keys(message):
    """How many devices a message is for, and for how many of them it carries a key exchange."""
    return {"devices": len(message.keys), "kex": sum(exchange is not None for _, exchange in message.keys)}


def fingerprint(identity_key):
    return "".join(omemo.SessionManager.format_identity_key(identity_key))


class Peer:
    def __init__(self, arguments):
        host, port = arguments.connect.rsplit(":", 1)
        self.jid = arguments.jid
        self.arguments = arguments
        self.address = (host, int(port))
        self.storage = FileStorage(arguments.state)
        self.dialect = DIALECTS[arguments.dialect]()
        self.manager = None
        self.client = None
        self.taken = set()
        # Stanzas and commands are worked off one after the other: the library is not reentrant.
        self.queue = asyncio.Queue()

    # --- connection ---

    async def go_online(self):
        self.client = Client(self.jid, self.arguments.password, *self.address, self.arguments.ca,
                             self.arguments.direct_tls)
        client = self.client
        client.features = ["http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info", self.dialect.devices + "+notify"]
        client.on_stanza = lambda stanza: self.queue.put_nowait(("stanza", (client, stanza)))
        await client.connect()
        if self.manager is None:
            self.manager = await session_manager_class(self).create(
                [self.dialect.backend(self.storage)], self.storage, self.jid, None, "undecided")
            self.own, _ = await self.manager.get_own_device_information()
            self.device = self.own.device_id
        else:
            self.manager.before_history_sync()
        await client.iq("set", None, ET.Element(f"{{{CARBONS}}}enable"))
        client.send_presence()
        # What was kept for us comes between our presence and the answer to this.
        await client.iq("get", client.domain, ET.Element("{urn:xmpp:ping}ping"))
        self.queue.put_nowait(("caught-up", None))

    async def caught_up(self):
        await self.manager.after_history_sync()
        _, others = await self.manager.get_own_device_information()
        own = self.own
        emit("online", command="online", jid=self.client.jid, device=own.device_id, fingerprint=fingerprint(own.identity_key),
             others=sorted(device.device_id for device in others))

    # --- sending ---

    def send_encrypted(self, message, to, stanza_id):
        stanza = ET.Element(f"{{{CLIENT}}}message", {"type": "chat", "to": to, "id": stanza_id})
        stanza.append(self.dialect.etree.serialize_message(message))
        ET.SubElement(stanza, "{urn:xmpp:eme:0}encryption", {"namespace": self.dialect.namespace, "name": "OMEMO"})
        ET.SubElement(stanza, f"{{{HINTS}}}store")
        self.client.send(stanza)

    def envelope(self, to, body, subject=None, raw=None):
        """XEP-0420: the content, and the affixes XEP-0384 asks for."""
        root = ET.Element(f"{{{SCE}}}envelope")
        content = ET.SubElement(root, f"{{{SCE}}}content")
        if subject is not None:
            ET.SubElement(content, f"{{{CLIENT}}}subject").text = subject
        if raw is None:
            ET.SubElement(content, f"{{{CLIENT}}}body").text = body
        else:
            content.extend(ET.fromstring(f"<x xmlns='{CLIENT}'>{raw}</x>"))
        ET.SubElement(root, f"{{{SCE}}}rpad").text = "".join(random.choices(string.ascii_letters, k=random.randrange(200)))
        ET.SubElement(root, f"{{{SCE}}}from", {"jid": self.jid})
        ET.SubElement(root, f"{{{SCE}}}to", {"jid": to})
        now = datetime.datetime.now(datetime.timezone.utc)
        ET.SubElement(root, f"{{{SCE}}}time", {"stamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")})
        return ET.tostring(root)

    async def send(self, to, body, subject=None, raw=None):
        # Its own list too: ejabberd 24 does not tell it of a second device of its own.
        for jid in (to, self.jid):
            await self.manager.refresh_device_list(self.dialect.namespace, jid)
        plaintext = body.encode() if isinstance(self.dialect, Old) else self.envelope(to, body, subject, raw)
        messages, errors = await self.manager.encrypt(frozenset({to}), {self.dialect.namespace: plaintext})
        stanza_id = os.urandom(8).hex()
        total = {"devices": 0, "kex": 0}
        for message in messages:
            self.send_encrypted(message, to, stanza_id)
            total = describe_keys(message)
        emit("sent", command="send", to=to, id=stanza_id, errors=[str(error) for error in errors], **total)

    def clear(self, to, body):
        stanza = ET.Element(f"{{{CLIENT}}}message", {"type": "chat", "to": to, "id": os.urandom(8).hex()})
        ET.SubElement(stanza, f"{{{CLIENT}}}body").text = body
        self.client.send(stanza)
        emit("sent", command="clear", to=to, id=stanza.get("id"), devices=0, kex=0, errors=[])

    # --- receiving ---

    async def take(self, client, stanza):
        if client is not self.client or self.manager is None:
            return
        if stanza is None:
            if client.failure:
                emit("disconnected", text=client.failure)
            return
        if stanza.tag != f"{{{CLIENT}}}message":
            return
        items = stanza.find(f"{{{EVENT}}}event/{{{EVENT}}}items")
        if items is not None:
            await self.take_event(bare(stanza.get("from") or self.jid), items)
            return
        carbon = None
        for kind in ("sent", "received"):
            inner = stanza.find(f"{{{CARBONS}}}{kind}/{{{FORWARD}}}forwarded/{{{CLIENT}}}message")
            if inner is not None:
                # XEP-0280: a carbon comes from our own account or from an attacker.
                if bare(stanza.get("from") or self.jid) != self.jid:
                    return
                stanza, carbon = inner, kind
        await self.take_message(stanza, carbon)

    async def take_event(self, jid, items):
        if items.get("node") != self.dialect.devices:
            return
        found = [child for item in items.iter(f"{{{EVENT}}}item") for child in item]
        listed = parse_device_list(self.dialect, found[-1]) if found else {}
        await self.manager.update_device_list(self.dialect.namespace, jid, listed)
        emit("device-list", jid=jid, ids=sorted(listed))

    async def take_message(self, stanza, carbon):
        sender = bare(stanza.get("from") or self.jid)
        about = {"from": stanza.get("from"), "to": stanza.get("to"), "id": stanza.get("id"), "type": stanza.get("type"),
                 "carbon": carbon}
        if stanza.get("type") == "error":
            emit("error", what="bounced", text=ET.tostring(stanza, "unicode"), **about)
            return
        encrypted = stanza.find(f"{{{self.dialect.namespace}}}encrypted")
        body = stanza.find(f"{{{CLIENT}}}body")
        if encrypted is None:
            if body is not None:
                emit("clear", body=body.text or "", **about)
            return
        # A message to our own account comes as itself and as a carbon.
        if (stanza.get("from"), stanza.get("id")) in self.taken:
            emit("duplicate", **about)
            return
        self.taken.add((stanza.get("from"), stanza.get("id")))
        try:
            message = await self.dialect.parse(encrypted, sender, self.jid, self.manager)
            plaintext, device, _ = await self.manager.decrypt(message)
        except omemo.MessageNotForUs:
            emit("not-for-us", **about)
            return
        except Exception as error:  # whatever the library finds wrong with a message is the message's failure
            emit("error", what=type(error).__name__, text=str(error), **about)
            return
        # Whether the key for this device began a session.
        kex = any(exchange is not None for key, exchange in message.keys
                  if (key.bare_jid, key.device_id) == (self.jid, self.device))
        about.update(device=device.device_id, fingerprint=fingerprint(device.identity_key), devices=len(message.keys), kex=kex)
        if plaintext is None:
            emit("empty", **about)
        elif isinstance(self.dialect, Old):
            emit("message", **about, body=plaintext.decode(), problems=[])
        else:
            emit("message", **about, **self.read_envelope(plaintext, sender))

    def read_envelope(self, plaintext, sender):
        root = ET.fromstring(plaintext)
        result = {"root": root.tag, "body": None, "subject": None, "problems": []}
        content = root.find(f"{{{SCE}}}content")
        result["content"] = None if content is None else ET.tostring(content, "unicode")
        for name in ("body", "subject"):
            element = content.find(f"{{{CLIENT}}}{name}") if content is not None else None
            result[name] = None if element is None else element.text or ""
        for name in ("from", "to"):
            element = root.find(f"{{{SCE}}}{name}")
            result["envelope_" + name] = None if element is None else element.get("jid")
        stamp = root.find(f"{{{SCE}}}time")
        result["envelope_time"] = None if stamp is None else stamp.get("stamp")
        padding = root.find(f"{{{SCE}}}rpad")
        result["rpad"] = None if padding is None else len(padding.text or "")
        # XEP-0384 section 5.5.1: rpad MUST be there; what is there must be true.
        if root.tag != f"{{{SCE}}}envelope" or content is None:
            result["problems"].append("not an envelope with content")
        if padding is None:
            result["problems"].append("no rpad")
        if result["envelope_from"] and bare(result["envelope_from"]) != sender:
            result["problems"].append("from is somebody else")
        return result

    # --- commands ---

    async def devices(self, jid):
        found = await self.manager.get_device_information(jid)
        emit("devices", command="devices", jid=jid, devices=[
            {"device": device.device_id, "fingerprint": fingerprint(device.identity_key),
             "active": dict(device.active).get(self.dialect.namespace, False), "trust": device.trust_level_name}
            for device in sorted(found, key=lambda device: device.device_id)])

    async def distrust(self, jid, device_id):
        for device in await self.manager.get_device_information(jid):
            if device.device_id == device_id:
                await self.manager.set_trust(jid, device.identity_key, "distrusted")
        await self.devices(jid)

    async def command(self, line):
        word, _, rest = line.partition(" ")
        target, _, text = rest.partition(" ")
        text = text.replace("\\n", "\n")
        if word == "send":
            await self.send(target, text)
        elif word == "subject":
            subject, _, body = text.partition("|")
            await self.send(target, body, subject)
        elif word == "raw":
            await self.send(target, "", raw=text)
        elif word == "clear":
            self.clear(target, text)
        elif word == "fetch":
            await self.manager.refresh_device_list(self.dialect.namespace, target)
            emit("fetched", command="fetch", jid=target)
        elif word == "devices":
            await self.devices(target)
        elif word == "distrust":
            await self.distrust(target, int(text))
        elif word == "leave":
            await self.manager.purge_backend(self.dialect.namespace)
            self.manager = None
            emit("left", command="leave")
        elif word == "offline":
            client, self.client = self.client, None
            await client.close()
            emit("offline", command="offline")
        elif word == "online":
            await self.go_online()
        else:
            emit("error", command=word, what="unknown command", text=line)

    async def read_commands(self):
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().rstrip("\n"):
            self.queue.put_nowait(("command", line))
        self.queue.put_nowait(("command", "quit"))

    async def run(self):
        await self.go_online()
        commands = asyncio.ensure_future(self.read_commands())
        while True:
            kind, value = await self.queue.get()
            if (kind, value) == ("command", "quit"):
                break
            try:
                if kind == "stanza":
                    await self.take(*value)
                elif kind == "caught-up":
                    await self.caught_up()
                else:
                    await self.command(value)
            except Exception as error:  # told to the test, which decides whether it was expected
                fields = {"command": value.split(" ")[0]} if kind == "command" else {}
                emit("error", what=type(error).__name__, text=str(error), **fields)
        commands.cancel()
        if self.client:
            await self.client.close()
        emit("bye", command="quit")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jid")
    parser.add_argument("--password", required=True)
    parser.add_argument("--connect", required=True, metavar="HOST:PORT")
    parser.add_argument("--ca", required=True, metavar="FILE")
    parser.add_argument("--direct-tls", action="store_true")
    parser.add_argument("--state", metavar="FILE")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="2")
    parser.add_argument("--debug", action="store_true", help="what the library logs, on standard error")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG if arguments.debug else logging.ERROR)
    try:
        asyncio.run(Peer(arguments).run())
    except (StreamError, OSError) as error:
        emit("error", command="online", what=type(error).__name__, text=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
