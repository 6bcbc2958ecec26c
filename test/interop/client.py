# SPDX-License-Identifier: ISC
"""A small XMPP client on asyncio and the standard library, for the peer of the tests; it shares no code with Sotto.

STARTTLS or direct TLS with the certificate verified for the domain, SCRAM (RFC 5802) or PLAIN inside TLS, binding,
stanzas as xml.etree elements. No reconnection, no stream management: what fails ends the client with StreamError.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import ssl
import xml.etree.ElementTree as ET

STREAM = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
CAPS = "http://jabber.org/protocol/caps"
PUBSUB = "http://jabber.org/protocol/pubsub"
SECONDS = 30

ET.register_namespace("", CLIENT)


class StreamError(Exception):
    """The stream is over; the text says why."""


class IqError(Exception):
    """An iq was answered with an error; `condition` is the name of the first child of <error/>."""

    def __init__(self, element):
        error = element.find(f"{{{CLIENT}}}error")
        conditions = [child.tag.split("}")[1] for child in (error if error is not None else [])]
        self.condition = conditions[0] if conditions else "undefined-condition"
        self.conditions = conditions
        super().__init__(" ".join(conditions))


def bare(jid):
    return jid.split("/")[0]


class Client:
    def __init__(self, jid, password, host, port, ca, direct_tls=False, resource=None):
        self.bare_jid = jid
        self.user, self.domain = jid.split("@")
        self.password = password
        self.address = (host, port)
        self.direct_tls = direct_tls
        self.resource = resource
        self.tls = ssl.create_default_context(cafile=ca)
        self.features = []          # what disco#info says of us
        self.on_stanza = None       # called with each stanza that answers nothing of ours
        self.jid = None
        self.waiting = {}
        self.reading = None
        self.failure = None

    # --- bytes and elements ---

    def write(self, text):
        self.writer.write(text.encode())

    async def open_stream(self):
        """Sends a stream header and reads up to the features, which are returned."""
        self.parser = ET.XMLPullParser(("start", "end"))
        self.depth = 0
        self.root = None
        self.write(f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}' to='{self.domain}' "
                   "version='1.0'>")
        features = await self.read_element()
        if features.tag != f"{{{STREAM}}}features":
            raise StreamError(f"expected features, got {ET.tostring(features, 'unicode')}")
        return features

    async def read_element(self):
        """The next child of the stream."""
        while True:
            for event, element in self.parser.read_events():
                if event == "start":
                    self.depth += 1
                    if self.depth == 1:
                        self.root = element
                    continue
                self.depth -= 1
                if self.depth == 0:
                    raise StreamError("the server closed the stream")
                if self.depth == 1:
                    self.root.clear()
                    if element.tag == f"{{{STREAM}}}error":
                        raise StreamError("stream error: " + " ".join(child.tag.split("}")[1] for child in element))
                    return element
            data = await self.reader.read(65536)
            if not data:
                raise StreamError("the connection was closed")
            self.parser.feed(data)

    # --- login ---

    async def connect(self):
        host, port = self.address
        if self.direct_tls:
            self.tls.set_alpn_protocols(["xmpp-client"])
            self.reader, self.writer = await asyncio.open_connection(host, port, ssl=self.tls, server_hostname=self.domain)
        else:
            self.reader, self.writer = await asyncio.open_connection(host, port)
            features = await self.open_stream()
            if features.find(f"{{{TLS}}}starttls") is None:
                raise StreamError("the server offers no STARTTLS")
            self.write(f"<starttls xmlns='{TLS}'/>")
            answer = await self.read_element()
            if answer.tag != f"{{{TLS}}}proceed":
                raise StreamError("STARTTLS was refused")
            await self.writer.start_tls(self.tls, server_hostname=self.domain)
        features = await self.open_stream()
        await self.log_in([element.text for element in features.iter(f"{{{SASL}}}mechanism")])
        await self.open_stream()
        self.reading = asyncio.ensure_future(self.read_stanzas())
        request = ET.Element(f"{{{BIND}}}bind")
        if self.resource:
            ET.SubElement(request, f"{{{BIND}}}resource").text = self.resource
        answer = await self.iq("set", None, request)
        self.jid = answer.find(f"{{{BIND}}}bind/{{{BIND}}}jid").text

    async def log_in(self, mechanisms):
        for name, digest in (("SCRAM-SHA-256", "sha256"), ("SCRAM-SHA-1", "sha1")):
            if name in mechanisms:
                return await self.scram(name, digest)
        if "PLAIN" in mechanisms:
            return await self.exchange_plain()
        raise StreamError(f"no mechanism in common: {mechanisms}")

    async def exchange_plain(self):
        await self.exchange("auth", f"\0{self.user}\0{self.password}", "success", "PLAIN")

    async def exchange(self, tag, text, expected, mechanism=None):
        attribute = f" mechanism='{mechanism}'" if mechanism else ""
        self.write(f"<{tag} xmlns='{SASL}'{attribute}>{base64.b64encode(text.encode()).decode()}</{tag}>")
        answer = await self.read_element()
        if answer.tag != f"{{{SASL}}}{expected}":
            raise StreamError("login failed: " + " ".join(child.tag.split("}")[1] for child in answer))
        return base64.b64decode(answer.text or "").decode()

    async def scram(self, mechanism, digest):
        first = f"n={self.user},r={secrets.token_urlsafe(18)}"
        challenge = await self.exchange("auth", "n,," + first, "challenge", mechanism)
        fields = dict(field.split("=", 1) for field in challenge.split(","))
        if not fields["r"].startswith(first.split("r=")[1]):
            raise StreamError("the server answered another nonce")
        salted = hashlib.pbkdf2_hmac(digest, self.password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        final = f"c=biws,r={fields['r']}"
        signed = ",".join((first, challenge, final)).encode()
        client_key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, client_key).digest(), signed, digest)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        answer = await self.exchange("response", f"{final},p={base64.b64encode(proof).decode()}", "success")
        expected = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
        if answer != "v=" + base64.b64encode(expected).decode():
            raise StreamError("the server does not know the password")

    # --- stanzas ---

    def send(self, element):
        if self.failure:
            raise StreamError(self.failure)
        self.writer.write(ET.tostring(element))

    async def iq(self, kind, to, payload):
        """Sends an iq and waits for its answer; IqError if that is an error."""
        name = secrets.token_urlsafe(9)
        element = ET.Element(f"{{{CLIENT}}}iq", {"type": kind, "id": name})
        if to:
            element.set("to", to)
        element.append(payload)
        self.waiting[name] = future = asyncio.get_running_loop().create_future()
        self.send(element)
        answer = await asyncio.wait_for(future, SECONDS)
        if answer.get("type") == "error":
            raise IqError(answer)
        return answer

    def answer(self, request, payload):
        element = ET.Element(f"{{{CLIENT}}}iq", {"type": "result", "id": request.get("id")})
        if request.get("from"):
            element.set("to", request.get("from"))
        if payload is not None:
            element.append(payload)
        self.send(element)

    async def read_stanzas(self):
        try:
            while True:
                self.take(await self.read_element())
        except (StreamError, OSError, ET.ParseError) as failure:
            self.failure = str(failure) or type(failure).__name__
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(StreamError(self.failure))
            self.waiting.clear()
            if self.on_stanza:
                self.on_stanza(None)

    def take(self, element):
        if element.tag == f"{{{CLIENT}}}iq":
            if element.get("type") in ("result", "error"):
                future = self.waiting.pop(element.get("id"), None)
                if future and not future.done():
                    future.set_result(element)
            elif element.find(f"{{{DISCO_INFO}}}query") is not None and element.get("type") == "get":
                self.answer_disco(element)
            elif element.get("type") == "set":
                self.answer(element, None)
            return
        if self.on_stanza:
            self.on_stanza(element)

    def disco(self):
        """Our disco#info, and the hash of it that caps carry (XEP-0115)."""
        query = ET.Element(f"{{{DISCO_INFO}}}query")
        ET.SubElement(query, f"{{{DISCO_INFO}}}identity", {"category": "client", "type": "bot", "name": "peer"})
        for feature in sorted(self.features):
            ET.SubElement(query, f"{{{DISCO_INFO}}}feature", {"var": feature})
        text = "client/bot//peer<" + "".join(f"{feature}<" for feature in sorted(self.features))
        return query, base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()

    def answer_disco(self, request):
        query, _ = self.disco()
        node = request.find(f"{{{DISCO_INFO}}}query").get("node")
        if node:
            query.set("node", node)
        self.answer(request, query)

    def send_presence(self):
        element = ET.Element(f"{{{CLIENT}}}presence")
        ET.SubElement(element, f"{{{CAPS}}}c", {"hash": "sha-1", "node": "urn:sotto:test:peer", "ver": self.disco()[1]})
        self.send(element)

    async def close(self):
        """Ends the stream as a client should: nothing of ours is left half-written."""
        if self.failure is None:
            self.write("<presence type='unavailable'/></stream:stream>")
            await self.writer.drain()
            if self.reading:
                await asyncio.wait([self.reading], timeout=SECONDS)
        if self.reading:
            self.reading.cancel()
        self.writer.close()

    # --- PEP ---

    async def publish(self, node, item_id, payload, options):
        """Publishes with these options; a server that does not know them all (ejabberd 23.01) has the node made with them,
        and then gets the item with what it does know."""
        try:
            return await self.publish_with(node, item_id, payload, options)
        except IqError as error:
            if error.condition != "resource-constraint":
                raise
        create = ET.Element(f"{{{PUBSUB}}}pubsub")
        ET.SubElement(create, f"{{{PUBSUB}}}create", {"node": node})
        self.add_form(ET.SubElement(create, f"{{{PUBSUB}}}configure"), "node_config", options)
        try:
            await self.iq("set", None, create)
        except IqError as error:
            if error.condition != "conflict":
                raise
        known = {name: options[name] for name in options if name == "pubsub#access_model"}
        return await self.publish_with(node, item_id, payload, known)

    @staticmethod
    def add_form(parent, kind, options):
        form = ET.SubElement(parent, "{jabber:x:data}x", {"type": "submit"})
        for name, value in (("FORM_TYPE", f"{PUBSUB}#{kind}"), *options.items()):
            field = ET.SubElement(form, "{jabber:x:data}field", {"var": name})
            if name == "FORM_TYPE":
                field.set("type", "hidden")
            ET.SubElement(field, "{jabber:x:data}value").text = value

    async def publish_with(self, node, item_id, payload, options):
        pubsub = ET.Element(f"{{{PUBSUB}}}pubsub")
        publish = ET.SubElement(pubsub, f"{{{PUBSUB}}}publish", {"node": node})
        ET.SubElement(publish, f"{{{PUBSUB}}}item", {"id": item_id}).append(payload)
        self.add_form(ET.SubElement(pubsub, f"{{{PUBSUB}}}publish-options"), "publish-options", options)
        return await self.iq("set", None, pubsub)

    async def items(self, jid, node, item_id=None):
        """The payloads of a node, newest last; [] if there is no such node or item."""
        pubsub = ET.Element(f"{{{PUBSUB}}}pubsub")
        items = ET.SubElement(pubsub, f"{{{PUBSUB}}}items", {"node": node})
        if item_id:
            ET.SubElement(items, f"{{{PUBSUB}}}item", {"id": item_id})
        try:
            answer = await self.iq("get", jid, pubsub)
        except IqError as error:
            if error.condition == "item-not-found":
                return []
            raise
        return [child for item in answer.iter(f"{{{PUBSUB}}}item") for child in item]

    async def retract(self, node, item_id):
        pubsub = ET.Element(f"{{{PUBSUB}}}pubsub")
        retract = ET.SubElement(pubsub, f"{{{PUBSUB}}}retract", {"node": node, "notify": "true"})
        ET.SubElement(retract, f"{{{PUBSUB}}}item", {"id": item_id})
        try:
            await self.iq("set", None, pubsub)
        except IqError as error:
            if error.condition != "item-not-found":
                raise
