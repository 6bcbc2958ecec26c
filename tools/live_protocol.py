# SPDX-License-Identifier: ISC
"""What doc/xtls.xml says about bytes, as parts of tools/live-vectors: messages, the published certificate, identities of
retained secrets, the secrets themselves, proofs, statements, passwords; and the string that two people compare.

Standard library alone, and nothing of the C: Ed25519 (RFC 8032) and XEdDSA are below, slow and not in constant time.
"""

import hashlib
import hmac

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_MINUS_ONE = pow(2, (P - 1) // 4, P)


# ---- Ed25519 (RFC 8032 section 5.1) and XEdDSA ----------------------------------------------------------------------------


def x_from(y, sign):
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * ROOT_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        raise ValueError("not on the curve")
    return P - x if x & 1 != sign else x


def added(p, q):
    """Extended coordinates, section 5.1.4."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def plain(point):
    inverse = pow(point[2], P - 2, P)
    return point[0] * inverse % P, point[1] * inverse % P


def extended(point):
    return point[0], point[1], 1, point[0] * point[1] % P


def times(scalar, point):
    result, point = (0, 1, 1, 0), extended(point)
    while scalar > 0:
        if scalar & 1:
            result = added(result, point)
        point = added(point, point)
        scalar >>= 1
    return plain(result)


BASE = (x_from(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)


def point_bytes(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def point_of(data):
    value = int.from_bytes(data, "little")
    y = value & (2**255 - 1)
    return x_from(y, value >> 255), y


def number_of_hash(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def clamped(data):
    return int.from_bytes(data, "little") & (2**254 - 8) | 2**254


def ed25519_public(seed):
    return point_bytes(times(clamped(hashlib.sha512(seed).digest()[:32]), BASE))


def ed25519_sign(seed, message):
    expanded = hashlib.sha512(seed).digest()
    scalar, public = clamped(expanded[:32]), ed25519_public(seed)
    nonce = number_of_hash(expanded[32:], message) % ORDER
    commitment = point_bytes(times(nonce, BASE))
    answer = (nonce + number_of_hash(commitment, public, message) * scalar) % ORDER
    return commitment + answer.to_bytes(32, "little")


def ed25519_verify(public, message, signature):
    answer = int.from_bytes(signature[32:], "little")
    challenge = number_of_hash(signature[:32], public, message)
    right = plain(added(extended(point_of(signature[:32])), extended(times(challenge % ORDER, point_of(public)))))
    return answer < ORDER and times(answer, BASE) == right


def x25519_public(private):
    y = times(clamped(private), BASE)[1]
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


def edwards_of(curve25519):
    u = int.from_bytes(curve25519, "little")
    return ((u - 1) * pow(u + 1, P - 2, P) % P).to_bytes(32, "little")


def xeddsa_sign(private, message, random):
    scalar = clamped(private)
    point = times(scalar, BASE)
    if point[0] & 1:
        scalar, point = -scalar % ORDER, ((P - point[0]) % P, point[1])
    public = point_bytes(point)
    # What is hashed is the clamped scalar, or its negative modulo the order, as in the vectors of OMEMO.
    nonce = number_of_hash((2**256 - 2).to_bytes(32, "little"), scalar.to_bytes(32, "little"), message, random) % ORDER
    commitment = point_bytes(times(nonce, BASE))
    answer = (nonce + number_of_hash(commitment, public, message) * scalar) % ORDER
    return commitment + answer.to_bytes(32, "little")


# ---- words of the specification -------------------------------------------------------------------------------------------

NONE = b""
ZEROS = bytes(32)


def made(label, size=32):
    return hashlib.shake_256(f"sotto live protocol vectors: {label}".encode()).digest(size)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), "sha256").digest()


def block(data):
    return len(data).to_bytes(4, "big") + data


def blocks(*parts):
    return b"".join(map(block, parts))


def expand(key, info, size):
    """HKDF-Expand (RFC 5869) for at most one block."""
    return mac(key, info, b"\x01")[:size]


def hkdf(salt, material, info, size):
    return expand(mac(salt, material), info, size)


def message(kind, *body):
    content = b"".join(body)
    return (len(content) + 1).to_bytes(4, "big") + bytes([kind]) + content


PAD, PROOF, DATA, HAVE, YOU_FIRST, HOLD, STATEMENT, PASSWORD, CLOSE = range(9)
THE_YOU_FIRST = message(YOU_FIRST, bytes(96))
OFFER, ANSWER, CONFIRM, CONFIRMED, NO = range(1, 6)
X509, OPENPGP, OMEMO = range(1, 4)

ROMEO, JULIET = b"romeo@montague.example", b"juliet@capulet.example"
ORCHARD, BALCONY = ROMEO + b"/orchard", JULIET + b"/balcony"


# ---- messages -------------------------------------------------------------------------------------------------------------


def message_of(kind, body):
    return {"message": message(int(kind), body)}


def messages():
    epoch, last = made("epoch", 16), (7).to_bytes(8, "big")
    stanza = "<message xmlns='jabber:client' type='chat' id='m1'><body>Wilt thou be gone?</body></message>".encode()
    for name, kind, body in (
            ("pad", PAD, bytes(27)), ("proof", PROOF, made("a key") + made("a signature", 64)),
            ("data", DATA, epoch + last + stanza), ("have", HAVE, epoch + last), ("you-first", YOU_FIRST, bytes(96)),
            ("hold nothing", HOLD, b"\x00"), ("hold two", HOLD, b"\x02" + made("id 1", 16) + made("id 2", 16)),
            ("statement", STATEMENT, bytes([X509]) + made("body of a statement", 80)),
            ("password offered", PASSWORD, bytes([OFFER]) + made("share")),
            ("password asked for", PASSWORD, bytes([OFFER])), ("password no", PASSWORD, bytes([NO])),
            ("close after seven", CLOSE, b"\x01" + epoch + last), ("close after nothing", CLOSE, b"\x02" + bytes(24)),
            ("of a later version", 128, b"whatever")):
        yield {"name": name, "about": "kind and body", "kind": kind, "body": body, **message_of(kind, body)}


# ---- the published certificate (DER) --------------------------------------------------------------------------------------


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    coded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(coded)]) + coded) + content


def certificate_of(sentence):
    seed = sha256(sentence)
    algorithm = der(0x30, der(0x06, b"\x2b\x65\x70"))
    name = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x0C, b"sotto live"))))
    validity = der(0x30, der(0x17, b"700101000000Z"), der(0x18, b"99991231235959Z"))
    key = der(0x30, algorithm, der(0x03, b"\x00" + ed25519_public(seed)))
    inside = der(0x30, der(0xA0, der(0x02, b"\x02")), der(0x02, b"\x01"), algorithm, name, validity, name, key)
    certificate = der(0x30, inside, algorithm, der(0x03, b"\x00" + ed25519_sign(seed, inside)))
    private = der(0x30, der(0x02, b"\x00"), algorithm, der(0x04, der(0x04, seed)))
    return {"seed": seed, "certificate": certificate, "private-key": private}


def certificates():
    sentence = b"sotto live certificate 0"
    yield {"name": "version 0", "about": "what every responder shows", "sentence": sentence, **certificate_of(sentence)}


# ---- retained secrets and their identities --------------------------------------------------------------------------------


def secret_of(previous, exporter, isk, first_proof, second_proof):
    info = b"sotto live retained 0" + sha256(first_proof) + sha256(second_proof)
    secret = hkdf(previous or ZEROS, exporter + isk, info, 32)
    return {"secret": secret, "id": expand(secret, b"sotto live id 0", 16), "psk": expand(secret, b"sotto live psk 0", 32),
            "identity-key-i": expand(secret, b"sotto live identity 0 I", 32),
            "identity-key-r": expand(secret, b"sotto live identity 0 R", 32)}


SECRET_INPUTS = ("previous", "exporter", "isk", "first-proof", "second-proof")


def secrets():
    previous = NONE
    for name, about, isk in (("first", "no secret before, no password", NONE), ("chained", "the first was the PSK", NONE),
                             ("with a password", "the one before was the PSK", made("isk", 64)),
                             ("after a password", "the one before was the PSK", NONE)):
        given = (previous, made(name + " retained exporter"), isk, message(PROOF, made(name + " first proof", 96)),
                 message(PROOF, made(name + " second proof", 96)))
        case = {"name": name, "about": about, **dict(zip(SECRET_INPUTS, given)), **secret_of(*given)}
        yield case
        previous = case["secret"]
    given = (NONE, made("first password exporter"), made("isk of strangers", 64), message(PROOF, made("one", 96)),
             message(PROOF, made("another", 96)))
    yield {"name": "first, with a password", "about": "no secret before", **dict(zip(SECRET_INPUTS, given)), **secret_of(*given)}


def identity_of(identity_key, nonce, initiator, responder):
    return {"identity": nonce + mac(identity_key, nonce, block(initiator), block(responder))}


IDENTITY_INPUTS = ("identity-key", "nonce", "initiator", "responder")


def identities():
    known = next(secrets())
    key_i, key_r = known["identity-key-i"], known["identity-key-r"]
    for name, about, key, initiator, responder in (
            ("of the initiator", "who began the session of the secret begins again", key_i, ORCHARD, BALCONY),
            ("of the responder", "who answered then begins now", key_r, BALCONY, ORCHARD),
            ("redirected", "the nonce of the first, at another resource: another identity", key_i, ORCHARD, JULIET + b"/tomb"),
            ("another JID", "the same secret, people with new addresses", key_i, b"r@verona.example/1", b"j@verona.example/2"),
            ("long", "UTF-8, and a long resource", key_r, "zoë@bücher.example/ß".encode(), ROMEO + b"/" + b"x" * 900)):
        given = (key, made(("of the initiator" if name == "redirected" else name) + " nonce", 16), initiator, responder)
        yield {"name": name, "about": about, **dict(zip(IDENTITY_INPUTS, given)), **identity_of(*given)}


# ---- proofs ---------------------------------------------------------------------------------------------------------------


def proof_of(seed, role, exporter, initiator, responder, earlier, secret_id):
    key = ed25519_public(seed)
    signed = blocks(b"sotto live proof 0", role, exporter, initiator, responder, key, earlier, secret_id)
    signature = ed25519_sign(seed, signed)
    assert ed25519_verify(key, signed, signature)
    proof = message(PROOF, key, signature)
    return {"key": key, "signed-bytes": signed, "signature": signature, "message": proof, "hash": sha256(proof)}


PROOF_INPUTS = ("seed", "role", "exporter", "initiator", "responder", "earlier", "secret-id")


def proofs():
    seeds = {b"I": made("seed of the initiator"), b"R": made("seed of the responder")}
    for name, order, secret_id in (("responder first", b"RI", NONE), ("responder first, secret", b"RI", made("an id", 16)),
                                   ("you-first", b"IR", NONE), ("you-first, secret", b"IR", made("an id", 16))):
        earlier = sha256(THE_YOU_FIRST) if order == b"IR" else ZEROS
        for place, role in zip(("first proof", "second proof"), (order[:1], order[1:])):
            given = (seeds[role], role, made(name + " exporter"), ORCHARD, BALCONY, earlier, secret_id)
            case = {"name": f"{name}: {place}", "about": "of the " + {b"I": "initiator", b"R": "responder"}[role],
                    **dict(zip(PROOF_INPUTS, given)), **proof_of(*given)}
            yield case
            earlier = case["hash"]


# ---- statements -----------------------------------------------------------------------------------------------------------


def binding_of(jid, key, time):
    return {"binding": blocks(b"sotto live statement 0", jid, key, time)}


BINDING_INPUTS = ("jid", "key", "made")


def bindings():
    """What an X.509 or OpenPGP key signs. The body of an X.509 statement by an Ed25519 key shows the form."""
    seed, certificate = made("seed of a certificate"), certificate_of(b"sotto live certificate 0")["certificate"]
    for name, jid, time in (("today", JULIET, 1792771200), ("the longest ago", ROMEO, 0)):
        given = (jid, ed25519_public(made("seed of the responder")), time.to_bytes(8, "big"))
        case = {"name": name, "about": "signed here by an Ed25519 key, with some certificate behind it",
                **dict(zip(BINDING_INPUTS, given)), "signer-seed": seed, "chain": certificate}
        yield {**case, **binding_check(case)}


def binding_check(case):
    binding = binding_of(*(case[key] for key in BINDING_INPUTS))["binding"]
    signature = ed25519_sign(case["signer-seed"], binding)
    body = block(case["made"]) + block(signature) + block(case["chain"])
    return {"binding": binding, "signature": signature, "body": body}


def sibling_of(private, random, device, exporter, role, initiator, responder, key):
    signed = blocks(b"sotto live sibling 0", exporter, role, initiator, responder, key)
    identity, signature = x25519_public(private), xeddsa_sign(private, signed, random)
    assert ed25519_verify(edwards_of(identity), signed, signature)
    return {"omemo-key": identity, "signed-bytes": signed, "signature": signature,
            "body": device + block(identity) + block(signature)}


SIBLING_INPUTS = ("omemo-private", "random", "device", "exporter", "role", "initiator", "responder", "key")


def siblings():
    signs = {}
    for number in range(16):
        private = made(f"omemo {number}")
        signs.setdefault(times(clamped(private), BASE)[0] & 1, private)
    for sign, private in sorted(signs.items()):
        given = (private, made(f"random {sign}", 64), (1234567 + sign).to_bytes(4, "big"), made("sibling exporter"),
                 b"IR"[sign:sign + 1], ORCHARD, BALCONY, ed25519_public(made("seed of a new device")))
        yield {"name": f"sign {sign}", "about": f"the Edwards form of this scalar has sign {sign} before XEdDSA makes it 0",
               **dict(zip(SIBLING_INPUTS, given)), **sibling_of(*given)}


# ---- passwords ------------------------------------------------------------------------------------------------------------

PASSWORD_INPUTS = ("password", "exporter", "initiator", "responder", "key-i", "key-r", "random-i", "random-r")


def bare(jid):
    return jid.split(b"/", 1)[0]


def password_of(cpace, password, exporter, initiator, responder, key_i, key_r, random_i, random_r):
    channel = b"sotto live password 0" + blocks(bare(initiator), bare(responder))
    data_i, data_r = blocks(b"I", key_i, initiator), blocks(b"R", key_r, responder)
    run = cpace(password, exporter, channel, random_i, data_i, random_r, data_r)
    return {"sid": exporter, "channel": channel, "data-i": data_i, "data-r": data_r, "share-i": run["share-a"],
            "share-r": run["share-b"], "isk": run["isk"], "tag-i": run["tag-a"], "tag-r": run["tag-b"],
            "offer": message(PASSWORD, bytes([OFFER]), run["share-a"]),
            "answer": message(PASSWORD, bytes([ANSWER]), run["share-b"], run["tag-b"]),
            "confirm": message(PASSWORD, bytes([CONFIRM]), run["tag-a"])}


def passwords(cpace):
    keys = [ed25519_public(made(f"seed of the {who}")) for who in ("initiator", "responder")]
    for name, password in (("a word", b"wherefore"), ("some words", "Käse um 8 am Brunnen".encode())):
        given = (password, made(name + " password exporter"), ORCHARD, BALCONY, *keys, made(name + " i"), made(name + " r"))
        yield {"name": name, "about": "the initiator of the session is CPace's", **dict(zip(PASSWORD_INPUTS, given)),
               **password_of(cpace, *given)}


# ---- the string that two people compare -----------------------------------------------------------------------------------

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
COMPARE_INPUTS = ("way", "thread", "jid-a", "key-a", "jid-b", "key-b", "exporter", "list-a", "list-b", "nonce-a", "nonce-b")


def characters_of(data):
    number = int.from_bytes(data, "big")
    text = "".join(ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
    return text.encode()


def compare_of(way, thread, jid_a, key_a, jid_b, key_b, exporter, list_a, list_b, nonce_a, nonce_b):
    exported = mac(exporter, b"sotto compare live 0") if way == b"live" else NONE
    first, second = sorted(((jid_a, key_a), (jid_b, key_b)))
    context = sha256(blocks(b"sotto compare context 0", way, *first, *second, exported))
    info = b"sotto compare string 0" + blocks(thread, list_a, list_b, jid_a, jid_b)
    return {"exported": exported, "context": context,
            "commitment": sha256(blocks(b"sotto compare commit 0", thread, list_a, nonce_a)),
            "check": sha256(blocks(b"sotto compare check 0", context))[:16],
            "string": characters_of(hkdf(context, nonce_a + nonce_b, info, 5))}


def key_list(*keys):
    return b"".join(sorted(bytes([kind]) + key for kind, key in keys))


def compares():
    live_a, live_b = made("live key of A"), made("live key of B")
    omemo_a, omemo_b, second = made("omemo key of A"), made("omemo key of B"), made("second omemo key of A")
    ways = {b"live": (live_a, live_b, made("first exporter")), b"omemo": (omemo_a, omemo_b, NONE)}
    for name, way, jids, list_a, list_b in (
            ("live", b"live", (ROMEO, JULIET), key_list((1, live_a)), key_list((1, live_b))),
            ("live, three devices", b"live", (JULIET, ROMEO), key_list((1, live_a), (2, omemo_a), (2, second)),
             key_list((1, live_b))),
            ("omemo", b"omemo", (ROMEO, JULIET), key_list((2, omemo_a), (1, live_a)), key_list((1, live_b), (2, omemo_b))),
            ("omemo, own devices", b"omemo", (ROMEO, ROMEO), key_list((2, omemo_a)), key_list((2, omemo_b)))):
        key_a, key_b, exporter = ways[way]
        given = (way, made(name + " thread", 16), jids[0], key_a, jids[1], key_b, exporter, list_a, list_b,
                 made(name + " nonce a"), made(name + " nonce b"))
        yield {"name": name, "about": "A asked, B answered", **dict(zip(COMPARE_INPUTS, given)), **compare_of(*given)}


# ---- parts ----------------------------------------------------------------------------------------------------------------

# RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = (
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
)
# RFC 5869 appendix A.3: no salt, no info.
RFC_5869 = (b"\x0b" * 22, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
# RFC 7748 section 6.1, Alice.
RFC_7748 = ("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")


def live_trials():
    for number, (seed, public, text, signature) in enumerate(RFC_8032, 1):
        seed, public, text, signature = map(bytes.fromhex, (seed, public, text, signature))
        yield f"RFC 8032, test {number}: key", ed25519_public(seed), public
        yield f"RFC 8032, test {number}: signature", ed25519_sign(seed, text), signature
        yield f"RFC 8032, test {number}: verified", ed25519_verify(public, text, signature), True
        yield f"RFC 8032, test {number}: another text", ed25519_verify(public, text + b"x", signature), False
    material, expected = RFC_5869
    yield "RFC 5869, A.3", hkdf(ZEROS, material, b"", 32).hex(), expected
    private, public = map(bytes.fromhex, RFC_7748)
    yield "RFC 7748, section 6.1", x25519_public(private), public
    yield "proof and you-first are of one length", len(THE_YOU_FIRST), len(message(PROOF, bytes(32), bytes(64)))
    redirected = {case["name"]: case["identity"] for case in identities()}
    yield "a redirected identity is another one", redirected["redirected"] == redirected["of the initiator"], False


def compare_trials():
    yield "32 characters, none that looks like another", (len(set(ALPHABET)), set("IO01") & set(ALPHABET)), (32, set())
    yield "first and last character", characters_of(bytes(5)) + characters_of(b"\xff" * 5), b"AAAAAAAA99999999"


def given_of(case, names):
    return tuple(case[name] for name in names)


def checks(cpace):
    return {
        "messages": lambda case: message_of(case["kind"], case["body"]),
        "certificates": lambda case: certificate_of(case["sentence"]),
        "secrets": lambda case: secret_of(*given_of(case, SECRET_INPUTS)),
        "identities": lambda case: identity_of(*given_of(case, IDENTITY_INPUTS)),
        "proofs": lambda case: proof_of(*given_of(case, PROOF_INPUTS)),
        "bindings": binding_check,
        "siblings": lambda case: sibling_of(*given_of(case, SIBLING_INPUTS)),
        "passwords": lambda case: password_of(cpace, *given_of(case, PASSWORD_INPUTS)),
        "compares": lambda case: compare_of(*given_of(case, COMPARE_INPUTS)),
    }


def bytes_again(case):
    """A case as it was before it was written: all strings but two are hex."""
    return {key: bytes.fromhex(value) if isinstance(value, str) and key not in ("name", "about") else value
            for key, value in case.items()}


def check_of(cpace):
    known = checks(cpace)

    def check(kind, case):
        return {key: value.hex() for key, value in known[kind](bytes_again(case)).items()}
    return check


def field_line(field, value):
    """Of a struct in C: numbers, names, and bytes in hex, cut into lines of 96 digits."""
    start = f"        .{field.replace('-', '_')} ="
    if isinstance(value, (int, str)):
        return f"{start} {value},\n" if isinstance(value, int) else f'{start} "{value}",\n'
    text = value.hex()
    pieces = [f'"{text[at:at + 96]}"' for at in range(0, len(text), 96)] or ['""']
    if len(pieces) == 1 and len(start + pieces[0]) < 118:
        return f"{start} {pieces[0]},\n"
    return start + "".join("\n            " + piece for piece in pieces) + ",\n"


def table_of(name, guard, cases):
    """Every kind as a table of structs of hex strings: the order of the fields is that of the file."""
    def table():
        yield ("/* SPDX-License-Identifier: ISC\n *\n"
               f" * Made by tools/live-vectors --table {name}, which says what is in it; not to be changed by hand.\n"
               f" * Bytes are in hex. */\n#ifndef {guard}\n#define {guard}\n\n/* clang-format off */\n")
        for kind, made_cases in cases().items():
            made_cases = list(made_cases)
            fields = [field for field in made_cases[0] if field != "about"]
            yield f"static const struct vector_{kind} {{\n"
            for field in fields:
                whole = isinstance(made_cases[0][field], int)
                yield f"    {'int ' if whole else 'const char *'}{field.replace('-', '_')};\n"
            yield f"}} vector_{kind}[] = {{\n"
            for case in made_cases:
                yield "    {\n" + "".join(field_line(field, case[field]) for field in fields) + "    },\n"
            yield "};\n\n"
        yield "/* clang-format on */\n\n#endif\n"
    return table


def parts(cpace):
    def live_cases():
        return {"messages": list(messages()), "certificates": list(certificates()), "secrets": list(secrets()),
                "identities": list(identities()), "proofs": list(proofs()), "bindings": list(bindings()),
                "siblings": list(siblings()), "passwords": list(passwords(cpace))}

    def compare_cases():
        return {"compares": list(compares())}

    check = check_of(cpace)
    return {
        "live": {"about": "live sessions (doc/xtls.xml): what goes over the wire, is signed, derived and kept",
                 "cases": live_cases, "check": check, "trials": live_trials,
                 "table": table_of("live", "TEST_LIVE_VECTORS_H", live_cases)},
        "compare": {"about": "the string that two people compare (doc/xtls.xml)", "cases": compare_cases, "check": check,
                    "trials": compare_trials, "table": table_of("compare", "TEST_COMPARE_VECTORS_H", compare_cases)},
    }
