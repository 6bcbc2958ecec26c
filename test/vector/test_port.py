#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
#
# The vector port answers the vectors of the RFCs and of NIST, and refuses wrong requests with the exact error. Its first
# argument is the port; prints TAP. Keys and signatures that nobody publishes come out of tools/omemo-vectors, certificates
# out of openssl(1).
import hashlib
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/omemo-vectors")
loader = importlib.machinery.SourceFileLoader("omemo_vectors", TOOL)
made = importlib.util.module_from_spec(importlib.util.spec_from_loader("omemo_vectors", loader))
loader.exec_module(made)

port = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def raw(line):
    port.stdin.write(line + b"\n")
    port.stdin.flush()
    return port.stdout.readline().decode().rstrip("\n")


def line_of(operation, fields):
    def text(value):
        return value.hex() if isinstance(value, bytes) else str(value)
    return " ".join([operation] + [f"{name.replace('_', '-')}={text(value)}" for name, value in fields.items()])


def ask(operation, **fields):
    return raw(line_of(operation, fields).encode())


def expect(answer, operation, **fields):
    found = ask(operation, **fields)
    assert found == answer, f"{line_of(operation, fields)[:500]}: {found[:500]} instead of {answer[:500]}"


def lines(*cases):
    for line, answer in cases:
        found = raw(line.encode() if isinstance(line, str) else line)
        assert found == answer, f"{line[:200]}: {found[:200]} instead of {answer[:200]}"


def ok(**fields):
    return line_of("ok", fields)


# ---- known answers ----------------------------------------------------------------------------------------------------

ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
ALICE_PUBLIC = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
BOB = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
BOB_PUBLIC = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
SHARED = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


def x25519_known():
    """RFC 7748 sections 5.2 and 6.1. The second u has its high bit set, which the RFC masks."""
    expect(ok(shared="c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"), "x25519",
           private="a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
           public="e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    expect(ok(shared="95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"), "x25519",
           private="4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
           public="e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")
    expect(ok(public=ALICE_PUBLIC), "x25519-public", private=ALICE)
    expect(ok(public=BOB_PUBLIC), "x25519-public", private=BOB)
    expect(ok(shared=SHARED), "x25519", private=ALICE, public=BOB_PUBLIC)
    expect(ok(shared=SHARED), "x25519", public=ALICE_PUBLIC, private=BOB)


def x25519_iterated():
    k = u = "09" + "00" * 31
    for count in range(1, 1001):
        k, u = ask("x25519", private=k, public=u).removeprefix("ok shared="), k
        if count == 1:
            assert k == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert k == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def x25519_forms():
    """Each form of a key the RFC accepts, beside what its canonical form gives."""
    answer = ok(shared=ALICE_PUBLIC)
    for u in (9, 2**255 + 9, made.P + 9, made.P + 9 + 2**255):
        expect(answer, "x25519", private=ALICE, public=made.octets(u))
    for low in (2, 4, 5, 16, 17, 18):  # the largest values below 2^255
        form = made.octets(made.P + low)
        expect(ok(shared=made.x25519(bytes.fromhex(ALICE), made.octets(low))), "x25519", private=ALICE, public=form)


def x25519_zero():
    """Points whose order divides 8, on the curve and its twist, in every form (T25)."""
    small = [0, 1, made.number(made.ORDER_8),
             39382357235489614581723060781553021112529911719440698176882885853963445705823, made.P - 1, made.P, made.P + 1]
    for u in small:
        for form in (u, u + 2**255):
            expect("error bad-key", "x25519", private=ALICE, public=made.octets(form))


def ed25519_known():
    """RFC 8032 section 7.1, TEST 1 to 3 and TEST SHA(abc)."""
    for public, message, signature in (
            ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
             "24655141438e7a100b"),
            ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
             "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
             "eeb00d291612bb0c00"),
            ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
             "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
             "8dc027beceea1ec40a"),
            ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", hashlib.sha512(b"abc").hexdigest(),
             "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac1"
             "7ad9bef1177331a704")):
        expect("ok", "ed25519-verify", public=public, message=message, signature=signature)
        expect("error bad-signature", "ed25519-verify", public=public, message=message + "00", signature=signature)


def ed25519_strict():
    """T27: signatures that some verifiers accept."""
    seed, message = made.key_of("strict"), b"message"
    public, signature = made.ed25519_public(seed), made.ed25519_sign(seed, message)
    secret, neutral = made.clamp(hashlib.sha512(seed).digest()[:32]), made.octets(1)

    def verify(answer, public, signature):
        expect(answer, "ed25519-verify", public=public, message=message, signature=signature)
    verify("ok", public, signature)
    for multiple in (1, 2, 15):
        verify("error bad-signature", public, signature[:32] + made.octets(made.number(signature[32:]) + multiple * made.ORDER))
    # R of small order, S fitting it: the equation holds.
    S = made.hash_to_scalar(neutral, public, message) * secret % made.ORDER
    verify("error bad-signature", public, neutral + made.octets(S))
    # A of small order: R = [S]B fits every message.
    r = made.point_encode(made.point_multiply(5, made.BASE))
    verify("error bad-key", neutral, r + made.octets(5))
    for key in (made.octets(made.P - 1), made.octets(0), made.octets(1 | 1 << 255), made.octets(made.P + 1),
                made.octets(made.P), made.octets(2), b"\xff" * 32):
        verify("error bad-key", key, r + made.octets(5))
    # A torsion component in R is seen only with the cofactor.
    R = made.point_encode(made.point_add(made.point_multiply(7, made.BASE), made.TORSION_2))
    S = (7 + made.hash_to_scalar(R, public, message) * secret) % made.ORDER
    verify("error bad-signature", public, R + made.octets(S))
    verify("error bad-signature", public, bytes(64))
    verify("error bad-signature", public, signature[:63])
    verify("error bad-signature", public, signature + b"\0")
    verify("error bad-key", public[:31], signature)


def xeddsa():
    # A signature that a client of the 0.3 dialect made, with the sign in its top bit.
    public = "ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64"
    message = "05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a"
    signature = bytes.fromhex("5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfbede82deb9dcd9fae0bfbb821569b3d9001b"
                              "d8130cd11d486cef047bd60b86e88")
    expect("ok", "xeddsa-verify", public=public, message=message, signature=signature)
    expect("error bad-signature", "xeddsa-verify", public=public, message=message, signature=made.changed(signature, 63, 0x80))
    for count in range(8):
        scalar, random64, message = made.key_of(f"x {count}"), made.key_of(f"r {count}", 64), bytes(count)
        signature = made.xeddsa_sign(scalar, message, random64)
        expect(ok(signature=signature), "xeddsa-sign", private=scalar, message=message, random=random64)
        assert signature[63] < 0x80
        public = made.x25519_public(scalar)
        expect("ok", "xeddsa-verify", public=public, message=message, signature=signature)
        expect("error bad-signature", "xeddsa-verify", public=public, message=message + b"x", signature=signature)
        expect("error bad-signature", "xeddsa-verify", public=public, message=message, signature=made.changed(signature, 40))
        edwards = made.to_ed25519(public, 0)
        expect("ok", "ed25519-verify", public=edwards, message=message, signature=signature)
    expect("error no-random", "xeddsa-sign", private=scalar, message=b"", random=random64[:63])
    expect("error bad-key", "xeddsa-sign", private=scalar[:31], message=b"", random=random64)
    expect("error bad-key", "xeddsa-verify", public=made.octets(0), message=b"", signature=signature)
    expect("error bad-key", "xeddsa-verify", public=made.changed(public, 31, 0x80), message=b"", signature=signature)


def conversion():
    """RFC 7748 section 4.1: the base points are each other's. Then keys that are none."""
    base = "58" + "66" * 31
    expect(ok(public="09" + "00" * 31), "to-x25519", public=base)
    expect(ok(public=base), "to-ed25519", public="09" + "00" * 31, sign=0)
    expect(ok(public="58" + "66" * 30 + "e6"), "to-ed25519", public="09" + "00" * 31, sign=1)
    for count in range(8):
        public = made.ed25519_public(made.key_of(f"convert {count}"))
        expect(ok(public=made.to_x25519(public)), "to-x25519", public=public)
        expect(ok(public=public), "to-ed25519", public=made.to_x25519(public), sign=public[31] >> 7)
        edwards, montgomery = made.twisted(public)
        expect("error bad-key", "to-x25519", public=edwards)
        expect("error bad-key", "to-ed25519", public=montgomery, sign=0)
    for bad in (0, 1, made.P - 1, made.P, made.P + 1, 2, 2**255 + 1):
        expect("error bad-key", "to-x25519", public=made.octets(bad))
    for bad in (0, 1, made.P - 1, made.P, made.P + 9, 2**255 + 9, 2, made.number(made.ORDER_8)):
        expect("error bad-key", "to-ed25519", public=made.octets(bad), sign=0)


LONG = {"ikm": bytes(range(0x50)), "salt": bytes(range(0x60, 0xb0)), "info": bytes(range(0xb0, 0x100))}


def hkdf_known():
    """RFC 5869 appendix A; sizes up to 255 hashes."""
    short = {"ikm": "0b" * 22, "salt": "000102030405060708090a0b0c", "info": "f0f1f2f3f4f5f6f7f8f9"}
    bare = {"ikm": "0b" * 22, "salt": "", "info": ""}
    for hash_name, values, okm in (
            ("sha256", short, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
            ("sha256", LONG,
             "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b836"
             "7793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
            ("sha256", bare, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
            ("sha1", {**short, "ikm": "0b" * 11},
             "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"),
            ("sha1", LONG,
             "0bd770a74d1160f7c9f12cd5912a06ebff6adcae899d92191fe4305673ba2ffe8fa3f1a4e5ad79f3f334b3b202b2173c486ea37ce3d397ed03"
             "4c7f9dfeb15c5e927336d0441f4c4300e2cff0d0900b52d3b4"),
            ("sha1", bare, "0ac1af7002b3d761d1e55298da9d0506b9ae52057220a306e07b6b87e8df21d0ea00033de03984d34918"),
            ("sha1", {**bare, "ikm": "0c" * 22},
             "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48")):
        expect(ok(okm=okm), "hkdf", hash=hash_name, **values, size=len(okm) // 2)
    for hash_name, size in (("sha1", 20), ("sha256", 32), ("sha512", 64)):
        for count in (0, 1, size, size + 1, 255 * size):
            okm = made.hkdf(LONG["ikm"], LONG["salt"], LONG["info"], count, hash_name)
            expect(ok(okm=okm), "hkdf", hash=hash_name, **LONG, size=count)
        expect("error too-large", "hkdf", hash=hash_name, **LONG, size=255 * size + 1)
    expect("error too-large", "hkdf", hash="sha256", **LONG, size=2**64)


def hmac_known():
    """RFC 4231 and RFC 2202, and what Python's hmac says of keys and messages of every length."""
    for hash_name, key, message, tag in (
            ("sha256", "4a656665", b"what do ya want for nothing?",
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            ("sha256", "0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            ("sha256", "aa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            ("sha512", "0b" * 20, b"Hi There",
             "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e"
             "696c203a126854"),
            ("sha512", "aa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
             "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b"
             "915a985d786598"),
            ("sha1", "0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            ("sha1", "4a656665", b"what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            ("sha1", "aa" * 80, b"Test Using Larger Than Block-Size Key - Hash Key First",
             "aa4ae5e15272d00e95705637ce8a3b55ed402112")):
        expect(ok(tag=tag), "hmac", hash=hash_name, key=key, message=message)
    for hash_name in ("sha1", "sha256", "sha512"):
        for size in (0, 1, 31, 32, 54, 55, 56, 63, 64, 65, 119, 127, 128, 129, 1000, 100000):
            key, message = b"k" * (size % 200), b"m" * size
            expect(ok(tag=made.mac_of(key, message, hash_name)), "hmac", hash=hash_name, key=key, message=message)


def hmac_cut():
    """RFC 4231 test case 5 and every length a tag may be cut to."""
    expect("ok", "hmac-verify", hash="sha256", key="0c" * 20, message=b"Test With Truncation",
           tag="a3b6167473100ee06e0c796c2955552b")
    for hash_name in ("sha1", "sha256", "sha512"):
        tag = made.mac_of(b"key", b"message", hash_name)
        for size in range(len(tag) + 2):
            cut = (tag + b"\0")[:size]
            fits = 8 <= size <= len(tag)
            expect("ok" if fits else "error malformed", "hmac-verify", hash=hash_name, key=b"key", message=b"message", tag=cut)
            if fits:
                expect("error bad-mac", "hmac-verify", hash=hash_name, key=b"key", message=b"message",
                       tag=made.changed(cut, -1, 0x80))


def pbkdf2_known():
    """RFC 6070; RFC 7914 section 11 for SHA-256; RFC 7677's iterations and more against hashlib."""
    for hash_name, password, salt, iterations, key in (
            ("sha1", b"password", b"salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            ("sha1", b"password", b"salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
            ("sha1", b"password", b"salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
            ("sha1", b"passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
             "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"),
            ("sha1", b"pass\0word", b"sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
            ("sha256", b"passwd", b"salt", 1,
             "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509"
             "112041d3a19783"),
            ("sha256", b"Password", b"NaCl", 80000,
             "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d07847"
             "8f62b397f33c8d")):
        expect(ok(key=key), "pbkdf2", hash=hash_name, password=password, salt=salt, iterations=iterations, size=len(key) // 2)
    for hash_name in ("sha1", "sha256", "sha512"):
        for size in (1, 19, 20, 21, 64, 65, 200, 10000):
            key = hashlib.pbkdf2_hmac(hash_name, b"", b"", 3, size)
            expect(ok(key=key), "pbkdf2", hash=hash_name, password=b"", salt=b"", iterations=3, size=size)
    rest = {"hash": "sha256", "password": b"p", "salt": b"s"}
    expect("error malformed", "pbkdf2", **rest, iterations=0, size=32)
    expect("error malformed", "pbkdf2", **rest, iterations=1, size=0)
    expect("error too-large", "pbkdf2", **rest, iterations=2**31, size=32)
    expect("error too-large", "pbkdf2", **rest, iterations=2**64, size=32)
    expect("error too-large", "pbkdf2", **rest, iterations=2**25, size=33)
    expect("error too-large", "pbkdf2", **rest, iterations=1, size=2**19 + 1)


CBC_KEY = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
CBC_IV = "000102030405060708090a0b0c0d0e0f"
CBC_MESSAGE = ("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b"
               "417be66c3710")


def cbc_known():
    """SP 800-38A section F.2.5; every length of padding; padding that is none."""
    known = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
    found = ask("aes-cbc-encrypt", key=CBC_KEY, iv=CBC_IV, message=CBC_MESSAGE).removeprefix("ok ciphertext=")
    assert found[:128] == known and len(found) == 160
    key, iv = bytes.fromhex(CBC_KEY), bytes.fromhex(CBC_IV)
    for size in range(50):
        message = bytes(range(size))
        ciphertext = made.cbc_encrypt(key, iv, message)
        expect(ok(ciphertext=ciphertext), "aes-cbc-encrypt", key=key, iv=iv, message=message)
        expect(ok(message=message), "aes-cbc-decrypt", key=key, iv=iv, ciphertext=ciphertext)
    for last in (b"\x00", b"\x11", b"\xff", b"\x01\x02", b"\x02\x03\x03"):
        block = made.aes_encrypt_block(made.aes_keys(key), made.xor((bytes(16) + last)[-16:], iv))
        expect("error malformed", "aes-cbc-decrypt", key=key, iv=iv, ciphertext=block)
    for size in (0, 1, 15, 17, 31):
        expect("error malformed", "aes-cbc-decrypt", key=key, iv=iv, ciphertext=bytes(size))
    for size, answer in ((0, "malformed"), (16, "unsupported"), (24, "unsupported"), (31, "malformed"), (33, "malformed")):
        expect("error " + answer, "aes-cbc-encrypt", key=bytes(size), iv=iv, message=b"")
    for size in (0, 12, 15, 17):
        expect("error malformed", "aes-cbc-decrypt", key=key, iv=bytes(size), ciphertext=bytes(16))


def gcm_known():
    """The cases of the GCM specification (McGrew and Viega, appendix B) for keys of 128 and 256 bits."""
    half, aad = "feffe9928665731c6d6a8f9467308308", "feedfacedeadbeeffeedfacedeadbeefabaddad2"
    iv = "cafebabefacedbaddecaf888"
    message = ("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba63"
               "7b391aafd255")
    with_128 = ("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d5"
                "8e091473f5985")
    with_256 = ("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc"
                "9f662898015ad")
    zeros = {"key": "00" * 32, "iv": "00" * 12, "aad": ""}
    for values, plain, ciphertext, tag in (
            ({**zeros, "key": "00" * 16}, "", "", "58e2fccefa7e3061367f1d57a4e7455a"),
            ({**zeros, "key": "00" * 16}, "00" * 16, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"),
            ({"key": half, "iv": iv, "aad": ""}, message, with_128, "4d5c2af327cd64a62cf35abd2ba6fab4"),
            ({"key": half, "iv": iv, "aad": aad}, message[:120], with_128[:120], "5bc94fbc3221a5db94fae95ae7121a47"),
            (zeros, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
            (zeros, "00" * 16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
            ({"key": half * 2, "iv": iv, "aad": ""}, message, with_256, "b094dac5d93471bdec1a502270e3cc6c"),
            ({"key": half * 2, "iv": iv, "aad": aad}, message[:120], with_256[:120], "76fc6ece0f4e1768cddf8853bb2d551b")):
        expect(ok(ciphertext=ciphertext, tag=tag), "aes-gcm-encrypt", **values, message=plain)
        expect(ok(message=plain), "aes-gcm-decrypt", **values, ciphertext=ciphertext, tag=tag)
        expect("error bad-mac", "aes-gcm-decrypt", **values, ciphertext=ciphertext, tag=made.changed(bytes.fromhex(tag), 15))
        expect("error bad-mac", "aes-gcm-decrypt", **{**values, "aad": values["aad"] + "00"}, ciphertext=ciphertext, tag=tag)
        expect("error bad-mac", "aes-gcm-decrypt", **values, ciphertext=ciphertext + "00", tag=tag)
    # IVs of 16 bytes, as the 0.3 dialect once had them.
    expect(ok(ciphertext="9333269f7190747c0c40f4e68b264bccb425eb7f01", tag="3da49eddd30d5a6394528d114b02674d"),
           "aes-gcm-encrypt", key=half, iv=CBC_IV, aad="", message="d9313225f88406e5a55909c5aff5269a86a7a95315")
    for size, answer in ((0, "malformed"), (1, "unsupported"), (8, "unsupported"), (60, "unsupported")):
        expect("error " + answer, "aes-gcm-encrypt", key=half, iv="00" * size, aad="", message="")
    for size, answer in ((24, "unsupported"), (17, "malformed"), (0, "malformed")):
        expect("error " + answer, "aes-gcm-encrypt", key="00" * size, iv=iv, aad="", message="")
    for size, answer in ((0, "malformed"), (4, "unsupported"), (12, "unsupported"), (15, "unsupported"), (17, "malformed")):
        expect("error " + answer, "aes-gcm-decrypt", **zeros, ciphertext="", tag="00" * size)


# ---- requests ---------------------------------------------------------------------------------------------------------


def not_understood():
    good = f"x25519 private={ALICE} public={BOB_PUBLIC}"
    lines((good, ok(shared=SHARED)), ("", "error usage"), (" ", "error usage"), ("frobnicate", "error usage"),
          ("X25519" + good[6:], "error usage"), ("x25519", "error usage"), ("x25519 ", "error usage"),
          (" " + good, "error usage"), (good + " ", "error usage"), (good + "\r", "error usage"), (good + "\t", "error usage"),
          (good.replace(" public", "  public"), "error usage"), (good.replace(" public", "\tpublic"), "error usage"),
          (good + " extra=00", "error usage"), (good + f" public={BOB_PUBLIC}", "error usage"),
          (f"x25519 private={ALICE}", "error usage"), (f"x25519 private={ALICE} public", "error usage"),
          (f"x25519 private={ALICE} public={BOB_PUBLIC.upper()}", "error usage"),
          (f"x25519 private={ALICE} public={BOB_PUBLIC[:-1]}", "error usage"),
          (f"x25519 private={ALICE} public=0x{BOB_PUBLIC}", "error usage"),
          (f"x25519 private={ALICE} public={BOB_PUBLIC[:-1]}g", "error usage"),
          (f"x25519 private={ALICE} public={BOB_PUBLIC}=", "error usage"),
          (f"x25519 Private={ALICE} public={BOB_PUBLIC}", "error usage"),
          (f"x25519 private={ALICE} =", "error usage"), (good.encode() + b"\0", "error usage"),
          (good.encode() + b" \xff=00", "error usage"), (b"\0" + good.encode(), "error usage"),
          (good, ok(shared=SHARED)), (f"x25519 public={BOB_PUBLIC} private={ALICE}", ok(shared=SHARED)))


def wrong_values():
    bare = "hkdf hash=sha256 ikm= salt= info= size="
    lines((bare + "2", "ok okm=eb70"), (bare + "002", "ok okm=eb70"), (bare, "error usage"), (bare + "-1", "error usage"),
          (bare + "+1", "error usage"), (bare + "0x2", "error usage"), (bare + "2.0", "error usage"),
          (bare + "9" * 40, "error too-large"), (bare.replace("sha256", "sha384") + "2", "error unsupported"),
          (bare.replace("sha256", "SHA256") + "2", "error unsupported"), (bare.replace("sha256", "") + "2", "error unsupported"),
          (f"to-ed25519 public={'09' + '00' * 31} sign=2", "error usage"),
          (f"to-ed25519 public={'09' + '00' * 31} sign=", "error usage"),
          (f"x25519 private={ALICE[2:]} public={BOB_PUBLIC}", "error bad-key"),
          (f"x25519 private={ALICE} public={BOB_PUBLIC}00", "error bad-key"),
          (f"x25519 private={ALICE} public=", "error bad-key"), ("x25519-public private=", "error bad-key"),
          (f"chain-step dialect=2 chain={ALICE[2:]}", "error malformed"),
          (f"chain-step dialect=0.3 chain={ALICE[2:]}", "error malformed"),
          (f"chain-step dialect=3 chain={ALICE}", "error usage"), (f"chain-step dialect= chain={ALICE}", "error usage"),
          (f"payload-encrypt dialect=2 key={ALICE} iv={CBC_IV} message=", "error usage"),
          (f"payload-encrypt dialect=0.3 key={ALICE[:32]} iv={CBC_IV} message=", "error malformed"),
          (f"payload-encrypt dialect=0.3 key={ALICE} iv={CBC_IV[:24]} message=", "error malformed"),
          (f"payload-encrypt dialect=0.3 key={ALICE[:32]} message=", "error malformed"),
          (f"payload-decrypt dialect=0.3 keys={ALICE[:32]} iv={CBC_IV[:24]} ciphertext=", "error malformed"),
          (f"payload-decrypt dialect=0.3 keys={ALICE} ciphertext=", "error malformed"),
          (f"payload-decrypt dialect=0.3 keys={ALICE} iv={CBC_IV[:24]} ciphertext=", "error bad-mac"),
          (f"payload-decrypt dialect=2 keys={ALICE}{ALICE[:32]} iv={CBC_IV} ciphertext=", "error usage"),
          (f"payload-encrypt dialect=2 key={ALICE[2:]} message=", "error malformed"),
          (f"payload-decrypt dialect=2 keys={ALICE}{ALICE} ciphertext=", "error malformed"),
          (f"spk-verify dialect=0.3 identity=05{ALICE_PUBLIC} spk=05{BOB_PUBLIC} signature=00", "error bad-signature"),
          (f"spk-verify dialect=0.3 identity={ALICE_PUBLIC} spk=05{BOB_PUBLIC} signature=" + "00" * 64, "error bad-key"),
          (f"spk-verify dialect=0.3 identity=06{ALICE_PUBLIC} spk=05{BOB_PUBLIC} signature=" + "00" * 64, "error bad-key"),
          (f"spk-verify dialect=2 identity=05{ALICE_PUBLIC} spk=05{BOB_PUBLIC} signature=" + "00" * 64, "error bad-key"),
          (f"encrypt session=nobody message={ALICE}", "error no-session"), ("encrypt session= message=", "error usage"),
          ("encrypt session=a-b message=", "error usage"), ("encrypt session=" + "a" * 65 + " message=", "error usage"),
          ("encrypt session=a message= ratchet=" + ALICE, "error usage"),
          (f"decrypt session=a data= kex=2 ratchet={ALICE}", "error usage"), ("decrypt session=a data= kex=0", "error usage"))


def long_lines():
    """1 MiB is read; one byte more is refused, and what follows is answered as ever."""
    head = "hmac hash=sha256 key= message="
    size = (2**20 - len(head)) // 2
    expect(ok(tag=made.mac_of(b"", bytes(size))), "hmac", hash="sha256", key="", message="00" * size)
    head = "aes-cbc-decrypt key=" + CBC_KEY + " iv=" + CBC_IV + " ciphertext="
    line = head + "0" * (2**20 - len(head))
    assert len(line) == 2**20
    lines((line, "error malformed"), (line + "0", "error too-large"), (line * 3, "error too-large"),
          (f"x25519-public private={ALICE}", ok(public=ALICE_PUBLIC)))
    message = bytes(500000)
    sealed = ask("payload-encrypt", dialect=2, key=ALICE, message=message)
    assert len(sealed) > 1000000
    expect(ok(message=message), "payload-decrypt", dialect=2, **dict(word.split("=") for word in sealed.split()[1:]))


def last_line():
    """A last line without a break is answered; then the program ends."""
    done = subprocess.run([sys.argv[1]], input=f"x\nx25519-public private={ALICE}".encode(), stdout=subprocess.PIPE, timeout=60)
    assert done.stdout.decode() == f"error usage\n{ok(public=ALICE_PUBLIC)}\n" and done.returncode == 0
    done = subprocess.run([sys.argv[1]], input=b"", stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == b"" and done.returncode == 0


# ---- sessions ---------------------------------------------------------------------------------------------------------


def begin(name, juliet, romeo, ratchets=(b"a" * 32, b"b" * 32)):
    expect("ok", "initiate", dialect=2, session=name + "1", **{"identity-seed": juliet.secret}, ephemeral=made.key_of(name),
           ratchet=ratchets[0], **romeo.offer())
    answer = ask("encrypt", session=name + "1", message=b"first")
    data = answer.split()[1].removeprefix("data=")
    expect(ok(message=b"first"), "accept", dialect=2, session=name + "2", **{"identity-seed": romeo.secret}, spk=romeo.spk,
           prekey=romeo.prekey, spk_id=romeo.spk_id, prekey_id=romeo.prekey_id, ratchet=ratchets[1], kex=data)


def send(sender, receiver, message, ratchet):
    answer = dict(word.split("=") for word in ask("encrypt", session=sender, message=message).split()[1:])
    expect(ok(message=message), "decrypt", session=receiver, **answer, ratchet=ratchet)
    data = bytes.fromhex(answer["data"])
    return made.message_read(made.exchange_read(data)[5] if answer["kex"] == "1" else data)[4]


def ratchets_that_count():
    """The key given with the message that made the step is used, and no later one; two answers have the same."""
    juliet, romeo = made.Party("j", True), made.Party("r", True)
    begin("q", juliet, romeo, (b"a" * 32, b"b" * 32))
    # No step: the same chain goes on, and this key is ignored.
    answer = dict(word.split("=") for word in ask("encrypt", session="q1", message=b"x").split()[1:])
    assert answer["kex"] == "1"
    expect(ok(message=b"x"), "decrypt", session="q2", **answer, ratchet=b"c" * 32)
    assert send("q2", "q1", b"answer", b"d" * 32) == made.x25519_public(b"b" * 32)
    assert send("q2", "q1", b"answer", b"e" * 32) == made.x25519_public(b"b" * 32)
    # A step that is refused leaves the key that waits.
    expect("error malformed", "decrypt", session="q1", data=b"x", kex=0, ratchet=b"f" * 32)
    assert send("q1", "q2", b"back", b"g" * 32) == made.x25519_public(b"d" * 32)
    assert send("q2", "q1", b"again", b"h" * 32) == made.x25519_public(b"g" * 32)


def names_of_sessions():
    """A name is replaced by a success and by nothing else."""
    juliet, romeo = made.Party("j", True), made.Party("r", True)
    begin("n", juliet, romeo)
    good = {"dialect": 2, "session": "n1", "identity-seed": juliet.secret, "ephemeral": made.key_of("again"),
            "ratchet": b"z" * 32, **romeo.offer()}
    expect("error bad-signature", "initiate", **{**good, "peer-signature": bytes(64)})
    expect("error bad-signature", "initiate", **{**good, "peer-signature": bytes(63)})
    expect("error usage", "initiate", **good, identity=juliet.secret)
    expect("error usage", "initiate", **{name: value for name, value in good.items() if name != "identity-seed"})
    expect("error bad-key", "initiate", **{**good, "dialect": "0.3"}, registration=5)
    expect("error malformed", "accept", dialect="0.3", session="n2", **{"identity": romeo.secret}, spk=romeo.spk,
           prekey=romeo.prekey, spk_id=1, prekey_id=1, ratchet=b"y" * 32, kex="33")
    send("n2", "n1", b"still there", b"x" * 32)
    expect("ok", "initiate", **good)
    assert ask("encrypt", session="n1", message=b"new").endswith(" kex=1")
    expect("ok", "initiate", **{**good, "session": "N1"})
    expect("ok", "initiate", **{**good, "session": "1" * 64}, registration=7)


def dialects_beside_each_other():
    """Sessions of both in one port; each reads its own messages and no others'. The registration is written."""
    juliet, romeo = (made.Party(name, True, dialect=made.OLD) for name in "jr")
    begin("d", made.Party("j", True), made.Party("r", True))
    good = {"dialect": "0.3", "session": "o1", "identity-seed": juliet.secret, "ephemeral": made.key_of("old"),
            "ratchet": b"o" * 32, **romeo.offer()}
    expect("error malformed", "initiate", **good, registration=2**32)
    expect("ok", "initiate", **good, registration=2**32 - 1)
    answer = dict(word.split("=") for word in ask("encrypt", session="o1", message=b"old").split()[1:])
    assert made.old_exchange_read(bytes.fromhex(answer["data"]))[5] == 2**32 - 1
    there = {"session": "o2", "identity-seed": romeo.secret, "spk": romeo.spk, "prekey": romeo.prekey, "spk_id": romeo.spk_id,
             "prekey_id": romeo.prekey_id, "ratchet": b"p" * 32, "kex": answer["data"]}
    expect("error malformed", "accept", dialect=2, **there)
    expect("error malformed", "decrypt", session="d2", **answer, ratchet=b"p" * 32)
    expect(ok(message=b"old"), "accept", dialect="0.3", **there)
    for sender, receiver, reader in (("o2", "o1", "d1"), ("d2", "d1", "o1")):
        answer = dict(word.split("=") for word in ask("encrypt", session=sender, message=b"back").split()[1:])
        expect("error malformed", "decrypt", session=reader, **answer, ratchet=b"q" * 32)
        expect(ok(message=b"back"), "decrypt", session=receiver, **answer, ratchet=b"q" * 32)


def what_is_carried():
    juliet, romeo = made.Party("j", True), made.Party("r", True)
    begin("w", juliet, romeo)
    for size in (0, 1, 15, 16, 48, 256):
        send("w1" if size == 0 else "w2", "w2" if size == 0 else "w1", bytes(size), b"r" * 32)
    expect("error too-large", "encrypt", session="w1", message=bytes(257))
    expect("error too-large", "decrypt", session="w1", data=bytes(1025), kex=0, ratchet=b"r" * 32)
    expect("error bad-key", "decrypt", session="w1", data=b"", kex=0, ratchet=b"r" * 31)


# ---- certificates -----------------------------------------------------------------------------------------------------


class Authority:
    """Certificates by openssl(1), in a folder that goes away."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, issuer=None, extensions=(), days=10, key="P-256"):
        path = os.path.join(self.folder, name)
        with open(path + ".cnf", "w", encoding="utf-8") as file:
            file.write("[req]\ndistinguished_name=dn\n[dn]\n[ext]\n" + "\n".join(extensions) + "\n")
        new_key = ["-newkey", "rsa:1024"] if key == "RSA-1024" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + key]
        subject = ["-subj", f"/CN={name}"]
        config = ["-config", path + ".cnf"]
        if issuer is None:
            self.run("req", "-x509", *new_key, "-nodes", "-keyout", path + ".key", "-out", path + ".pem", "-days", str(days),
                     "-extensions", "ext", *subject, *config)
        else:
            above = os.path.join(self.folder, issuer)
            self.run("req", "-new", *new_key, "-nodes", "-keyout", path + ".key", "-out", path + ".csr", *subject, *config)
            self.run("x509", "-req", "-in", path + ".csr", "-CA", above + ".pem", "-CAkey", above + ".key", "-CAcreateserial",
                     "-days", str(days), "-extfile", path + ".cnf", "-extensions", "ext", "-out", path + ".pem")
        return self.run("x509", "-in", path + ".pem", "-outform", "DER").hex()

    @staticmethod
    def run(*command):
        return subprocess.run(["openssl", *command], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")


def x509():
    folder = tempfile.mkdtemp()
    try:
        x509_in(Authority(folder))
    finally:
        shutil.rmtree(folder)


def x509_in(authority):
    root, other = authority.make("root", extensions=CA), authority.make("other", extensions=CA)
    middle = authority.make("middle", "root", CA)
    lower = authority.make("lower", "middle", CA)
    names = "subjectAltName=DNS:example.org,DNS:*.chat.example.org,IP:192.0.2.1"
    direct = authority.make("direct", "root", (names, "extendedKeyUsage=serverAuth"))
    leaf = authority.make("leaf", "lower", (names,))
    client = authority.make("client", "root", (names, "extendedKeyUsage=clientAuth"))
    bare = authority.make("example.org", "root")
    weak = authority.make("weak", "root", (names,), key="RSA-1024")
    no_authority = authority.make("no-authority", "root", ("basicConstraints=critical,CA:FALSE",))
    below = authority.make("below", "no-authority", (names,))

    now = int(time.time()) + 60  # they are valid from the second they were made

    def verify(answer, **changes):
        fields = {"leaf": direct, "intermediates": "", "roots": root, "crls": "", "time": now, "name": "dns:example.org",
                  "purpose": "server", "depth": 8, "policies": ""}
        fields.update(changes)
        expect(answer, "x509-verify", **{name: value for name, value in fields.items() if value is not None})
    verify("ok")
    verify("ok", intermediates=None, crls=None, depth=None, policies=None)
    for name in ("dns:EXAMPLE.org", "dns:a.chat.example.org", "", "none", None):
        verify("ok", name=name)
    for name in ("dns:example.com", "dns:chat.example.org", "dns:a.b.chat.example.org", "dns:", "dns:192.0.2.1"):
        verify("error bad-certificate", name=name)
    verify("error unsupported", name="ip:192.0.2.1")
    verify("error usage", name="example.org")
    verify("error unsupported", crls=root)
    verify("error unsupported", policies="1.2.3.4")
    verify("error usage", purpose="email")
    verify("error bad-certificate", purpose="client")
    verify("ok", purpose="client", leaf=client)
    verify("ok", purpose="client", leaf=client, name="none")
    verify("error bad-certificate", leaf=client)
    # Without an extended key usage a certificate is for both.
    both = f"{middle},{lower}"
    verify("ok", leaf=leaf, intermediates=both)
    verify("ok", leaf=leaf, intermediates=f"{lower},{other},{middle}", purpose="client")
    verify("ok", leaf=leaf, intermediates=both, depth=2)
    verify("error bad-certificate", leaf=leaf, intermediates=both, depth=1)
    verify("ok", leaf=leaf, intermediates=both, depth=2**40)
    verify("ok", depth=0)
    verify("error bad-certificate", leaf=leaf, intermediates=lower)
    verify("error bad-certificate", leaf=leaf)
    verify("error bad-certificate", roots=other)
    verify("ok", roots=f"{other},{root}")
    verify("error bad-certificate", roots="")
    for moment in (0, now - 86400, now + 11 * 86400, 253402300799):
        verify("error bad-certificate", time=moment)
    verify("error too-large", time=253402300800)
    verify("ok", time=now + 9 * 86400)
    verify("error bad-certificate", leaf=bare)  # a common name does not count
    verify("error bad-certificate", leaf=weak)
    verify("error bad-certificate", leaf=below, intermediates=no_authority)
    damaged = made.changed(bytes.fromhex(direct), -5).hex()
    verify("error bad-certificate", leaf=damaged)
    verify("error malformed", leaf="")
    verify("error malformed", leaf="30")
    verify("error malformed", leaf=direct + "00")
    verify("error malformed", intermediates="3000")
    verify("error malformed", roots=root + ",00")
    for bad in (root + ",", "," + root, root + ",,", root[:-1], root.upper(), root + " "):
        verify("error usage", roots=bad)
    verify("error usage", roots=None)
    verify("error usage", time=None)
    verify("error usage", leaf=None)


CASES = [x25519_known, x25519_iterated, x25519_forms, x25519_zero, ed25519_known, ed25519_strict, xeddsa, conversion, hkdf_known,
         hmac_known, hmac_cut, pbkdf2_known, cbc_known, gcm_known, not_understood, wrong_values, long_lines, last_line,
         ratchets_that_count, names_of_sessions, dialects_beside_each_other,
         what_is_carried, x509]


def main():
    print(f"1..{len(CASES)}", flush=True)
    failures = 0
    for count, case in enumerate(CASES, 1):
        name = case.__name__.replace("_", " ")
        if case is x509 and not shutil.which("openssl"):
            print(f"ok {count} - {name} # SKIP openssl is not installed", flush=True)
            continue
        try:
            case()
            print(f"ok {count} - {name}", flush=True)
        except Exception as error:  # every failure is a result
            failures += 1
            print(f"not ok {count} - {name}\n# {type(error).__name__}: {error}", flush=True)
    port.stdin.close()
    if port.wait() != 0:
        print(f"Bail out! the port ended with {port.returncode}")
        failures += 1
    return 1 if failures else 0


sys.exit(main())
