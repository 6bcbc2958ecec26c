#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every kind of stanza in live sessions, through a real server: messages, directed presence, requests and their answers;
processes, servers and connections that go in the middle; new keys, new resources; strangers, and a contact who replays,
forges and makes things up. At the end everything the server saw is searched for every text and every namespace.

    test_live_stanzas.py [prosody|ejabberd]
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import live_actors
import servers
import tap
from live_actors import CLIENT, LivePeer, Stranger, parse

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
PARIS, TYBALT, BENVOLIO = "paris@verona.example", "tybalt@capulet.example", "benvolio@montague.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", PARIS: "pw-paris", TYBALT: "pw-tybalt", BENVOLIO: "pw-benvolio"}
FRIENDS = (JULIET, ROMEO, PARIS, BENVOLIO)  # Tybalt is a stranger
NS = "urn:sotto:live:0"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
MINUTE_MS = 60000


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.said = []

    def text(self, words):
        """Something that appears nowhere else; all of it is searched for at the end."""
        self.said.append(f"{words}-{len(self.said)}-{os.urandom(6).hex()}")
        return self.said[-1]

    def peer(self, jid, name):
        peer = LivePeer(self.server, jid, os.path.join(self.folder, name))
        tap.equal(peer.start()["resumed"], False)
        return peer

    @staticmethod
    def meet(one, other):
        """Waits until one has been told that this resource of the other is there."""
        one.find(lambda event: event.get("event") == "deliver" and event["stanza"].startswith("<presence")
                 and parse(event["stanza"]).get("from") == other.full)

    def message(self, sender, receiver, to=None):
        """Arrives once, marked, and its sender is told."""
        text = self.text("What's in a name")
        ticket = sender.send(f"<message type='chat' to='{to or receiver.bare}' id='{self.text('m')}'><body>{text}</body></message>")
        event, stanza = receiver.receive(text)
        tap.equal((event["seal"], event["from"], stanza.get("from")), ("live", sender.bare, sender.full))
        sender.find(lambda one: one.get("event") == "delivered" and one["ticket"] == ticket)

    def request(self, sender, receiver, kind="get"):
        """A request that has arrived and waits for its answer: (its id, the namespace of what is inside)."""
        name, space = self.text("q"), self.text("urn:example:question")
        sender.send(f"<iq type='{kind}' to='{receiver.full}' id='{name}'><query xmlns='{space}'>{self.text('quoth')}</query></iq>")
        event, stanza = receiver.receive(space)
        tap.equal((event["seal"], stanza.get("type"), stanza.get("id"), stanza.get("from")), ("live", kind, name, sender.full))
        return name, space

    def asks(self, sender, receiver):
        name, space = self.request(sender, receiver)
        text = self.text("It is my soul")
        receiver.send(f"<iq type='result' to='{sender.full}' id='{name}'><query xmlns='{space}'>{text}</query></iq>")
        event, stanza = sender.answer(name)
        tap.equal((event["seal"], event["failure"], stanza.get("type"), stanza.get("from")), ("live", "", "result", receiver.full))
        tap.equal(stanza.find(f"{{{space}}}query").text, text)

    def fails(self, peer, name, after=0):
        """The request of this id gets an error that was made here; the condition. The clock jumps by `after` first."""
        if after:
            peer.do(f"later {after}")
        event, stanza = peer.answer(name)
        tap.equal((stanza.get("type"), event["failure"] != ""), ("error", True), event["stanza"])
        return stanza.find(f"{CLIENT}error")[0].tag.replace(STANZAS, "")

    def hellos(self, since):
        """First frames of clients, of sessions that are begun."""
        pattern = re.compile(rf"RECV: <iq (?=[^>]*type=['\"]set).*{NS}")
        return [line for line in self.server.lines[since:] if pattern.search(line) and re.search("number=['\"]0['\"]", line)]

    def frames(self, sender):
        """Outer requests of a sender as the server got them."""
        found = []
        for line in list(self.server.lines):
            match = re.search(r"SEND: (<iq .*</iq>)", line)
            if match and NS in line and re.search(r"type=['\"]set", line) and f"{sender.full}" in line:
                element = parse(match.group(1))
                if element.get("from") == sender.full:
                    found.append(element)
        return found

    # --- stanzas ---

    def setup(self):
        self.juliet, self.romeo = self.peer(JULIET, "juliet"), self.peer(ROMEO, "romeo")
        self.meet(self.juliet, self.romeo)
        self.meet(self.romeo, self.juliet)
        self.juliet.do(f"via {ROMEO} live")
        self.romeo.do(f"via {JULIET} live")

    def messages(self):
        self.message(self.juliet, self.romeo)
        self.message(self.romeo, self.juliet)
        self.message(self.juliet, self.romeo, to=self.romeo.full)

    def presence(self):
        for one, other in ((self.juliet, self.romeo), (self.romeo, self.juliet)):
            text = self.text("At the balcony")
            one.send(f"<presence to='{other.full}'><show>dnd</show><status>{text}</status></presence>")
            event, stanza = other.receive(text)
            tap.equal((event["seal"], stanza.tag, stanza.get("from")), ("live", f"{CLIENT}presence", one.full))
            tap.equal(stanza.find(f"{CLIENT}show").text, "dnd")

    def requests(self):
        self.asks(self.juliet, self.romeo)
        self.asks(self.romeo, self.juliet)

    def error_answers(self):
        for one, other in ((self.juliet, self.romeo), (self.romeo, self.juliet)):
            name, _ = self.request(one, other, "set")
            text = self.text("Not I")
            other.send(f"<iq type='error' to='{one.full}' id='{name}'><error type='auth'><forbidden "
                       f"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{text}"
                       "</text></error></iq>")
            event, stanza = one.answer(name)
            tap.equal((event["seal"], event["failure"], stanza.get("type")), ("live", "", "error"))
            tap.holds(text in event["stanza"] and f"{STANZAS}forbidden" in [each.tag for each in stanza.iter()], event["stanza"])

    def group(self):
        found = [peer.sessions()[0]["group"] for peer in (self.juliet, self.romeo)]
        version = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout
        number = tuple(int(part) for part in re.match(r"OpenSSL (\d+)\.(\d+)", version).groups())
        tap.equal(found, ["X25519MLKEM768" if number >= (3, 5) else "X25519"] * 2, version.strip())

    # --- who and where ---

    def second_resource(self):
        """Another device of his, which knows no secret: nothing goes to it until she says so. Then stanzas go to the one they
        are for, and a message for both to both."""
        other = self.other = self.peer(ROMEO, "romeo-2")
        self.meet(self.juliet, other)
        self.meet(other, self.juliet)
        other.do(f"via {JULIET} live")
        name, space = self.text("q"), self.text("urn:example:question")
        self.juliet.send(f"<iq type='get' to='{other.full}' id='{name}'><query xmlns='{space}'/></iq>")
        known = self.juliet.sessions(self.romeo.full)[0]["key"]
        fresh = self.juliet.find(lambda one: one.get("event") == "quarantined" and one["jid"] == ROMEO)["key"]
        tap.holds(fresh != known and set(fresh) != {"0"}, fresh)
        tap.equal([one for one in other.actor.left(event="deliver") if space in one["stanza"]], [], "it was delivered")
        for key in (known, fresh):
            self.juliet.do(f"verdict {ROMEO} {key} verified")
        tap.equal(other.receive(space)[0]["seal"], "live")
        other.send(f"<iq type='result' to='{self.juliet.full}' id='{name}'/>")
        tap.equal(self.juliet.answer(name)[0]["trust"], "verified")
        self.asks(other, self.juliet)
        self.asks(self.juliet, self.romeo)
        tap.equal({one["jid"] for one in self.juliet.sessions(ROMEO)}, {self.romeo.full, other.full})
        text = self.text("Both of you")
        self.juliet.send(f"<message type='chat' to='{ROMEO}'><body>{text}</body></message>")
        for each in (self.romeo, other):
            tap.equal(each.receive(text)[0]["seal"], "live")

    def vanished(self):
        """He goes while a request waits, and another one is asked when he is gone: errors, both."""
        name, _ = self.request(self.juliet, self.other)
        gone = self.other.full
        self.other.quit()
        tap.holds(self.fails(self.juliet, name) in ("recipient-unavailable", "remote-server-timeout", "service-unavailable"),
                  "condition")
        late = self.text("q")
        self.juliet.send(f"<iq type='get' to='{gone}' id='{late}'><query xmlns='{self.text('urn:example:late')}'/></iq>")
        self.fails(self.juliet, late, after=MINUTE_MS)
        self.asks(self.juliet, self.romeo)

    # --- what breaks ---

    def arrive_once(self, tickets, texts, sender, receiver):
        """Each stanza is told of: delivered, and read once; or unknown, or refused, and read at most once."""
        told = {}
        for ticket in tickets:
            told[ticket] = sender.find(lambda one, ticket=ticket: one.get("event") in ("delivered", "delivery-unknown", "refused")
                                       and one.get("ticket") == ticket, 120)["event"]
        read = []
        for ticket, text in zip(tickets, texts):
            if told[ticket] == "delivered":
                read.append(receiver.receive(text)[0]["seq"])
        tap.equal(len(set(read)), len(read))
        tap.holds(len(read) > 0 and "refused" not in told.values(), told)
        again = [one for one in receiver.actor.left(event="deliver") if one["seq"] not in receiver.handed
                 and any(text in one["stanza"] for text, ticket in zip(texts, tickets) if told[ticket] == "delivered")]
        tap.equal(again, [], "read twice")
        return told

    def pour(self, sender, receiver, count):
        texts = [self.text("thousand times") for _ in range(count)]
        return [sender.send(f"<message type='chat' to='{receiver.bare}'><body>{text}</body></message>") for text in texts], texts

    def killed(self):
        """His process is killed while stanzas are on their way, and comes back over the same store."""
        for stop in (0, 3, 9):
            tickets, texts = self.pour(self.juliet, self.romeo, 12)
            seen = []
            for text in texts[:stop]:
                seen.append(self.romeo.receive(text))
            self.romeo.kill()
            more, others = self.pour(self.juliet, self.romeo, 4)
            before = {one["seq"]: one["stanza"] for one in self.romeo.actor.left(event="deliver")}
            old = self.romeo.actor
            self.romeo.start()
            # What the dead process printed and nobody took counts as read.
            self.carry(old, before)
            told = {}
            for ticket in tickets + more:
                told[ticket] = self.juliet.find(lambda one, ticket=ticket: one.get("event") in ("delivered", "delivery-unknown",
                                                "refused") and one.get("ticket") == ticket, 120)["event"]
            tap.holds("refused" not in told.values(), told)
            for number, (ticket, text) in enumerate(zip(tickets + more, texts + others)):
                if told[ticket] == "delivered" and number >= stop:
                    self.romeo.receive(text)
            self.nothing_twice(self.romeo, texts + others)
            self.message(self.romeo, self.juliet)

    def carry(self, old, printed):
        """The objects of a process that is gone become those of the one that follows, in front."""
        actor = self.romeo.actor
        with actor.changed:
            known = {one["seq"] for one in old.seen if one and one.get("event") == "deliver"}
            tap.holds(known == set(printed), "what it printed")
            fresh = [None if one and one.get("event") == "deliver" and one["seq"] in known and one["seq"] != 0 else one
                     for one in actor.seen]
            actor.seen[:] = [one for one in old.seen if one] + fresh

    def nothing_twice(self, peer, texts):
        left = [one for one in peer.actor.left(event="deliver") if one["seq"] not in peer.handed]
        twice = [text for text in texts if any(text in one["stanza"] for one in left)]
        tap.equal(twice, [], "read twice")

    def killed_with_request(self):
        """A request whose reader is killed before he answered: an answer of his next life, or an error; not silence."""
        name, _ = self.request(self.juliet, self.romeo)
        self.romeo.kill()
        self.romeo.start()
        self.fails(self.juliet, name, after=4 * MINUTE_MS)
        self.asks(self.juliet, self.romeo)
        self.asks(self.romeo, self.juliet)

    def sender_killed(self):
        """She is killed with stanzas on their way; her next process hears of each."""
        tickets, texts = self.pour(self.juliet, self.romeo, 8)
        self.juliet.kill()
        told = {one["ticket"] for one in self.juliet.actor.left(event="delivered")}
        self.juliet.start()
        self.juliet.do(f"via {ROMEO} live")
        for ticket, text in zip(tickets, texts):
            if ticket in told:
                self.romeo.receive(text)
        waiting = [(ticket, text) for ticket, text in zip(tickets, texts) if ticket not in told]
        if waiting:
            self.arrive_once([one for one, _ in waiting], [text for _, text in waiting], self.juliet, self.romeo)
        self.nothing_twice(self.romeo, texts)
        self.message(self.juliet, self.romeo)

    def server_restarted(self):
        tickets, texts = self.pour(self.juliet, self.romeo, 6)
        self.server.restart()
        more, others = self.pour(self.juliet, self.romeo, 2)
        for peer in (self.juliet, self.romeo):
            peer.online()
        self.arrive_once(tickets + more, texts + others, self.juliet, self.romeo)
        self.message(self.romeo, self.juliet)
        self.asks(self.juliet, self.romeo)

    def resumed(self):
        """The connection breaks and the stream is resumed (XEP-0198): the session goes on, nothing is opened anew."""
        self.asks(self.juliet, self.romeo)
        before = self.juliet.sessions(self.romeo.full)
        since = self.server.log_length()
        for peer in (self.juliet, self.romeo):
            peer.do("cut")
            tap.equal(peer.online()["resumed"], True)
            self.asks(self.juliet, self.romeo)
            self.message(self.romeo, self.juliet)
        tickets, texts = self.pour(self.juliet, self.romeo, 5)
        self.juliet.do("cut")
        tap.equal(self.juliet.online()["resumed"], True)
        self.arrive_once(tickets, texts, self.juliet, self.romeo)
        tap.equal(self.juliet.sessions(self.romeo.full), before, "the session")
        tap.equal(self.hellos(since), [], "sessions were opened")

    # --- keys ---

    def retained(self):
        """A process that ends and comes back: the next session has the secret that both kept."""
        for peer, other in ((self.romeo, self.juliet), (self.juliet, self.romeo)):
            self.asks(peer, other)
            peer.quit()
            tap.equal(peer.start()["resumed"], False)
            self.meet(peer, other)
            self.asks(peer, other)
            self.asks(other, peer)
            for one, far in ((peer, other), (other, peer)):
                tap.equal([each["retained"] for each in one.sessions(far.full)], [True])

    def renewed(self):
        """After half an hour whoever began the session makes it anew; stanzas go on meanwhile."""
        self.asks(self.juliet, self.romeo)
        before = self.juliet.sessions(self.romeo.full)[0]
        began, other = (self.juliet, self.romeo) if before["initiator"] else (self.romeo, self.juliet)
        # With nothing under way: what is would have waited for half an hour, too.
        self.asks(other, began)
        self.message(began, other)
        self.message(other, began)
        since = self.server.log_length()
        began.do(f"later {31 * MINUTE_MS}")
        tickets, texts = self.pour(began, other, 5)
        self.arrive_once(tickets, texts, began, other)
        self.asks(other, began)
        end = time.monotonic() + actors.SECONDS
        while began.sessions(other.full)[0]["renewed"] == before["renewed"]:
            self.message(began, other)
            tap.holds(time.monotonic() < end, "not renewed")
        self.asks(other, began)
        for one, far in ((began, other), (other, began)):
            found = one.sessions(far.full)
            tap.equal([(each["renewed"], each["retained"], each["key"]) for each in found],
                      [(before["renewed"] + 1, True, found[0]["key"])])
        tap.equal(len(self.hellos(since)), 1, "sessions that were opened")

    # --- others ---

    def program_answers(self):
        """Who has `sotto listen` there answers nothing by hand: a request that the program does not know gets an error, through
        the session."""
        benvolio = actors.Sotto(self.server, BENVOLIO, os.path.join(self.folder, "benvolio"))
        benvolio.setup()
        benvolio.listen()
        full = parse(self.juliet.find(lambda one: one.get("event") == "deliver" and one["from"] == BENVOLIO
                                      and one["stanza"].startswith("<presence") and "caps" in one["stanza"])["stanza"]).get("from")
        for kind in ("get", "set"):
            name = self.text("q")
            self.juliet.send(f"<iq type='{kind}' to='{full}' id='{name}'><query xmlns='{self.text('urn:example:none')}'/></iq>")
            event, stanza = self.juliet.answer(name)
            tap.equal((event["seal"], event["failure"], stanza.get("type"), stanza.get("from")), ("live", "", "error", full))
            tap.equal(stanza.find(f"{CLIENT}error")[0].tag, f"{STANZAS}service-unavailable")
        tap.equal(benvolio.interrupt(), 0, "exit status")

    def strangers(self):
        """Who does not see our presence learns nothing: what an unknown namespace gets, byte for byte but the id."""
        tybalt = Stranger(self.server, TYBALT, "villa")
        frame = self.frames(self.juliet)[0]
        hello = next(each for each in self.frames(self.juliet) if each[0].get("number") == "0")
        ours = [ET.tostring(each[0], "unicode") for each in (frame, hello)]
        ours += [f"<live xmlns='{NS}' session='{os.urandom(16).hex()}' number='0'>AAAA</live>", f"<live xmlns='{NS}'/>"]
        try:
            for to in (self.romeo.full, ROMEO):
                for kind in ("set", "get"):
                    expected = self.error_of(tybalt, to, kind, "<live xmlns='urn:example:unknown'/>")
                    for payload in ours:
                        tap.equal(self.error_of(tybalt, to, kind, payload), expected, f"{kind} to {to}")
        finally:
            tybalt.end()

    def error_of(self, stranger, to, kind, payload):
        """The error that a request gets, as the server's log has it, attributes in order (prosody's have none); without its
        id, and the request in it, if it is repeated, without what is inside."""
        name = "s" + os.urandom(8).hex()
        answer = stranger.ask(f"<iq type='{kind}' to='{to}' id='{name}'>{payload}</iq>", name)
        tap.equal(answer.get("type"), "error")
        line = self.server.wait_log(rf"SEND: <iq (?=[^>]*type=['\"]error)(?=[^>]*{name})")
        text = ET.canonicalize(re.search("SEND: (.*)", line).group(1).replace(name, "ID"))
        tap.holds("error" in text and "ID" in text, text)
        return re.sub(r"<(\w+:)?live[ >].*</(\w+:)?live>", "<live/>", text)

    def attacked(self):
        """A contact sends what he saw of others, forges frames and makes up resources: nobody notices."""
        self.asks(self.juliet, self.romeo)
        frames = self.frames(self.juliet)
        before = self.juliet.sessions(self.romeo.full)
        answers = []
        for place in range(4):
            paris = Stranger(self.server, PARIS, f"place-{place}")
            paris.available()
            last = frames[-1]
            number = int(last[0].get("number"))
            texts = [each[0] for each in frames[-25:]]
            for each in texts:
                answers.append(self.throw(paris, ET.tostring(each, "unicode")))
            for step in range(-2, 20, 3):
                answers.append(self.throw(paris, f"<live xmlns='{NS}' session='{last[0].get('session')}' "
                                                 f"number='{max(0, number + step)}'>{last[0].text}</live>"))
            for payload in ("", "AAAA", "!", "FwMDAAEA"):
                made_up = os.urandom(16).hex()
                answers.append(self.throw(paris, f"<live xmlns='{NS}' session='{made_up}' number='0'>{payload}</live>"))
            # Answers to what he was never asked.
            for each in frames[-10:]:
                paris.send(f"<iq type='result' to='{self.juliet.full}' id='{each.get('id')}'/>"
                           f"<iq type='error' to='{self.juliet.full}' id='{each.get('id')}'><error type='cancel'><item-not-found "
                           "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
            self.asks(self.juliet, self.romeo)
            self.message(self.romeo, self.juliet)
            paris.end()
        tap.holds(set(answers) <= {"error", "result"} and "error" in answers, answers)
        tap.equal(self.juliet.sessions(self.romeo.full), before, "the session")
        for peer in (self.juliet, self.romeo):
            for kind in ("delivery-unknown", "key-alarm", "quarantined", "cut-short", "false-answer"):
                tap.equal([one for one in peer.actor.left(event=kind) if one["jid"].startswith((ROMEO, JULIET))], [], kind)
            tap.equal([one for one in peer.actor.left(event="deliver") if one["from"] == PARIS and one["seal"]], [])
            tap.equal(peer.sessions(PARIS), [], "a session with Paris")

    def throw(self, paris, payload):
        """The type of the answer that a frame gets."""
        name = "p" + os.urandom(8).hex()
        return paris.ask(f"<iq type='set' to='{self.romeo.full}' id='{name}'>{payload}</iq>", name).get("type")

    def server_saw_nothing(self):
        for peer in (self.juliet, self.romeo):
            peer.quit()
        tap.holds(len(self.said) > 150, f"too little was said: {len(self.said)}")
        tap.holds(self.server.saw(NS), "the search finds nothing at all")
        for text in self.said:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")


SCENES = (
    ("two log in", Play.setup),
    ("messages in both directions", Play.messages),
    ("directed presence with a status", Play.presence),
    ("requests and results in both directions", Play.requests),
    ("requests and errors in both directions", Play.error_answers),
    ("the best group that both have", Play.group),
    ("a second resource", Play.second_resource),
    ("a resource that vanished: errors", Play.vanished),
    ("the receiver is killed in the middle", Play.killed),
    ("the receiver of a request is killed", Play.killed_with_request),
    ("the sender is killed in the middle", Play.sender_killed),
    ("the server starts anew in the middle", Play.server_restarted),
    ("a resumed stream keeps its session", Play.resumed),
    ("back with the secret of before", Play.retained),
    ("a session is made anew after half an hour", Play.renewed),
    ("a person's program answers by itself", Play.program_answers),
    ("strangers get what an unknown namespace gets", Play.strangers),
    ("a contact replays, forges and makes up resources", Play.attacked),
    ("the server saw no text and no namespace", Play.server_saw_nothing),
)


def main():
    kind = servers.named_by_argument()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        why = servers.why_not(kind) or live_actors.why_not() or actors.why_no_sotto()
        if why:
            tap.skip_all([(f"{kind}: {name}", scene) for name, scene in SCENES], why)
        with servers.start(kind, ACCOUNTS, friends=FRIENDS) as server:
            play = Play(server, folder)
            scenes = [(f"{kind}: {name}", lambda scene=scene: scene(play)) for name, scene in SCENES]
            try:
                return tap.run(scenes, on_failure=(actors.transcripts, server.tail))
            finally:
                actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
