#!/usr/bin/python3
# SPDX-License-Identifier: ISC
#
# The bare key exchange, ratchet and payload against an independent implementation, python3-twomemo, without a server:
# what one side writes the other must read, in both directions. Speaks to the vector port (its first argument) over pipes and
# prints TAP.
import asyncio
import itertools
import os
import subprocess
import sys

try:
    import doubleratchet
    import omemo
    from twomemo import twomemo
    import x3dh
    import xeddsa
    from omemo.storage import Just, Maybe, Nothing, Storage
except ImportError as missing:
    print(f"1..0 # SKIP python3-twomemo is not installed ({missing.name}): apt install python3-twomemo")
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


class Ours:
    """One identity of the port, as a seed or as a scalar, with its signed prekey and a prekey."""

    def __init__(self, port, scalar):
        self.port = port
        secret = os.urandom(32)
        if scalar:
            secret = xeddsa.seed_to_priv(secret)
            self.public = xeddsa.priv_to_ed25519_pub(secret)
            # The scalar's public key with sign bit 0, as XEdDSA has it.
            self.public = self.public[:31] + bytes([self.public[31] & 0x7f])
        else:
            self.public = xeddsa.seed_to_ed25519_pub(secret)
        self.keys = {"identity": secret} if scalar else {"identity_seed": secret}
        self.spk, self.spk_public = pair()
        self.prekey, self.prekey_public = pair()
        self.signature = (xeddsa.ed25519_priv_sign(xeddsa.priv_force_sign(secret, False), self.spk_public, os.urandom(64))
                          if scalar else xeddsa.ed25519_seed_sign(secret, self.spk_public))

    def bundle(self):
        return twomemo.BundleImpl(
            OUR_JID, OUR_DEVICE,
            x3dh.Bundle(self.public, self.spk_public, self.signature, frozenset([self.prekey_public])),
            7, {self.prekey_public: 77})


async def they_begin(ours):
    """Their bundle of ours, a session, and a first message of theirs read by the port."""
    their = twomemo.Twomemo(Memory())
    plain = b"first of theirs"
    content, material = await their.encrypt_plaintext(plain)
    session, encrypted = await their.build_session_active(OUR_JID, OUR_DEVICE, ours.bundle(), material)
    kex = session.key_exchange.serialize(encrypted.serialize())
    answer = ours.port("accept", dialect=2, session="a", **ours.keys, spk=ours.spk, prekey=ours.prekey, spk_id=7,
                       prekey_id=77, ratchet=os.urandom(32), kex=kex)
    read = ours.port("payload-decrypt", dialect=2, keys=bytes.fromhex(answer["message"]), ciphertext=content.ciphertext)
    assert bytes.fromhex(read["message"]) == plain
    return their, session


async def we_begin(ours):
    """The port starts a session from their bundle; they read the first message."""
    their = twomemo.Twomemo(Memory())
    await their.generate_pre_keys(5)
    bundle = await their.get_bundle(THEIR_JID, THEIR_DEVICE)
    prekey, prekey_id = next(iter(bundle.pre_key_ids.items()))
    ours.port("initiate", dialect=2, session="a", **ours.keys, ephemeral=os.urandom(32), ratchet=os.urandom(32),
              peer_identity=bundle.identity_key, peer_spk=bundle.bundle.signed_pre_key, peer_spk_id=bundle.signed_pre_key_id,
              peer_signature=bundle.bundle.signed_pre_key_sig, peer_prekey=prekey, peer_prekey_id=prekey_id)
    return their, await they_accept(their, ours, b"first of ours")


def we_write(ours, plain):
    sealed = ours.port("payload-encrypt", dialect=2, key=os.urandom(32), message=plain)
    answer = ours.port("encrypt", session="a", message=sealed["keys"])
    return bytes.fromhex(sealed["ciphertext"]), bytes.fromhex(answer["data"]), answer["kex"] == "1"


async def they_accept(their, ours, plain):
    ciphertext, data, kex = we_write(ours, plain)
    assert kex
    exchange, message = twomemo.KeyExchangeImpl.parse(data)
    encrypted = twomemo.EncryptedKeyMaterialImpl.parse(message, OUR_JID, OUR_DEVICE)
    session, material = await their.build_session_passive(OUR_JID, OUR_DEVICE, exchange, encrypted)
    assert await their.decrypt_plaintext(twomemo.ContentImpl(ciphertext), material) == plain
    assert exchange.identity_key == ours.public
    return session


async def they_read(their, session, written, plain):
    ciphertext, data, kex = written
    if kex:
        exchange, data = twomemo.KeyExchangeImpl.parse(data)
        assert exchange.builds_same_session(session.key_exchange)
    encrypted = twomemo.EncryptedKeyMaterialImpl.parse(data, OUR_JID, OUR_DEVICE)
    material = await their.decrypt_key_material(session, encrypted)
    assert await their.decrypt_plaintext(twomemo.ContentImpl(ciphertext), material) == plain


async def they_write(their, session, plain):
    content, material = await their.encrypt_plaintext(plain)
    encrypted = (await their.encrypt_key_material(session, material)).serialize()
    kex = session.initiation.name == "ACTIVE" and not session.confirmed
    if kex:
        encrypted = session.key_exchange.serialize(encrypted)
    return content.ciphertext, encrypted, kex


def we_read(ours, written, plain):
    ciphertext, data, kex = written
    answer = ours.port("decrypt", session="a", data=data, kex=int(kex), ratchet=os.urandom(32))
    read = ours.port("payload-decrypt", dialect=2, keys=answer["message"], ciphertext=ciphertext)
    assert bytes.fromhex(read["message"]) == plain


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
    ciphertext, data, kex = await they_write(their, session, b"whole")
    for position in range(len(data)):
        broken = data[:position] + bytes([data[position] ^ 1]) + data[position + 1:]
        try:
            we_read(ours, (ciphertext, broken, kex), b"whole")
        except Refused:
            continue
        raise AssertionError(f"byte {position} altered and accepted")
    we_read(ours, (ciphertext, data, kex), b"whole")


async def empty(ours, their, session):
    """Empty messages carry 32 zero bytes in both directions."""
    _, material = await their.encrypt_empty()
    encrypted = (await their.encrypt_key_material(session, material)).serialize()
    kex = session.initiation.name == "ACTIVE" and not session.confirmed
    if kex:
        encrypted = session.key_exchange.serialize(encrypted)
    assert ours.port("decrypt", session="a", data=encrypted, kex=int(kex), ratchet=os.urandom(32))["message"] == "00" * 32
    answer = ours.port("encrypt", session="a", message=bytes(32))
    data = bytes.fromhex(answer["data"])
    if answer["kex"] == "1":
        data = twomemo.KeyExchangeImpl.parse(data)[1]
    read = await their.decrypt_key_material(session, twomemo.EncryptedKeyMaterialImpl.parse(data, OUR_JID, OUR_DEVICE))
    assert read.key == bytes(32) and read.auth_tag == b""


def main():
    port = Port(sys.argv[1])
    cases = [(scalar, begin, body) for scalar in (False, True) for begin in (they_begin, we_begin)
             for body in (talk, disorder, far, damage, empty)]
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
