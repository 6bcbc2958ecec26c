# SPDX-License-Identifier: ISC
"""Rooms for tests, made and changed by an independent client (client.py) that is their owner, so that the programs under
test find what a person's room is: there already, with its members."""

import asyncio
import xml.etree.ElementTree as ET

from client import CLIENT, Client

MUC = "http://jabber.org/protocol/muc"
# What OMEMO needs: everybody in it is known by address, and nobody comes in who is not.
PRIVATE = {"persistentroom": "1", "membersonly": "1", "whois": "anyone"}


def configuration(fields):
    query = ET.Element(f"{{{MUC}#owner}}query")
    form = ET.SubElement(query, "{jabber:x:data}x", {"type": "submit"})
    named = {"FORM_TYPE": f"{MUC}#roomconfig", **{f"muc#roomconfig_{name}": value for name, value in fields.items()}}
    for name, value in named.items():
        field = ET.SubElement(form, "{jabber:x:data}field", {"var": name})
        ET.SubElement(field, "{jabber:x:data}value").text = value
    return query


def affiliation(jid, kind):
    query = ET.Element(f"{{{MUC}#admin}}query")
    ET.SubElement(query, f"{{{MUC}#admin}}item", {"jid": jid, "affiliation": kind})
    return query


async def with_owner(server, owner, room, work):
    client = Client(owner, server.accounts[owner], "127.0.0.1", server.port, server.ca)
    await client.connect()
    try:
        joined = asyncio.get_running_loop().create_future()

        def look(stanza):
            if stanza.tag == f"{{{CLIENT}}}presence" and stanza.get("from", "").startswith(room + "/") and not joined.done():
                joined.set_result(stanza)

        client.on_stanza = look
        presence = ET.Element(f"{{{CLIENT}}}presence", {"to": f"{room}/owner"})
        ET.SubElement(presence, f"{{{MUC}}}x")
        client.send(presence)
        await asyncio.wait_for(joined, 30)
        await work(client)
    finally:
        await client.close()


def make(server, owner, room, members=(), owners=(), fields=None):
    """A room with its configuration and affiliations; the owner leaves it again."""

    async def work(client):
        await client.iq("set", room, configuration(PRIVATE if fields is None else fields))
        for kind, jids in (("member", members), ("owner", owners)):
            for jid in jids:
                await client.iq("set", room, affiliation(jid, kind))

    asyncio.run(with_owner(server, owner, room, work))


def change(server, owner, room, fields=None, affiliations=None):
    """Changes its configuration, or somebody's affiliation (jid -> kind)."""

    async def work(client):
        if fields:
            await client.iq("set", room, configuration(fields))
        for jid, kind in (affiliations or {}).items():
            await client.iq("set", room, affiliation(jid, kind))

    asyncio.run(with_owner(server, owner, room, work))
