/* SPDX-License-Identifier: ISC
 *
 * Hashes and key derivation, with the vectors of their standards. */
#include "crypto/hash.h"

#include "crypto/sha256.h"
#include "vectors.h"

/* FIPS 180-4's examples, and the hash of nothing. */
static const struct {
    const char *message, *sha1, *sha256, *sha512;
} hashes[] = {
    {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b9"
     "31bd47417a81a538327af927da3e"},
    {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
     "4423643ce80e2a9ac94fa54ca49f"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789ca031ad"
     "85c7a71dd70354ec631238ca3445"},
};

static void hashes_of_the_standard(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        uint8_t out[CRYPTO_HASH_BYTES_MAX];
        assert_ok(crypto_hash_of(CRYPTO_SHA1, out, bytes_text(hashes[i].message)));
        assert_hex(out, 20, hashes[i].sha1);
        assert_ok(crypto_hash_of(CRYPTO_SHA256, out, bytes_text(hashes[i].message)));
        assert_hex(out, 32, hashes[i].sha256);
        assert_ok(crypto_hash_of(CRYPTO_SHA512, out, bytes_text(hashes[i].message)));
        assert_hex(out, 64, hashes[i].sha512);
    }
}

static void a_million_times_a(void **state) {
    (void)state;
    uint8_t out[CRYPTO_HASH_BYTES_MAX];
    uint8_t *message = malloc(1000000);
    assert_non_null(message);
    memset(message, 'a', 1000000);
    assert_ok(crypto_hash_of(CRYPTO_SHA1, out, bytes_of(message, 1000000)));
    assert_hex(out, 20, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    assert_ok(crypto_hash_of(CRYPTO_SHA256, out, bytes_of(message, 1000000)));
    assert_hex(out, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_ok(crypto_hash_of(CRYPTO_SHA512, out, bytes_of(message, 1000000)));
    assert_hex(out, 64,
               "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb00"
               "9c5c2c49aa2e4eadb217ad8cc09b");
    free(message);
}

static void kinds(void **state) {
    (void)state;
    uint8_t out[CRYPTO_HASH_BYTES_MAX] = {7};
    assert_int_equal(crypto_hash_size(CRYPTO_SHA1), 20);
    assert_int_equal(crypto_hash_size(CRYPTO_SHA256), 32);
    assert_int_equal(crypto_hash_size(CRYPTO_SHA512), 64);
    const crypto_hash_kind none = (crypto_hash_kind)3;
    assert_int_equal(crypto_hash_size(none), 0);
    assert_status(crypto_hash_of(none, out, BYTES_NONE), USAGE);
    assert_status(crypto_hmac(none, out, BYTES_NONE, NULL, 0), USAGE);
    assert_status(crypto_hkdf(none, out, 10, BYTES_NONE, BYTES_NONE, BYTES_NONE), USAGE);
    assert_status(crypto_pbkdf2(none, out, 10, BYTES_NONE, BYTES_NONE, 1), USAGE);
    assert_int_equal(out[0], 7);
}

/* RFC 4231 sections 4.2 to 4.8 (the fifth cut to 16 bytes there), then the code of nothing with an empty key. */
static const struct {
    const char *key, *message, *sha256, *sha512;
} codes[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d"
     "914eeb61f1702e696c203a126854"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaea"
     "b1a34d4a6b4b636e070a38bce737"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
     "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946"
     "a337bee8942674278859e13292fb"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
     "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f1"
     "9741120c4f2de2adebeb10a298dd"},
    {"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
     "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5",
     "415fad6271580a531d4179bc891d87a650188707922a4fbb36663a1eb16da008711c5b50ddd0fc235084eb9d3364a1454fb2"
     "ef67cd1d29fe6773068ea266e96b"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b65792046"
     "69727374",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e6"
     "4f73f63f0aec8b915a985d786598"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920"
     "616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e656564732074"
     "6f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f72697468"
     "6d2e",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
     "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de151346"
     "76fb6de0446065c97440fa8c6a58"},
    {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
     "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac6730c6c515421b327ec1d69402e53dfb49ad738"
     "1eb067b338fd7b0cb22247225d47"},
};

/* RFC 2202 section 3. */
static const struct {
    const char *key, *message, *sha1;
} codes_of_sha1[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265", "b617318655057264e28bc0b6fb378c8ef146be00"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
     "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
    {"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
     "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b65792046"
     "69727374",
     "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e64204c61726765722054"
     "68616e204f6e6520426c6f636b2d53697a652044617461",
     "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
    {"", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
};

/* In one span, and cut in three with an empty one between. */
static void assert_code(crypto_hash_kind kind, const char *key_text, const char *message_text, const char *expected) {
    const vector key = unhex(key_text), message = unhex(message_text);
    const size_t cut = message.len / 3;
    const sotto_bytes whole = span(&message);
    const sotto_bytes parts[] = {bytes_of(message.at, cut), BYTES_NONE, bytes_of(message.at + cut, cut),
                                 bytes_of(message.at + 2 * cut, message.len - 2 * cut)};
    uint8_t out[CRYPTO_HASH_BYTES_MAX];
    assert_ok(crypto_hmac(kind, out, span(&key), &whole, 1));
    assert_hex(out, crypto_hash_size(kind), expected);
    memset(out, 0, sizeof out);
    assert_ok(crypto_hmac(kind, out, span(&key), parts, 4));
    assert_hex(out, crypto_hash_size(kind), expected);
}

static void codes_of_the_standards(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_code(CRYPTO_SHA256, codes[i].key, codes[i].message, codes[i].sha256);
        assert_code(CRYPTO_SHA512, codes[i].key, codes[i].message, codes[i].sha512);
    }
    for (size_t i = 0; i < sizeof codes_of_sha1 / sizeof *codes_of_sha1; i++)
        assert_code(CRYPTO_SHA1, codes_of_sha1[i].key, codes_of_sha1[i].message, codes_of_sha1[i].sha1);
}

/* The short way (a few blocks), the long way, and a key that is made ready before, must meet at every length, and with
 * the plain definition. */
static void codes_of_every_length(void **state) {
    (void)state;
    uint8_t message[300], key[150];
    crypto_sha256_key states;
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof key; i++) key[i] = (uint8_t)(i * 11 + 1);
    for (size_t len = 0; len <= sizeof message; len++) {
        const size_t key_len = len / 2;
        const sotto_bytes whole = bytes_of(message, len);
        uint8_t out[32], inner[64 + sizeof message] = {0}, outer[64 + 32] = {0}, expected[32];
        if (key_len > 64)
            crypto_sha256(inner, bytes_of(key, key_len));
        else
            memcpy(inner, key, key_len);
        memcpy(outer, inner, 64);
        for (size_t i = 0; i < 64; i++) {
            inner[i] ^= 0x36;
            outer[i] ^= 0x5c;
        }
        memcpy(inner + 64, message, len);
        crypto_sha256(outer + 64, bytes_of(inner, 64 + len));
        crypto_sha256(expected, bytes_of(outer, sizeof outer));
        assert_ok(crypto_hmac(CRYPTO_SHA256, out, bytes_of(key, key_len), &whole, 1));
        assert_memory_equal(out, expected, 32);
        const sotto_bytes parts[4] = {bytes_of(message, len / 3), BYTES_NONE, bytes_of(message + len / 3, len / 2),
                                      bytes_of(message + len / 3 + len / 2, len - len / 3 - len / 2)};
        crypto_sha256_key_from(&states, bytes_of(key, key_len));
        crypto_sha256_mac(out, &states, parts, 4);
        assert_memory_equal(out, expected, 32);
    }
}

static void a_code_over_its_own_output(void **state) {
    (void)state;
    const vector key = unhex(codes[0].key), message = unhex(codes[1].sha256);
    crypto_sha256_key states;
    uint8_t apart[32], same[32];
    memcpy(same, message.at, 32);
    const sotto_bytes from = span(&message), over = bytes_of(same, 32);
    crypto_sha256_key_from(&states, span(&key));
    crypto_sha256_mac(apart, &states, &from, 1);
    crypto_sha256_mac(same, &states, &over, 1);
    assert_memory_equal(apart, same, 32);
}

/* RFC 5869 appendix A.1 to A.7; the last one, for SHA-512, was computed by another implementation. */
static const struct {
    crypto_hash_kind kind;
    const char *secret, *salt, *info, *output;
} derived[] = {
    {CRYPTO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {CRYPTO_SHA256,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031"
     "32333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091"
     "92939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1"
     "e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da32"
     "75600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {CRYPTO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    {CRYPTO_SHA1, "0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"},
    {CRYPTO_SHA1,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031"
     "32333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091"
     "92939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1"
     "e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "0bd770a74d1160f7c9f12cd5912a06ebff6adcae899d92191fe4305673ba2ffe8fa3f1a4e5ad79f3f334b3b202b2173c486e"
     "a37ce3d397ed034c7f9dfeb15c5e927336d0441f4c4300e2cff0d0900b52d3b4"},
    {CRYPTO_SHA1, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "0ac1af7002b3d761d1e55298da9d0506b9ae52057220a306e07b6b87e8df21d0ea00033de03984d34918"},
    {CRYPTO_SHA1, "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "", "",
     "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48"},
    {CRYPTO_SHA512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",
     "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cbcce0dff7098769cf"
     "15959867d571c1715450cb530137be3fb62f3cf32b84feba8f1eb1b563e20d9749b8640b8264c4b69b14ad5199115e1d609c"
     "83c6940ce5b4214a0c79946983547a35cdcc17e0daf31b647dec0d0e6142"},
};

static void derivation_of_the_standard(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
        const vector secret = unhex(derived[i].secret), salt = unhex(derived[i].salt), info = unhex(derived[i].info);
        uint8_t out[VECTOR_BYTES_MAX];
        const size_t size = strlen(derived[i].output) / 2;
        out[size] = 0x77;
        assert_ok(crypto_hkdf(derived[i].kind, out, size, span(&secret), span(&salt), span(&info)));
        assert_hex(out, size, derived[i].output);
        assert_int_equal(out[size], 0x77);
    }
}

/* RFC 5869 written down with crypto_hmac, beside the short way: every length of info around its limit, salts of none to
 * several blocks, every size. */
static void derivations_of_every_length(void **state) {
    (void)state;
    uint8_t text[300], prk[32], expected[256 + 32], out[256];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof text; i++) {
        size_t size = i % 256 + 1;
        sotto_bytes info = bytes_of(text, i), salt = bytes_of(text, i * 13 % 299), secret = bytes_of(text, i * 5 % 299);
        if (i % 3 == 0) salt = BYTES_NONE;
        if (i % 2 == 0) secret = bytes_of(text + 1, 32);
        assert_ok(crypto_hmac(CRYPTO_SHA256, prk, salt, &secret, 1));
        for (size_t at = 0, number = 1; at < size; at += 32, number++) {
            const uint8_t last = (uint8_t)number;
            const sotto_bytes parts[3] = {bytes_of(expected + at - (number > 1 ? 32 : 0), number > 1 ? 32 : 0), info,
                                          bytes_of(&last, 1)};
            assert_ok(crypto_hmac(CRYPTO_SHA256, expected + at, bytes_of(prk, 32), parts, 3));
        }
        memset(out, 0, sizeof out);
        assert_ok(crypto_hkdf(CRYPTO_SHA256, out, size, secret, salt, info));
        assert_memory_equal(out, expected, size);
        for (size_t at = size; at < sizeof out; at++) assert_int_equal(out[at], 0);
    }
}

static void a_walk_is_codes_in_a_row(void **state) {
    (void)state;
    static const uint8_t one = 1, two = 2;
    uint8_t chain[32], walked[32], keys[40][32], key[32];
    for (size_t i = 0; i < 32; i++) chain[i] = walked[i] = (uint8_t)(255 - i * 3);
    crypto_sha256_walk(walked, keys, 0);
    assert_memory_equal(walked, chain, 32);
    crypto_sha256_walk(walked, keys, 40);
    for (size_t i = 0; i < 40; i++) {
        assert_ok(crypto_hmac(CRYPTO_SHA256, key, bytes_of(chain, 32), &(sotto_bytes){&one, 1}, 1));
        assert_ok(crypto_hmac(CRYPTO_SHA256, chain, bytes_of(chain, 32), &(sotto_bytes){&two, 1}, 1));
        assert_memory_equal(keys[i], key, 32);
    }
    assert_memory_equal(walked, chain, 32);
}

static void derivation_has_an_end(void **state) {
    (void)state;
    uint8_t out[255 * 32 + 1];
    memset(out, 1, sizeof out);
    assert_status(crypto_hkdf(CRYPTO_SHA256, out, sizeof out, BYTES_LITERAL("s"), BYTES_NONE, BYTES_NONE), USAGE);
    assert_int_equal(out[0], 1);
    assert_ok(crypto_hkdf(CRYPTO_SHA256, out, sizeof out - 1, BYTES_LITERAL("s"), BYTES_NONE, BYTES_NONE));
    assert_ok(crypto_hkdf(CRYPTO_SHA256, out, 0, BYTES_LITERAL("s"), BYTES_NONE, BYTES_NONE));
}

/* RFC 6070 (SHA-1) without the case of 2^24 rounds; the same inputs with SHA-256 (RFC 7914 section 11 has some). */
static const struct {
    crypto_hash_kind kind;
    const char *password, *salt;
    uint32_t iterations;
    const char *output;
} stretched[] = {
    {CRYPTO_SHA1, "70617373776f7264", "73616c74", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {CRYPTO_SHA1, "70617373776f7264", "73616c74", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
    {CRYPTO_SHA1, "70617373776f7264", "73616c74", 4096, "4b007901b765489abead49d926f721d065a429c1"},
    {CRYPTO_SHA1, "70617373776f726450415353574f524470617373776f7264",
     "73616c7453414c5473616c7453414c5473616c7453414c5473616c7453414c5473616c74", 4096,
     "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
    {CRYPTO_SHA1, "7061737300776f7264", "7361006c74", 4096, "56fa6aa75548099dcc37d7f03425e0c3"},
    {CRYPTO_SHA256, "70617373776f7264", "73616c74", 1,
     "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"},
    {CRYPTO_SHA256, "70617373776f7264", "73616c74", 2,
     "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"},
    {CRYPTO_SHA256, "70617373776f7264", "73616c74", 4096,
     "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
    {CRYPTO_SHA256, "70617373776f726450415353574f524470617373776f7264",
     "73616c7453414c5473616c7453414c5473616c7453414c5473616c7453414c5473616c74", 4096,
     "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"},
    {CRYPTO_SHA256, "706173737764", "73616c74", 1,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71"
     "b845b1e30bd509112041d3a19783"},
    {CRYPTO_SHA512, "70617373776f7264", "73616c74", 1,
     "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252c02d470a285a0501bad999bfe943c08f0502"
     "35d7d68b1da55e63f73b60a57fce"},
    {CRYPTO_SHA512, "", "", 3,
     "ba78a2c18fe1f3cfffaba0f93ccf85fc342edf2c34ff439f928c464fe04ee9c43d6516594282bf31d9b80ba31d67e6d076cc"
     "2e45ba2d5c9d6bca44f288940c5de7c09eb3ab01"},
};

static void stretching_of_the_standards(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stretched / sizeof *stretched; i++) {
        const vector password = unhex(stretched[i].password), salt = unhex(stretched[i].salt);
        const size_t size = strlen(stretched[i].output) / 2;
        uint8_t out[VECTOR_BYTES_MAX];
        assert_ok(crypto_pbkdf2(stretched[i].kind, out, size, span(&password), span(&salt), stretched[i].iterations));
        assert_hex(out, size, stretched[i].output);
    }
    uint8_t out[32];
    assert_status(crypto_pbkdf2(CRYPTO_SHA256, out, 32, BYTES_LITERAL("p"), BYTES_LITERAL("s"), 0), USAGE);
    assert_status(crypto_pbkdf2(CRYPTO_SHA256, out, 32, BYTES_LITERAL("p"), BYTES_LITERAL("s"), UINT32_MAX), USAGE);
    assert_status(crypto_pbkdf2(CRYPTO_SHA256, out, 0, BYTES_LITERAL("p"), BYTES_LITERAL("s"), 1), USAGE);
}

/* Computed by an implementation that gives the vector of RFC 9106 section 5.3 (which has a secret and associated
 * data, and so cannot be computed here). */
static void argon2id(void **state) {
    (void)state;
    uint8_t salt[16], out[32];
    for (size_t i = 0; i < sizeof salt; i++) salt[i] = (uint8_t)i;
    assert_ok(crypto_argon2id(out, BYTES_LITERAL("correct horse"), salt, 3, 64));
    assert_hex(out, 32, "a1dc6a57c61d5fb470584e24085ea3216fd369c61bcd5f845745f9cb0ed02fca");
    assert_ok(crypto_argon2id(out, BYTES_LITERAL("correct horse"), salt, 2, 1024));
    assert_hex(out, 32, "77237b8a217dfd77699617e3893817f9fa215bff881849f3c007154da0b4788d");
    assert_ok(crypto_argon2id(out, BYTES_NONE, salt, 1, 8));
    assert_hex(out, 32, "31ed41e2d73f27fdfe4eb4bec651341e58ba43477051c6fe4adad735d82ee08a");
    assert_status(crypto_argon2id(out, BYTES_LITERAL("p"), salt, 0, 64), USAGE);
    assert_status(crypto_argon2id(out, BYTES_LITERAL("p"), salt, 1, 7), USAGE);
}

static void equality(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(crypto_equal(a, b, 32));
    assert_true(crypto_equal(a, b, 0));
    for (size_t bit = 0; bit < 256; bit++) {
        b[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_false(crypto_equal(a, b, 32));
        b[bit / 8] = 0;
    }
    b[31] = 1;
    assert_true(crypto_equal(a, b, 31));
}

static void randomness_comes_from_the_host(void **state) {
    (void)state;
    rig r;
    uint8_t out[40], again[40];
    rig_start(&r);
    assert_ok(crypto_random(&r.host, out, sizeof out));
    assert_int_equal(r.random_calls, 1);
    rig_start(&r);
    assert_ok(crypto_random(&r.host, again, sizeof again));
    assert_memory_equal(out, again, sizeof out);
    r.random_fail_at = 2;
    assert_status(crypto_random(&r.host, out, sizeof out), NO_RANDOM); /* although the host said SYSTEM */
    assert_zero(out, sizeof out);
}

int hash_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_the_standard),
        cmocka_unit_test(a_million_times_a),
        cmocka_unit_test(kinds),
        cmocka_unit_test(codes_of_the_standards),
        cmocka_unit_test(codes_of_every_length),
        cmocka_unit_test(a_code_over_its_own_output),
        cmocka_unit_test(derivation_of_the_standard),
        cmocka_unit_test(derivations_of_every_length),
        cmocka_unit_test(a_walk_is_codes_in_a_row),
        cmocka_unit_test(derivation_has_an_end),
        cmocka_unit_test(stretching_of_the_standards),
        cmocka_unit_test(argon2id),
        cmocka_unit_test(equality),
        cmocka_unit_test(randomness_comes_from_the_host),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
