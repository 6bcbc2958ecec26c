#!/usr/bin/python3
# SPDX-License-Identifier: ISC
#
# The bare key exchange, ratchet and payload of dialect 0.3 against an independent implementation, python3-oldmemo, without
# a server: what one side writes the other must read, in both directions. Speaks to the vector port (its first argument)
# over pipes and prints TAP.
import asyncio
import itertools
import os
import subprocess
import sys

try:
    import doubleratchet
    import omemo
    from oldmemo import oldmemo
    import x3dh
    import xeddsa
    from omemo.storage import Just, Maybe, Nothing, Storage
except ImportError as missing:
    print(f"1..0 # SKIP python3-oldmemo is not installed ({missing.name}): apt install python3-oldmemo")
    sys.exit(0)


class Refused(Exception):
    pass


class Port:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, operation, **fields):
        def text(value):
            return value.hex() if isinstance(value, bytes) else str(value)
        line = " ".join([operation] + [f"{name.replace('_', '-')}={text(value)}" for name, value in fields.items()])
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().decode().split()
        if not words or words[0] != "ok":
            raise Refused(" ".join(words[1:]))
        return dict(word.split("=", 1) for word in words[1:])


class Memory(Storage):
    def __init__(self):
        super().__init__(True)
        self.values = {}

    async def _load(self, key):
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key, value):
        self.values[key] = value

    async def _delete(self, key):
        self.values.pop(key, None)


OUR_JID, THEIR_JID = "juliet@capulet.example", "romeo@montague.example"
OUR_DEVICE, THEIR_DEVICE = 27183, 31415


def pair():
    private = os.urandom(32)
    return private, xeddsa.priv_to_curve25519_pub(private)


def wire(public):
    return b"\x05" + public


class Ours:
    """One identity of the port, as a seed or as a scalar, with its signed prekey and a prekey. In 0.3 both sign with the
    scalar, so that the Edwards key has sign 0."""

    def __init__(self, port, scalar):
        self.port = port
        secret = os.urandom(32)
        self.keys = {"identity": xeddsa.seed_to_priv(secret)} if scalar else {"identity_seed": secret}
        private = xeddsa.seed_to_priv(secret)
        self.public = xeddsa.curve25519_pub_to_ed25519_pub(xeddsa.priv_to_curve25519_pub(private), False)
        self.spk, self.spk_public = pair()
        self.prekey, self.prekey_public = pair()
        signed = port("xeddsa-sign", private=private, message=wire(self.spk_public), random=os.urandom(64))
        self.signature = bytes.fromhex(signed["signature"])
        assert self.signature[63] < 0x80

    def bundle(self):
        return oldmemo.BundleImpl(
            OUR_JID, OUR_DEVICE,
            x3dh.Bundle(self.public, self.spk_public, self.signature, frozenset([self.prekey_public])),
            7, {self.prekey_public: 77})


def we_open(ours, keys, content, iv=None):
    answer = ours.port("payload-decrypt", dialect="0.3", keys=keys, iv=iv or content.initialization_vector,
                       ciphertext=content.ciphertext)
    return bytes.fromhex(answer["message"])


async def they_begin(ours):
    """Their bundle of ours, a session, and a first message of theirs read by the port."""
    their = oldmemo.Oldmemo(Memory())
    plain = b"first of theirs"
    content, material = await their.encrypt_plaintext(plain)
    session, encrypted = await their.build_session_active(OUR_JID, OUR_DEVICE, ours.bundle(), material)
    kex, _ = session.key_exchange.serialize(encrypted.serialize())
    answer = ours.port("accept", dialect="0.3", session="a", **ours.keys, spk=ours.spk, prekey=ours.prekey, spk_id=7,
                       prekey_id=77, ratchet=os.urandom(32), kex=kex)
    assert we_open(ours, answer["message"], content) == plain
    return their, session


async def we_begin(ours):
    """The port starts a session from their bundle; they read the first message. Their identity is a seed whose sign falls
    as it may, and stands in the top bit of the signature, as their writer of bundles has it."""
    their = oldmemo.Oldmemo(Memory())
    await their.generate_pre_keys(5)
    bundle = await their.get_bundle(THEIR_JID, THEIR_DEVICE)
    prekey, prekey_id = next((key, number) for key, number in bundle.pre_key_ids.items() if number > 0)
    signature = bytearray(bundle.bundle.signed_pre_key_sig)
    signature[63] |= bundle.identity_key[31] & 0x80
    ours.port("initiate", dialect="0.3", session="a", **ours.keys, ephemeral=os.urandom(32), ratchet=os.urandom(32),
              peer_identity=wire(xeddsa.ed25519_pub_to_curve25519_pub(bundle.identity_key)),
              peer_spk=wire(bundle.bundle.signed_pre_key), peer_spk_id=bundle.signed_pre_key_id,
              peer_signature=bytes(signature), peer_prekey=wire(prekey), peer_prekey_id=prekey_id,
              registration=OUR_DEVICE)
    return their, await they_accept(their, ours, b"first of ours")


def we_write(ours, plain):
    iv = os.urandom(12)
    sealed = ours.port("payload-encrypt", dialect="0.3", key=os.urandom(16), iv=iv, message=plain)
    answer = ours.port("encrypt", session="a", message=sealed["keys"])
    return oldmemo.ContentImpl(bytes.fromhex(sealed["ciphertext"]), iv), bytes.fromhex(answer["data"]), answer["kex"] == "1"


async def they_accept(their, ours, plain):
    content, data, kex = we_write(ours, plain)
    assert kex
    exchange, message = oldmemo.KeyExchangeImpl.parse(data, False)
    encrypted = oldmemo.EncryptedKeyMaterialImpl.parse(message, OUR_JID, OUR_DEVICE)
    session, material = await their.build_session_passive(OUR_JID, OUR_DEVICE, exchange, encrypted)
    assert await their.decrypt_plaintext(content, material) == plain
    assert exchange.identity_key == ours.public
    return session


async def they_read(their, session, written, plain):
    content, data, kex = written
    if kex:
        exchange, data = oldmemo.KeyExchangeImpl.parse(data, False)
        assert exchange.builds_same_session(session.key_exchange)
    encrypted = oldmemo.EncryptedKeyMaterialImpl.parse(data, OUR_JID, OUR_DEVICE)
    material = await their.decrypt_key_material(session, encrypted)
    assert await their.decrypt_plaintext(content, material) == plain


async def they_write(their, session, plain):
    content, material = await their.encrypt_plaintext(plain)
    encrypted = (await their.encrypt_key_material(session, material)).serialize()
    kex = session.initiation.name == "ACTIVE" and not session.confirmed
    if kex:
        encrypted, _ = session.key_exchange.serialize(encrypted)
    return content, encrypted, kex


def we_read(ours, written, plain):
    content, data, kex = written
    answer = ours.port("decrypt", session="a", data=data, kex=int(kex), ratchet=os.urandom(32))
    assert we_open(ours, answer["message"], content) == plain


def refused(name, call, *args):
    try:
        call(*args)
    except Refused as error:
        assert str(error) == name, f"{error} instead of {name}"
        return
    raise AssertionError(f"not refused ({name})")


async def talk(ours, their, session):
    """A conversation with turns of several lengths, on a session whose first message arrived."""
    number = itertools.count()
    for turn in range(12):
        for _ in range(1 + turn % 3):
            plain = f"message {next(number)}".encode() * (1 + turn)
            if turn % 2 == 0:
                await they_read(their, session, we_write(ours, plain), plain)
            else:
                we_read(ours, await they_write(their, session, plain), plain)


async def disorder(ours, their, session):
    """Bursts across ratchet steps in both directions, read in every third permutation's order, with duplicates."""
    orders = list(itertools.permutations(range(6)))[::101]
    for order in orders:
        # We read something and owe a new ratchet key, so that what we write in between makes them step.
        we_read(ours, await they_write(their, session, b"start"), b"start")
        burst = [(f"t{i}".encode(), await they_write(their, session, f"t{i}".encode())) for i in range(3)]
        plain = b"between"
        await they_read(their, session, we_write(ours, plain), plain)
        # The next three use their new ratchet key.
        burst += [(f"t{i}".encode(), await they_write(their, session, f"t{i}".encode())) for i in range(3, 6)]
        for i in order:
            we_read(ours, burst[i][1], burst[i][0])
        refused("duplicate", we_read, ours, burst[order[2]][1], b"")
        ours_burst = [(f"o{i}".encode(), we_write(ours, f"o{i}".encode())) for i in range(6)]
        for i in order:
            await they_read(their, session, ours_burst[i][1], ours_burst[i][0])


async def far(ours, their, session):
    """The thousand-and-second message first, then all those before it."""
    await talk(ours, their, session)
    burst = [await they_write(their, session, b"x") for _ in range(1002)]
    refused("too-far", we_read, ours, burst[1001], b"x")
    we_read(ours, burst[1000], b"x")
    for written in burst[:1000]:
        we_read(ours, written, b"x")
    we_read(ours, burst[1001], b"x")
    refused("duplicate", we_read, ours, burst[500], b"x")


async def damage(ours, their, session):
    """Every byte of a message altered in turn is refused, and the true one is read afterwards."""
    await talk(ours, their, session)
    content, data, kex = await they_write(their, session, b"whole")
    for position in range(len(data)):
        broken = data[:position] + bytes([data[position] ^ 1]) + data[position + 1:]
        try:
            we_read(ours, (content, broken, kex), b"whole")
        except Refused:
            continue
        raise AssertionError(f"byte {position} altered and accepted")
    we_read(ours, (content, data, kex), b"whole")


async def empty(ours, their, session):
    """Empty messages carry a key of 16 bytes and no tag in both directions."""
    _, material = await their.encrypt_empty()
    encrypted = (await their.encrypt_key_material(session, material)).serialize()
    kex = session.initiation.name == "ACTIVE" and not session.confirmed
    if kex:
        encrypted, _ = session.key_exchange.serialize(encrypted)
    answer = ours.port("decrypt", session="a", data=encrypted, kex=int(kex), ratchet=os.urandom(32))
    assert bytes.fromhex(answer["message"]) == material.key and len(material.key) == 16
    key = os.urandom(16)
    answer = ours.port("encrypt", session="a", message=key)
    data = bytes.fromhex(answer["data"])
    if answer["kex"] == "1":
        data = oldmemo.KeyExchangeImpl.parse(data, False)[1]
    read = await their.decrypt_key_material(session, oldmemo.EncryptedKeyMaterialImpl.parse(data, OUR_JID, OUR_DEVICE))
    assert read.key == key and read.auth_tag == b""


async def tag_outside(ours, their, session):
    """T11: a payload whose tag stands behind it and not in the ratchet is refused, with and without its tag there."""
    content, data, kex = await they_write(their, session, b"whole")
    answer = ours.port("decrypt", session="a", data=data, kex=int(kex), ratchet=os.urandom(32))
    keys = bytes.fromhex(answer["message"])
    assert len(keys) == 32
    outside = oldmemo.ContentImpl(content.ciphertext + keys[16:], content.initialization_vector)
    refused("malformed", we_open, ours, keys[:16], outside)
    refused("malformed", we_open, ours, keys[:16], content)
    refused("bad-mac", we_open, ours, keys, outside)
    refused("bad-mac", we_open, ours, keys, content, bytes(12))
    refused("malformed", we_open, ours, keys, content, bytes(11))
    assert we_open(ours, keys, content) == b"whole"


def main():
    port = Port(sys.argv[1])
    cases = [(scalar, begin, body) for scalar in (False, True) for begin in (they_begin, we_begin)
             for body in (talk, disorder, far, damage, empty, tag_outside)]
    print(f"1..{len(cases)}", flush=True)
    failures = 0
    for number, (scalar, begin, body) in enumerate(cases, 1):
        async def run():
            ours = Ours(port, scalar)
            their, session = await begin(ours)
            await body(ours, their, session)
        name = f"{begin.__name__} {body.__name__} identity kept as {'scalar' if scalar else 'seed'}"
        try:
            asyncio.run(run())
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # every failure is a result
            failures += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}", flush=True)
    port.process.stdin.close()
    if port.process.wait() != 0:
        print(f"Bail out! vector-port ended with {port.process.returncode}")
        failures += 1
    return 1 if failures else 0


sys.exit(main())
