# SPDX-License-Identifier: ISC
"""Who takes part where whole stanzas go through live sessions: live_peer, an account over the project's layers, and a client
that shares no code with it and does what it should not."""

import asyncio
import os
import signal
import threading
import xml.etree.ElementTree as ET

import actors
import client

CLIENT = "{jabber:client}"


def program():
    return os.environ.get("LIVE_PEER", os.path.join(actors.HERE, "..", "..", "build", "test", "interop", "live_peer"))


def why_not():
    return None if os.access(program(), os.X_OK) else f"{program()} is not built (./dev build)"


def parse(text):
    """A stanza as it is handed out: in no stream, without its namespace."""
    return ET.fromstring(f"<stream xmlns='jabber:client'>{text}</stream>")[0]


class LivePeer:
    """One device; its process may be killed and started again over the same store."""

    def __init__(self, server, jid, folder):
        self.server, self.bare, self.folder = server, jid, folder
        self.full = None
        self.handed = set()  # numbers of outputs: after a crash the same ones may come again
        os.makedirs(folder, mode=0o700, exist_ok=True)

    def start(self):
        self.actor = actors.Actor(f"live_peer {self.folder}", [program(), os.path.join(self.folder, "store"),
                                  os.path.join(self.folder, "key"), self.bare, self.server.accounts[self.bare],
                                  str(self.server.port), self.server.ca])
        return self.online()

    def online(self):
        event = self.actor.wait(event="online")
        self.full = event["jid"]
        return event

    def kill(self):
        """As the machine's power goes."""
        self.actor.process.send_signal(signal.SIGKILL)
        self.actor.process.wait(actors.SECONDS)
        self.actor.end()

    def quit(self):
        self.actor.tell("quit")
        self.actor.wait(event="offline")
        status = self.actor.process.wait(actors.SECONDS)
        self.actor.end()
        if status != 0:
            raise AssertionError(f"exit status {status}: {self.actor.transcript()}")

    def do(self, line):
        self.actor.tell(line)
        return self.actor.wait(event="ok")

    def send(self, stanza):
        """Returns its ticket."""
        self.actor.tell(stanza)
        return self.actor.wait(event="ok")["ticket"]

    def sessions(self, jid=None):
        self.actor.tell("sessions")
        self.actor.wait(event="end")
        found = self.actor.left(event="session")
        for _ in found:
            self.actor.wait(event="session")
        return [one for one in found if one["ready"] and (jid is None or one["jid"].startswith(jid))]

    def find(self, what, seconds=actors.SECONDS):
        """The first object not taken yet for which what(object) holds. What was handed out before a crash, and comes again,
        is dropped, as a host does."""
        actor = self.actor

        def look():
            for index, event in enumerate(actor.seen):
                if event is None:
                    continue
                if event.get("event") == "deliver" and event["seq"] in self.handed:
                    actor.seen[index] = None
                    continue
                if what(event):
                    return index
            return None

        with actor.changed:
            actor.changed.wait_for(lambda: look() is not None or actor.finished, seconds)
            index = look()
            if index is None:
                raise TimeoutError(f"{actor.name}: what was waited for never came")
            event, actor.seen[index] = actor.seen[index], None
        if event.get("event") == "deliver" and event["seq"] != 0:
            self.handed.add(event["seq"])
        return event

    def receive(self, text, seconds=actors.SECONDS):
        """The delivery that has this text; (the object, its stanza)."""
        event = self.find(lambda one: one.get("event") == "deliver" and text in one["stanza"], seconds)
        return event, parse(event["stanza"])

    def answer(self, name, seconds=actors.SECONDS):
        """The answer to the request of this id."""

        def is_it(one):
            if one.get("event") != "deliver" or not one["stanza"].startswith("<iq"):
                return False
            stanza = parse(one["stanza"])
            return stanza.get("id") == name and stanza.get("type") in ("result", "error")

        event = self.find(is_it, seconds)
        return event, parse(event["stanza"])


class Stranger:
    """client.py, driven from here; every stanza that comes is kept as it came."""

    def __init__(self, server, jid, resource=None):
        self.client = client.Client(jid, server.accounts[jid], "127.0.0.1", server.port, server.ca, resource=resource)
        self.came = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self.client.connect())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(actors.SECONDS)

    def available(self):
        async def say():
            self.client.send_presence()
        self.run(say())

    def send(self, text):
        """Any bytes."""
        async def write():
            self.client.write(text)
            await self.client.writer.drain()
        self.run(write())

    def ask(self, text, name):
        """An iq as text, and the answer to the id that is in it."""
        async def wait():
            self.client.waiting[name] = future = asyncio.get_running_loop().create_future()
            self.client.write(text)
            return await asyncio.wait_for(future, client.SECONDS)
        return self.run(wait())

    def end(self):
        self.run(self.client.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(actors.SECONDS)
