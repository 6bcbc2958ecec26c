/* SPDX-License-Identifier: ISC
 *
 * Ciphers: vectors, and everything that must be refused. */
#include "crypto/cipher.h"

#include "vectors.h"

/* SP 800-38A F.2.5 (CBC-AES256), with the block of padding that PKCS#7 adds; then shorter messages, the padding of
 * which another implementation encrypted. */
static const char cbc_key[] = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
static const char cbc_iv[] = "000102030405060708090a0b0c0d0e0f";
static const struct {
    const char *message, *ciphertext;
} cbc[] = {
    {"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f"
     "2445df4f9b17ad2b417be66c3710",
     "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb"
     "05e2c39be9fcda6c19078c6a9d1b3f461796d6b0d6b2e0c2a72b4d80e644"},
    {"6bc1bee22e409f96e93d7e117393172aae2d8a571e", "f58c4c04d6e5f1ba779eabfb5f7bfbd6df18aef6917b96efa9b5f1d406be7fcd"},
    {"", "7e9248e5d829ca7593f0c549db2f5b8c"},
};

static void assert_buffer(const bytes_buffer *buffer, sotto_bytes expected) {
    sotto_bytes got = BYTES_NONE;
    assert_ok(bytes_buffer_end(buffer, &got));
    assert_int_equal(got.len, expected.len);
    if (expected.len > 0) assert_memory_equal(got.at, expected.at, expected.len);
}

static void cbc_both_ways(void **state) {
    (void)state;
    const vector key = unhex(cbc_key), iv = unhex(cbc_iv);
    for (size_t i = 0; i < sizeof cbc / sizeof *cbc; i++) {
        const vector message = unhex(cbc[i].message), ciphertext = unhex(cbc[i].ciphertext);
        rig r;
        bytes_buffer buffer;
        rig_start(&r);
        assert_int_equal(crypto_cbc_size(message.len), ciphertext.len);
        bytes_buffer_owned(&buffer, &r.host, ciphertext.len); /* exactly enough */
        assert_ok(crypto_cbc_encrypt(&buffer, key.at, iv.at, span(&message)));
        assert_buffer(&buffer, span(&ciphertext));
        bytes_buffer_reset(&buffer);
        assert_ok(crypto_cbc_decrypt(&buffer, key.at, iv.at, span(&ciphertext)));
        assert_buffer(&buffer, span(&message));
        bytes_buffer_free(&buffer);
        rig_end(&r);
    }
}

static void cbc_of_every_length(void **state) {
    (void)state;
    rig r;
    bytes_buffer sealed, opened;
    uint8_t message[70], key[32], iv[16];
    sotto_bytes got;
    rig_start(&r);
    assert_ok(r.host.random(r.host.arg, message, sizeof message));
    assert_ok(r.host.random(r.host.arg, key, sizeof key));
    assert_ok(r.host.random(r.host.arg, iv, sizeof iv));
    bytes_buffer_owned(&sealed, &r.host, 100);
    bytes_buffer_owned(&opened, &r.host, 100);
    for (size_t len = 0; len <= sizeof message; len++) {
        bytes_buffer_reset(&sealed);
        bytes_buffer_reset(&opened);
        bytes_buffer_text(&opened, "it");
        assert_ok(crypto_cbc_encrypt(&sealed, key, iv, bytes_of(message, len)));
        assert_ok(bytes_buffer_end(&sealed, &got));
        assert_ok(crypto_cbc_decrypt(&opened, key, iv, got));
        assert_ok(bytes_buffer_end(&opened, &got));
        assert_true(bytes_starts_with(got, BYTES_LITERAL("it")));
        assert_true(bytes_equal(bytes_after(got, 2), bytes_of(message, len)));
    }
    bytes_buffer_free(&sealed);
    bytes_buffer_free(&opened);
    rig_end(&r);
}

/* Flips bits of the IV of one block so that its plaintext ends as wished, whatever the padding was. */
static void assert_padding(const uint8_t wished[16], size_t expected_len, bool good) {
    const vector key = unhex(cbc_key), block = unhex(cbc[2].ciphertext);
    uint8_t iv[16], memory[17] = "x", zero[17] = "x";
    bytes_buffer buffer;
    sotto_bytes got;
    unhex_into(iv, 16, cbc_iv);
    for (size_t i = 0; i < 16; i++) iv[i] = (uint8_t)(iv[i] ^ 16 ^ wished[i]);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_u8(&buffer, 'x');
    sotto_status status = crypto_cbc_decrypt(&buffer, key.at, iv, span(&block));
    if (good) {
        assert_ok(status);
        assert_ok(bytes_buffer_end(&buffer, &got));
        assert_int_equal(got.len, 1 + expected_len);
        assert_memory_equal(got.at + 1, wished, expected_len);
        assert_zero(memory + got.len, sizeof memory - got.len); /* the padding does not stay */
        return;
    }
    assert_status(status, MALFORMED);
    assert_ok(bytes_buffer_end(&buffer, &got));
    assert_int_equal(got.len, 1);
    assert_memory_equal(memory, zero, sizeof memory); /* nor does the plaintext */
}

static void cbc_padding(void **state) {
    (void)state;
    for (size_t count = 0; count < 256; count++) {
        uint8_t wished[16];
        memset(wished, (int)count, sizeof wished);
        bool good = count >= 1 && count <= 16;
        if (good) memset(wished, 'm', 16 - count);
        assert_padding(wished, 16 - count, good);
        for (size_t i = 2; good && i <= count; i++) {
            uint8_t wrong[16];
            memcpy(wrong, wished, 16);
            wrong[16 - i] ^= 0x80;
            assert_padding(wrong, 0, false);
        }
    }
}

static void cbc_of_parts_of_blocks(void **state) {
    (void)state;
    const vector key = unhex(cbc_key), iv = unhex(cbc_iv), ciphertext = unhex(cbc[0].ciphertext);
    uint8_t memory[100] = {0};
    bytes_buffer buffer;
    sotto_bytes got;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    for (size_t len = 0; len < ciphertext.len; len++) {
        if (len % 16 == 0 && len > 0) continue;
        assert_status(crypto_cbc_decrypt(&buffer, key.at, iv.at, bytes_of(ciphertext.at, len)), MALFORMED);
    }
    assert_ok(bytes_buffer_end(&buffer, &got));
    assert_int_equal(got.len, 0);
    assert_zero(memory, sizeof memory);
}

static void cbc_without_room(void **state) {
    (void)state;
    const vector key = unhex(cbc_key), iv = unhex(cbc_iv), ciphertext = unhex(cbc[1].ciphertext);
    rig r;
    uint8_t memory[16];
    bytes_buffer buffer;
    rig_start(&r);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_status(crypto_cbc_encrypt(&buffer, key.at, iv.at, bytes_of(memory, 16)), NO_ROOM);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_status(crypto_cbc_decrypt(&buffer, key.at, iv.at, span(&ciphertext)), NO_ROOM);
    assert_status(crypto_cbc_decrypt(&buffer, key.at, iv.at, span(&ciphertext)), NO_ROOM); /* failed before */
    bytes_buffer_borrowed(&buffer, NULL, 0);
    assert_status(crypto_cbc_encrypt(&buffer, key.at, iv.at, BYTES_NONE), NO_ROOM);
    bytes_buffer_owned(&buffer, &r.host, 31);
    assert_status(crypto_cbc_decrypt(&buffer, key.at, iv.at, span(&ciphertext)), TOO_LARGE);
    bytes_buffer_reset(&buffer);
    r.fail_at = 1;
    assert_status(crypto_cbc_encrypt(&buffer, key.at, iv.at, BYTES_NONE), NO_MEMORY);
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, cases 1 to 4 and 13 to 16; then IVs of 16 bytes
 * (XEP-0384 before 0.4 has them), computed by another implementation. */
static const struct {
    const char *key, *iv, *aad, *message, *ciphertext, *tag;
} gcm[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
     "edf5aa0de657ba637b391aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba3"
     "0b396a0aac973d58e091473f5985",
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
     "edf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba3"
     "0b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
     "edf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
     "1e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
     "edf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
     "1e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {"feffe9928665731c6d6a8f9467308308", "000102030405060708090a0b0c0d0e0f", "",
     "d9313225f88406e5a55909c5aff5269a86a7a95315", "9333269f7190747c0c40f4e68b264bccb425eb7f01",
     "3da49eddd30d5a6394528d114b02674d"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "000102030405060708090a0b0c0d0e0f",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2", "d9313225f88406e5a55909c5aff5269a86a7a95315",
     "ad0bad38a94f095e991ad09739b244cc8df711ee1c", "2754fdf0f8a0f39a4000b37dfdb9beca"},
};

static void gcm_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof gcm / sizeof *gcm; i++) {
        const vector key = unhex(gcm[i].key), iv = unhex(gcm[i].iv), aad = unhex(gcm[i].aad);
        const vector message = unhex(gcm[i].message), ciphertext = unhex(gcm[i].ciphertext);
        uint8_t memory[64], tag[16];
        bytes_buffer buffer;
        bytes_buffer_borrowed(&buffer, memory, message.len); /* exactly enough */
        assert_ok(crypto_gcm_encrypt(&buffer, tag, span(&key), span(&iv), span(&aad), span(&message)));
        assert_buffer(&buffer, span(&ciphertext));
        assert_hex(tag, 16, gcm[i].tag);
        bytes_buffer_borrowed(&buffer, memory, message.len);
        assert_ok(crypto_gcm_decrypt(&buffer, span(&key), span(&iv), span(&aad), span(&ciphertext), tag));
        assert_buffer(&buffer, span(&message));
    }
}

/* Opens with one thing wrong: nothing may be appended. */
static void assert_gcm_refused(const vector *key, const vector *iv, const vector *aad, const vector *ciphertext,
                               const vector *tag) {
    uint8_t memory[80] = {0};
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_u8(&buffer, 'x');
    assert_status(crypto_gcm_decrypt(&buffer, span(key), span(iv), span(aad), span(ciphertext), tag->at), BAD_MAC);
    assert_buffer(&buffer, BYTES_LITERAL("x"));
    assert_zero(memory + 1, sizeof memory - 1);
}

static void gcm_with_one_bit_wrong(void **state) {
    (void)state;
    static const size_t with_aad[] = {3, 7};
    for (size_t i = 0; i < 2; i++) {
        const size_t at = with_aad[i];
        vector part[5] = {unhex(gcm[at].key), unhex(gcm[at].iv), unhex(gcm[at].aad), unhex(gcm[at].ciphertext),
                          unhex(gcm[at].tag)};
        for (size_t p = 0; p < 5; p++) {
            for (size_t bit = 0; bit < part[p].len * 8; bit += 3) {
                part[p].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_gcm_refused(&part[0], &part[1], &part[2], &part[3], &part[4]);
                part[p].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
        }
        part[3].len--;
        assert_gcm_refused(&part[0], &part[1], &part[2], &part[3], &part[4]);
        part[3].len = 0;
        assert_gcm_refused(&part[0], &part[1], &part[2], &part[3], &part[4]);
    }
}

static void gcm_sizes(void **state) {
    (void)state;
    uint8_t memory[80] = {0}, tag[16] = {0};
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    for (size_t len = 0; len <= 40; len++) {
        const sotto_bytes any = bytes_of(memory, len);
        if (len != 16 && len != 32) {
            assert_status(crypto_gcm_encrypt(&buffer, tag, any, bytes_of(memory, 12), any, any), USAGE);
            assert_status(crypto_gcm_decrypt(&buffer, any, bytes_of(memory, 12), any, any, tag), USAGE);
        }
        if (len != 16 && len != 12) {
            assert_status(crypto_gcm_encrypt(&buffer, tag, bytes_of(memory, 16), any, any, any), USAGE);
            assert_status(crypto_gcm_decrypt(&buffer, bytes_of(memory, 16), any, any, any, tag), USAGE);
        }
    }
    assert_buffer(&buffer, BYTES_NONE);
    bytes_buffer_borrowed(&buffer, memory, 3);
    assert_status(
        crypto_gcm_encrypt(&buffer, tag, bytes_of(tag, 16), bytes_of(tag, 12), BYTES_NONE, BYTES_LITERAL("four")),
        NO_ROOM);
    assert_zero(tag, sizeof tag);
}

/* draft-irtf-cfrg-xchacha-03 appendix A.3.1. */
static void box_of_the_draft(void **state) {
    (void)state;
    const vector key = unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const vector context = unhex("50515253c0c1c2c3c4c5c6c7");
    const vector box = unhex("404142434445464748494a4b4c4d4e4f5051525354555657"
                             "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                             "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                             "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                             "21f9664c97637da9768812f615c68b13b52e"
                             "c0875924c1c7987947deafd8780acf49");
    uint8_t memory[200];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, box.len - CRYPTO_BOX_EXTRA);
    assert_ok(crypto_box_get(&buffer, key.at, span(&context), span(&box)));
    assert_buffer(&buffer, BYTES_LITERAL("Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
                                         "for the future, sunscreen would be it."));
}

static void box_round_trip(void **state) {
    (void)state;
    rig r;
    uint8_t key[32], message[50];
    bytes_buffer box, other, opened;
    sotto_bytes got;
    rig_start(&r);
    assert_ok(r.host.random(r.host.arg, key, sizeof key));
    assert_ok(r.host.random(r.host.arg, message, sizeof message));
    bytes_buffer_owned(&box, &r.host, 200);
    bytes_buffer_owned(&other, &r.host, 200);
    bytes_buffer_owned(&opened, &r.host, 200);
    for (size_t len = 0; len <= sizeof message; len++) {
        bytes_buffer_reset(&box);
        bytes_buffer_reset(&other);
        bytes_buffer_reset(&opened);
        assert_ok(crypto_box_put(&box, key, BYTES_LITERAL("row 1"), bytes_of(message, len), &r.host));
        assert_ok(crypto_box_put(&other, key, BYTES_LITERAL("row 1"), bytes_of(message, len), &r.host));
        assert_int_equal(box.len, len + CRYPTO_BOX_EXTRA);
        assert_memory_not_equal(box.at, other.at, box.len); /* another nonce */
        assert_ok(bytes_buffer_end(&box, &got));
        assert_ok(crypto_box_get(&opened, key, BYTES_LITERAL("row 1"), got));
        assert_buffer(&opened, bytes_of(message, len));
    }
    bytes_buffer_free(&box);
    bytes_buffer_free(&other);
    bytes_buffer_free(&opened);
    rig_end(&r);
}

static void assert_box_refused(const uint8_t key[32], sotto_bytes context, sotto_bytes box) {
    uint8_t memory[100] = {0};
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_u8(&buffer, 'x');
    assert_status(crypto_box_get(&buffer, key, context, box), BAD_MAC);
    assert_buffer(&buffer, BYTES_LITERAL("x"));
    assert_zero(memory + 1, sizeof memory - 1);
}

static void box_with_anything_wrong(void **state) {
    (void)state;
    rig r;
    uint8_t key[32] = {1, 2, 3}, memory[60];
    bytes_buffer buffer;
    sotto_bytes box;
    rig_start(&r);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_ok(crypto_box_put(&buffer, key, BYTES_LITERAL("row 1"), BYTES_LITERAL("hold until midnight"), &r.host));
    assert_ok(bytes_buffer_end(&buffer, &box));
    assert_box_refused(key, BYTES_LITERAL("row 2"), box);
    assert_box_refused(key, BYTES_LITERAL("row"), box);
    assert_box_refused(key, BYTES_NONE, box);
    for (size_t bit = 0; bit < 256; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_box_refused(key, BYTES_LITERAL("row 1"), box);
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < box.len * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_box_refused(key, BYTES_LITERAL("row 1"), box);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < box.len; len++) assert_box_refused(key, BYTES_LITERAL("row 1"), bytes_of(box.at, len));
}

static void box_without_randomness_or_room(void **state) {
    (void)state;
    rig r;
    uint8_t key[32] = {0}, memory[44] = {0};
    bytes_buffer buffer;
    rig_start(&r);
    r.random_fail_at = 1;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_status(crypto_box_put(&buffer, key, BYTES_NONE, BYTES_LITERAL("four"), &r.host), NO_RANDOM);
    assert_buffer(&buffer, BYTES_NONE);
    assert_zero(memory, sizeof memory);
    r.random_fail_at = 0;
    assert_status(crypto_box_put(&buffer, key, BYTES_NONE, BYTES_LITERAL("fives"), &r.host), NO_ROOM);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_ok(crypto_box_put(&buffer, key, BYTES_NONE, BYTES_LITERAL("four"), &r.host));
    uint8_t three[3];
    bytes_buffer small;
    bytes_buffer_borrowed(&small, three, sizeof three);
    assert_status(crypto_box_get(&small, key, BYTES_NONE, bytes_of(memory, sizeof memory)), NO_ROOM);
}

int cipher_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbc_both_ways),
        cmocka_unit_test(cbc_of_every_length),
        cmocka_unit_test(cbc_padding),
        cmocka_unit_test(cbc_of_parts_of_blocks),
        cmocka_unit_test(cbc_without_room),
        cmocka_unit_test(gcm_both_ways),
        cmocka_unit_test(gcm_with_one_bit_wrong),
        cmocka_unit_test(gcm_sizes),
        cmocka_unit_test(box_of_the_draft),
        cmocka_unit_test(box_round_trip),
        cmocka_unit_test(box_with_anything_wrong),
        cmocka_unit_test(box_without_randomness_or_room),
    };
    return cmocka_run_group_tests_name("cipher", tests, NULL, NULL);
}
