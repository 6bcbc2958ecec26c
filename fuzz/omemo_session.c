/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/session.h with the rows of seal/omemo/skipped.h: two ends that really talk, and a network that loses,
 * reorders, repeats and changes. Held: what is read is what was written, once; what was changed is never read, and
 * leaves everything as it was; what is stored is read as the same; a thousand skipped keys are the most. */
#include "seal/omemo/exchange.h"
#include "seal/omemo/skipped.h"

#include "dialects.h"
#include "env.h"

#define WIRE_MAX 96

typedef struct end {
    fuzz_env env;
    crypto_identity identity;
    omemo_session session;
    bool ready; /* has a session */
} end;

typedef struct sent {
    uint8_t from, len;
    uint16_t number; /* of the text */
    bool kex, read;
    uint8_t bytes[255];
} sent;

typedef struct world {
    end ends[2];
    crypto_x25519_pair signed_pair, prekey;
    sent wire[WIRE_MAX];
    size_t wire_len;
    uint16_t numbers;
} world;

static omemo_skipped port(end *e, omemo_skipped_rows *rows) {
    MUST_OK(omemo_skipped_open(rows, &e->env.base, BYTES_LITERAL("peer@x.example"), 1, 1));
    return omemo_skipped_port(rows);
}

/* Everything that is stored of an end. */
static uint64_t state_of(const end *e) {
    uint8_t memory[OMEMO_SESSION_BYTES];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    omemo_session_encode(&out, &e->session);
    MUST(out.status.code == 0 && out.len == OMEMO_SESSION_BYTES);
    omemo_session again;
    MUST_OK(omemo_session_decode(&again, bytes_of(memory, sizeof memory)));
    uint64_t hash = fuzz_touch(bytes_of(memory, sizeof memory));
    sotto_bytes key = BYTES_LITERAL("\x01"), value;
    for (bool more = bytes_map_from(&e->env.records, key, false, &key, &value); more;
         more = bytes_map_from(&e->env.records, key, true, &key, &value)) {
        hash = hash * 31 + fuzz_touch(key) * 7 + fuzz_touch(value);
    }
    return hash;
}

static crypto_x25519_pair pair_new(end *e) {
    crypto_x25519_pair pair;
    MUST_OK(crypto_x25519_new(&pair, &e->env.host.host));
    return pair;
}

static void begin(world *w) {
    end *alice = &w->ends[0], *bob = &w->ends[1];
    w->signed_pair = pair_new(bob);
    w->prekey = pair_new(bob);
    omemo_offer offer = {.identity = fuzz_dialect->identity->of(&bob->identity),
                         .signed_key = w->signed_pair.public_key,
                         .prekey = w->prekey.public_key,
                         .signed_id = 7,
                         .prekey_id = 77};
    MUST_OK(omemo_offer_sign(fuzz_dialect, &bob->identity, &offer.signed_key, &bob->env.host.host, &offer.signature));
    crypto_x25519_pair ephemeral = pair_new(alice);
    MUST_OK(omemo_exchange_initiate(&alice->session, fuzz_dialect, &alice->identity, &ephemeral, &offer));
    alice->ready = true;
}

static void say(world *w, uint8_t from) {
    end *e = &w->ends[from];
    if (!e->ready) return;
    sent *message = &w->wire[w->wire_len % WIRE_MAX];
    *message = (sent){.from = from, .number = ++w->numbers};
    bytes_buffer out;
    bytes_buffer_borrowed(&out, message->bytes, sizeof message->bytes);
    crypto_x25519_pair fresh = pair_new(e);
    sotto_bytes text = bytes_of(&message->number, sizeof message->number);
    MUST_OK(omemo_session_write(&e->session, fuzz_dialect, 1, &fresh, text, &out, &message->kex));
    message->len = (uint8_t)out.len;
    w->wire_len++;
}

/* The session a message is read with: the current one, or that of its key exchange. */
static sotto_status session_for(world *w, end *e, const sent *message, sotto_bytes bytes, omemo_session *ret,
                                sotto_bytes *ret_inner) {
    *ret = e->session;
    *ret_inner = bytes;
    if (!message->kex) return e->ready ? SOTTO_OK : SOTTO_FAIL(NO_SESSION);
    omemo_kex kex;
    SOTTO_TRY(fuzz_dialect->read_exchange(bytes, &kex));
    *ret_inner = kex.message;
    if (e->ready) return SOTTO_OK;
    return omemo_exchange_accept(ret, fuzz_dialect, &e->identity, &w->signed_pair, &w->prekey, &kex);
}

static sotto_status read_message(world *w, end *e, const sent *message, sotto_bytes bytes, bytes_buffer *plain) {
    omemo_session session;
    omemo_skipped_rows rows;
    omemo_skipped skipped = port(e, &rows);
    omemo_message read;
    omemo_step step;
    sotto_bytes inner;
    SOTTO_TRY(session_for(w, e, message, bytes, &session, &inner));
    SOTTO_TRY(fuzz_dialect->read_message(inner, &read));
    SOTTO_TRY(omemo_session_read(&session, fuzz_dialect, &read, &skipped, &e->env.arena, &step, plain));
    MUST_OK(omemo_session_apply(&session, &step, &skipped));
    e->session = session;
    e->ready = true;
    return SOTTO_OK;
}

static void hear(world *w, size_t which, size_t change_at, uint8_t change) {
    if (w->wire_len == 0) return;
    size_t kept = w->wire_len < WIRE_MAX ? w->wire_len : WIRE_MAX;
    sent *message = &w->wire[which % kept];
    end *e = &w->ends[1 - message->from];
    uint8_t copy[255];
    memcpy(copy, message->bytes, message->len);
    copy[change_at % message->len] ^= change;
    sotto_bytes exact = fuzz_exact(bytes_of(copy, message->len));
    uint8_t memory[OMEMO_PLAIN_BYTES_MAX];
    bytes_buffer plain;
    bytes_buffer_borrowed(&plain, memory, sizeof memory);
    uint64_t before = state_of(e);
    bool had = e->ready;
    sotto_status status = read_message(w, e, message, exact, &plain);
    fuzz_exact_free(exact);
    bytes_arena_clear(&e->env.arena);
    if (!sotto_ok(status)) {
        MUST(sotto_class(status) == SOTTO_CLASS_PEER && plain.len == 0);
        MUST(state_of(e) == before && e->ready == had);
        if (message->read)
            MUST(change != 0 || sotto_is(status, SOTTO_E_DUPLICATE) || sotto_is(status, SOTTO_E_TOO_OLD));
        return;
    }
    /* The ids of a key exchange name keys that are given here; everything else is bound. */
    MUST(change == 0 || message->kex);
    MUST(!message->read && plain.len == sizeof message->number && memcmp(memory, &message->number, plain.len) == 0);
    message->read = true;
    MUST(e->session.skipped <= SOTTO_OMEMO_SKIP_MAX && !e->session.unconfirmed);
}

static void end_start(end *e, uint8_t seed) {
    memset(&e->session, 0, sizeof e->session);
    e->ready = false;
    fuzz_env_start(&e->env, "juliet@capulet.example");
    e->env.host.random_state += seed;
    MUST_OK(crypto_identity_from_seed(&e->identity, (const uint8_t[32]){seed}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static world w;
    w = (world){.wire_len = 0};
    MUST_OK(crypto_start());
    end_start(&w.ends[0], 1);
    end_start(&w.ends[1], 2);
    begin(&w);
    sotto_bytes in = bytes_of(data, size);
    for (int i = 0; in.len > 0 && i < 200; i++) {
        uint8_t choice = fuzz_u8(&in);
        size_t last = w.wire_len > 0 ? w.wire_len - 1 : 0;
        if (choice < 64) {
            say(&w, choice & 1);
        } else if (choice < 128) {
            hear(&w, last, 0, 0); /* the newest */
        } else if (choice < 200) {
            hear(&w, fuzz_u8(&in), 0, 0);
        } else if (choice < 208) {
            for (unsigned n = fuzz_u8(&in) * 5u; n > 0 && n < 1200; n--) say(&w, choice & 1); /* many that are lost */
        } else {
            size_t which = fuzz_u8(&in), at = fuzz_u8(&in);
            hear(&w, which, at, fuzz_u8(&in));
        }
    }
    fuzz_env_end(&w.ends[0].env);
    fuzz_env_end(&w.ends[1].env);
    return 0;
}
