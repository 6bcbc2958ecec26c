/* SPDX-License-Identifier: ISC
 *
 * The engine as a whole, with the OMEMO seal, between a hostile server, a hostile contact, an application and an end
 * that may come at any moment. Each byte of the input is a move: true answers and messages, the same ones changed,
 * forged or repeated, pushes, notifications, copies, errors, acknowledgements, time, decisions, crashes, a full disk,
 * no memory, a store copied back. With 5 in the upper half of the first byte there are a room and archives as well
 * (fuzz/engine_room.c). What must hold is in fuzz/engine_world.c. */
#include "engine_play.h"

#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_EVENT  NS_PUBSUB "#event"
#define NS_OMEMO  "urn:xmpp:omemo:2"
#define NS_OLD    "eu.siacs.conversations.axolotl"
#define NODE_LIST NS_OMEMO ":devices"
#define NODE_KEYS NS_OMEMO ":bundles"
#define NODE_OPEN "urn:sotto:opening:0"
#define OLD_LIST  NS_OLD ".devicelist"
#define OLD_KEYS  NS_OLD ".bundles:"

const char *play_someone(play *p, const world_device *d) {
    switch (fuzz_u8(&p->in) & 7) {
    case 0:
    case 1:
        return world_bare[1 - d->account];
    case 2:
        return world_full[1 - d->account];
    case 3:
        return world_bare[d->account];
    case 4:
        return world_full[d->account];
    case 5:
        return "mallory@evil.example";
    case 6:
        return "mallory@evil.example/x";
    default:
        return d->account == 0 ? "capulet.example" : "montague.example";
    }
}

void play_put(play *p, const char *text) {
    bytes_buffer_text(&p->out, text);
}

void play_send(play *p, world_device *d, size_t fail_at, bool compare) {
    sotto_bytes text;
    if (sotto_ok(bytes_buffer_end(&p->out, &text)) && text.len > 0) {
        sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = text};
        (void)world_step(d, &input, fail_at, compare);
    }
    bytes_buffer_reset(&p->out);
}

/* Some bytes of what is there become others. */
void play_change(play *p, size_t from) {
    static const char odd[] = "A/+=<>'\"&0 \x80z";
    for (unsigned n = 1 + (fuzz_u8(&p->in) & 3); n > 0 && p->out.len > from; n--) {
        size_t at = (size_t)fuzz_u8(&p->in) << 8;
        at = from + (at | fuzz_u8(&p->in)) % (p->out.len - from);
        uint8_t with = fuzz_u8(&p->in);
        if (with & 1)
            p->out.at[at] = (uint8_t)odd[(with >> 1) % (sizeof odd - 1)];
        else if (p->out.at[at] >= 'A' && p->out.at[at] <= 'z')
            p->out.at[at] = (uint8_t)('A' + (p->out.at[at] - 'A' + (with >> 1)) % 26);
        else
            p->out.at[at] = (uint8_t)(p->out.at[at] ^ (with >> 1 & 7));
    }
}

/* The bundles of a device in the older dialect are in a node each. */
static const world_item *bundle_of(const world *w, uint8_t owner, bool old, size_t which) {
    if (!old) return world_item_of(w, owner, NODE_KEYS, which);
    for (size_t i = 0; i < WORLD_ITEMS; i++) {
        const world_item *item = &w->items[i];
        bool is = item->there && item->owner == owner && strncmp(item->node, OLD_KEYS, sizeof OLD_KEYS - 1) == 0;
        if (is && which-- == 0) return item;
    }
    return NULL;
}

static const char *device_of(const world_item *bundle, bool old) {
    return old ? bundle->node + sizeof OLD_KEYS - 1 : bundle->id;
}

/* A device list: true ids and others. */
static void put_list(play *p, const world_device *d, const char *item_ns, bool old) {
    uint8_t choice = fuzz_u8(&p->in);
    char text[192];
    (void)snprintf(text, sizeof text, "<item xmlns='%s' id='current'><%s xmlns='%s'>", item_ns,
                   old ? "list" : "devices", old ? NS_OLD : NS_OMEMO);
    play_put(p, text);
    for (uint8_t owner = 0; owner < WORLD_ACCOUNTS; owner++) {
        const world_item *bundle = bundle_of(d->world, owner, old, 0);
        if (!bundle || !(choice & 1u << owner)) continue;
        (void)snprintf(text, sizeof text, "<device id='%s'/>", device_of(bundle, old));
        play_put(p, text);
    }
    static const char *const others[] = {"5", "2147483647", "0", "x", "-1"};
    for (unsigned i = 0; i < 5; i++) {
        if (!(choice & 4u << i)) continue;
        (void)snprintf(text, sizeof text, "<device id='%s' label='l'/>", others[i]);
        play_put(p, text);
    }
    play_put(p, old ? "</list></item>" : "</devices></item>");
}

/* A bundle: somebody's, under any id. */
static void put_bundle(play *p, const world_device *d, const char *id, bool old) {
    uint8_t choice = fuzz_u8(&p->in);
    const world_item *bundle = bundle_of(d->world, choice & 1, old, choice >> 6);
    play_put(p, "<item id='");
    play_put(p, id);
    play_put(p, "'>");
    size_t from = p->out.len;
    if (bundle) bytes_buffer_put(&p->out, bytes_of(bundle->payload.at, bundle->payload.len));
    if (choice & 2) play_change(p, from);
    if (choice & 4) play_put(p, "<bundle xmlns='" NS_OMEMO "'/>");
    play_put(p, "</item>");
}

/* ---- answers ---- */

bool play_attribute(const world_text *text, const char *name, char *ret, size_t size) {
    char mark[24];
    int len = snprintf(mark, sizeof mark, " %s=", name);
    const char *end = memchr(text->at, '>', text->len);
    const char *at = memmem(text->at, text->len, mark, (size_t)len);
    if (!at || !end || at > end) return false;
    at += len + 1;
    size_t count = 0;
    while (at + count < end && at[count] != '\'' && at[count] != '"' && count + 1 < size) count++;
    memcpy(ret, at, count);
    ret[count] = '\0';
    return true;
}

static void begin_answer(play *p, const world_text *ask, const world_device *d, const char *type) {
    char id[64] = "", to[128] = "";
    (void)play_attribute(ask, "id", id, sizeof id);
    bool has_to = play_attribute(ask, "to", to, sizeof to);
    uint8_t choice = fuzz_u8(&p->in);
    play_put(p, "<iq type='");
    play_put(p, type);
    play_put(p, "' id='");
    play_put(p, id);
    play_put(p, "'");
    if (choice < 32 || has_to) {
        play_put(p, " from='");
        play_put(p, choice < 32 ? play_someone(p, d) : to);
        play_put(p, "'");
    }
    play_put(p, ">");
}

static void answer_error(play *p, const world_text *ask, const world_device *d) {
    static const char *const conditions[] = {
        "item-not-found",          "forbidden",   "service-unavailable", "conflict", "feature-not-implemented",
        "remote-server-not-found", "bad-request", "precondition-not-met"};
    begin_answer(p, ask, d, "error");
    uint8_t which = fuzz_u8(&p->in) & 7;
    play_put(p, "<error type='cancel'><");
    play_put(p, conditions[which]);
    play_put(p, which == 7 ? " xmlns='" NS_PUBSUB "#errors'/>" : " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
    if (which == 3 || which == 7) play_put(p, "<precondition-not-met xmlns='" NS_PUBSUB "#errors'/>");
    play_put(p, "</error></iq>");
}

static void answer_items(play *p, const world_text *ask, const world_device *d, bool list) {
    bool old = memmem(ask->at, ask->len, NS_OLD, sizeof NS_OLD - 1) != NULL;
    const char *keys = memmem(ask->at, ask->len, OLD_KEYS, sizeof OLD_KEYS - 1);
    char id[16] = "5", node[WORLD_NODE] = NODE_KEYS;
    const char *at = memmem(ask->at, ask->len, "<item id=", 9);
    size_t len = at ? strspn(at + 10, "0123456789") : sizeof id;
    if (len < sizeof id) {
        memcpy(id, at + 10, len);
        id[len] = '\0';
    }
    if (old) (void)snprintf(id, sizeof id, "current");
    if (keys) (void)snprintf(node, sizeof node, "%.*s", (int)strcspn(keys, "'\""), keys);
    begin_answer(p, ask, d, "result");
    play_put(p, "<pubsub xmlns='" NS_PUBSUB "'><items node='");
    play_put(p, !list ? node : old ? OLD_LIST : NODE_LIST);
    play_put(p, "'>");
    if (list)
        put_list(p, d, NS_PUBSUB, old);
    else
        put_bundle(p, d, id, old);
    play_put(p, "</items></pubsub></iq>");
}

static void answer(play *p, world_device *d, uint8_t move) {
    const world_text *ask = world_ask(d, fuzz_u8(&p->in));
    if (!ask) return;
    switch (move) {
    case 0:
    case 1:
        (void)world_answer(d, ask, &p->out);
        break;
    case 2:
        if (world_answer(d, ask, &p->out)) play_change(p, 0);
        break;
    case 3:
        answer_error(p, ask, d);
        break;
    case 4:
        answer_items(p, ask, d, true);
        break;
    case 5:
        answer_items(p, ask, d, false);
        break;
    case 6:
        begin_answer(p, ask, d, "result");
        play_put(p, "</iq>");
        break;
    default:
        begin_answer(p, ask, d, fuzz_flip(&p->in) ? "result" : "error");
        bytes_buffer_put(&p->out, fuzz_piece(&p->in, 255));
        play_put(p, "</iq>");
        break;
    }
    play_send(p, d, 0, (move & 1) != 0);
}

/* All that was asked is answered truly. */
void play_answer_all(play *p, world_device *d) {
    for (int i = 0; i < 20 && d->ask_next < d->ask_count; i++) {
        if (d->ask_count - d->ask_next > WORLD_WAITING) d->ask_next = d->ask_count - WORLD_WAITING;
        (void)world_answer(d, &d->asks[d->ask_next++ % WORLD_WAITING], &p->out);
        play_send(p, d, 0, false);
        (void)world_commit(d, false);
    }
}

/* ---- messages ---- */

/* The first `what` in the stanza at hand becomes `with`. */
void play_replace(play *p, const char *what, const char *with) {
    const uint8_t *at = p->out.len > 0 ? memmem(p->out.at, p->out.len, what, strlen(what)) : NULL;
    if (!at) return;
    size_t before = (size_t)(at - p->out.at), behind = before + strlen(what);
    sotto_bytes tail = fuzz_exact(bytes_after(bytes_of(p->out.at, p->out.len), behind));
    bytes_buffer_cut(&p->out, before);
    play_put(p, with);
    bytes_buffer_put(&p->out, tail);
    fuzz_exact_free(tail);
}

static void wrap_as_copy(play *p, const world_device *d, const world_text *message, bool sent) {
    play_put(p, "<message from='");
    play_put(p, fuzz_u8(&p->in) < 160 ? world_bare[d->account] : play_someone(p, d));
    play_put(p, "'><");
    play_put(p, sent ? "sent" : "received");
    play_put(p, " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>");
    bytes_buffer_put(&p->out, bytes_of(message->at, message->len));
    play_replace(p, "<forwarded xmlns='urn:xmpp:forward:0'><message",
                 "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'");
    play_put(p, sent ? "</forwarded></sent></message>" : "</forwarded></received></message>");
}

static void deliver(play *p, world_device *d, uint8_t move) {
    const world_text *message = world_message(d, move == 0 ? 0 : fuzz_u8(&p->in));
    if (!message) return;
    char from[96];
    if (move != 4 && move != 5) bytes_buffer_put(&p->out, bytes_of(message->at, message->len));
    switch (move) {
    case 2:
        play_change(p, 0);
        break;
    case 3:
        (void)snprintf(from, sizeof from, "from=\"%s\"", world_full[1 - d->account]);
        play_replace(p, from, "from='mallory@evil.example/x'");
        (void)snprintf(from, sizeof from, "from='%s'", world_full[1 - d->account]);
        play_replace(p, from, "from='mallory@evil.example/x'");
        break;
    case 4:
    case 5:
        wrap_as_copy(p, d, message, move == 5);
        break;
    case 6:
        play_replace(p, "</message>", "<delay xmlns='urn:xmpp:delay' stamp='2027-01-01T00:00:00Z'/></message>");
        break;
    case 7:
        play_replace(p, "</message>", "<body>made up</body><subject>made up</subject></message>");
        play_replace(p, "chat", fuzz_flip(&p->in) ? "groupchat" : "error");
        break;
    default:
        break;
    }
    play_send(p, d, 0, move == 2);
}

/* An opening (T18): somebody's true one, or changed. */
static void put_opening(play *p, const world_device *d) {
    uint8_t choice = fuzz_u8(&p->in);
    const world_item *opening = world_item_of(d->world, choice & 1, NODE_OPEN, 0);
    if (!opening) return;
    play_put(p, "<item id='");
    play_put(p, opening->id);
    play_put(p, "'>");
    size_t from = p->out.len;
    bytes_buffer_put(&p->out, bytes_of(opening->payload.at, opening->payload.len));
    if (choice & 2) play_change(p, from);
    play_put(p, "</item>");
}

static void notify(play *p, world_device *d) {
    play_put(p, "<message from='");
    play_put(p, play_someone(p, d));
    play_put(p, "'><event xmlns='" NS_EVENT "'>");
    uint8_t choice = fuzz_u8(&p->in);
    if (choice < 200) {
        play_put(p, "<items node='");
        play_put(p, choice & 16 ? NODE_OPEN : choice & 8 ? OLD_LIST : choice & 1 ? NODE_LIST : NODE_KEYS);
        play_put(p, "'>");
        if (choice & 16)
            put_opening(p, d);
        else if (choice & 2)
            put_list(p, d, NS_EVENT, (choice & 8) != 0);
        if (choice & 4) play_put(p, "<retract id='current'/>");
        play_put(p, "</items>");
    } else {
        play_put(p, choice & 1 ? "<purge node='" NODE_LIST "'/>" : "<delete node='" NODE_LIST "'/>");
    }
    play_put(p, "</event></message>");
    play_send(p, d, 0, false);
}

static void push_roster(play *p, world_device *d) {
    static const char *const kinds[] = {"both", "none", "remove", "to", "from"};
    uint8_t choice = fuzz_u8(&p->in);
    play_put(p, choice & 1 ? "<iq type='set' id='p'" : "<iq type='result' id='p'");
    if (choice & 2) {
        play_put(p, " from='");
        play_put(p, play_someone(p, d));
        play_put(p, "'");
    }
    play_put(p, "><query xmlns='jabber:iq:roster'><item jid='");
    play_put(p, play_someone(p, d));
    play_put(p, "' subscription='");
    play_put(p, kinds[(choice >> 2) % 5]);
    play_put(p, "'/></query></iq>");
    play_send(p, d, 0, false);
}

static void free_stanza(play *p, world_device *d) {
    static const char *const kinds[] = {"message", "presence", "iq"};
    static const char *const types[] = {"", "chat", "error", "groupchat", "get", "set", "result", "subscribe"};
    uint8_t choice = fuzz_u8(&p->in);
    const char *kind = kinds[choice % 3];
    play_put(p, "<");
    play_put(p, kind);
    play_put(p, " id='f' from='");
    play_put(p, play_someone(p, d));
    play_put(p, "' type='");
    play_put(p, types[choice >> 5]);
    play_put(p, "'>");
    if (choice & 4)
        play_put(p, "<encrypted xmlns='" NS_OMEMO
                    "'><header sid='5'><keys jid='juliet@capulet.example'><key rid='1'>AA==</key>"
                    "</keys></header></encrypted>");
    if (choice & 8) play_put(p, "<body>clear</body>");
    bytes_buffer_put(&p->out, fuzz_piece(&p->in, 255));
    play_put(p, "</");
    play_put(p, kind);
    play_put(p, ">");
    play_send(p, d, 0, true);
}

/* ---- the application ---- */

typedef struct pick {
    size_t left;
    uint8_t key[32];
    bool found;
} pick;

static sotto_status pick_key(void *arg, const sotto_key *key) {
    pick *picked = arg;
    if (key->known && !key->this_device) {
        memcpy(picked->key, key->key, 32);
        picked->found = true;
    }
    return picked->left-- == 0 ? SOTTO_FAIL(CANCELLED) : SOTTO_OK;
}

static void decide(play *p, world_device *d) {
    sotto_bytes jid = bytes_text(play_someone(p, d));
    pick picked = {.left = fuzz_u8(&p->in) & 3};
    sotto_status status = sotto_engine_keys(d->engine, jid, pick_key, &picked);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_CANCELLED));
    sotto_input input = {.kind = SOTTO_INPUT_VERDICT,
                         .jid = jid,
                         .key = bytes_of(picked.key, 32),
                         .trust = (sotto_trust)(fuzz_u8(&p->in) & 3)};
    (void)world_step(d, &input, 0, true);
}

static void set_policy(play *p, world_device *d) {
    sotto_input input = {.kind = SOTTO_INPUT_POLICY,
                         .jid = bytes_text(play_someone(p, d)),
                         .encrypt = (sotto_encrypt)(fuzz_u8(&p->in) & 3)};
    sotto_status status = world_step(d, &input, 0, false);
    bool other = bytes_starts_with(input.jid, bytes_text(world_bare[1 - d->account]));
    if (sotto_ok(status) && input.encrypt == SOTTO_ENCRYPT_NEVER && other) world_release(d);
}

static void wish(play *p, world_device *d, uint8_t move) {
    sotto_input input = {.jid = bytes_text(play_someone(p, d))};
    switch (move) {
    case 0:
        input.kind = SOTTO_INPUT_REFRESH;
        break;
    case 1:
        input.kind = SOTTO_INPUT_REPAIR;
        break;
    case 2:
        input.kind = SOTTO_INPUT_CANCEL;
        input.ticket = d->world->ticket - (fuzz_u8(&p->in) & 3);
        break;
    default:
        input.kind = fuzz_u8(&p->in) > 200 ? SOTTO_INPUT_LEAVE : SOTTO_INPUT_OFFLINE;
        if (input.kind == SOTTO_INPUT_OFFLINE) d->online = false;
        break;
    }
    (void)world_step(d, &input, 0, (move & 2) != 0);
}

static void pass_time(play *p, world_device *d) {
    static const uint64_t steps[] = {0,      1000,    5000,     31000,           61000,
                                     601000, 3601000, 90000000, 8ull * 86400000, 31ull * 86400000};
    uint8_t choice = fuzz_u8(&p->in);
    if (choice == 255)
        d->world->now_ms -= 7200000; /* somebody set the clock */
    else
        d->world->now_ms += steps[choice % 10];
    (void)world_step(d, &(sotto_input){.kind = SOTTO_INPUT_TIMER}, 0, false);
}

static void acknowledge(play *p, world_device *d) {
    uint8_t choice = fuzz_u8(&p->in);
    uint32_t count = choice < 128 ? choice & 7 : choice < 250 ? d->open_stanzas : UINT32_MAX - choice;
    if (!d->online && choice < 64 && d->last_stanza > 0) { /* between streams: the server will never take it */
        sotto_status rejected = sotto_engine_reject(d->engine, d->last_stanza, SOTTO_FAIL(SERVER_REFUSED));
        MUST(sotto_ok(rejected) || sotto_class(rejected) != SOTTO_CLASS_OURS);
        return;
    }
    sotto_status status = sotto_engine_acked(d->engine, count);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_BAD_SERVER));
    if (!sotto_ok(status)) return;
    d->open_stanzas = d->open_stanzas > count ? d->open_stanzas - count : 0;
}

static void without_memory(play *p, world_device *d) {
    size_t fail_at = 1 + fuzz_u8(&p->in);
    const world_text *message = world_message(d, fuzz_u8(&p->in));
    if (!message) return;
    bytes_buffer_put(&p->out, bytes_of(message->at, message->len));
    play_send(p, d, fail_at, true);
}

static void say(play *p, world_device *d, uint8_t move) {
    static const char *const kinds[] = {NULL, "iq", "presence", NULL};
    uint8_t choice = fuzz_u8(&p->in);
    world_say(d, move < 12 ? SOTTO_ENCRYPT_DEFAULT : (sotto_encrypt)(choice & 3),
              move < 12 ? NULL : kinds[choice >> 6]);
}

static void end_or_begin(play *p, world_device *d, uint8_t move) {
    if (move == 0) {
        world_crash(d);
    } else if (move == 1) {
        uint8_t choice = fuzz_u8(&p->in);
        if (choice > 250) world_keep(d);
        if (choice < 4) world_set_back(d);
    } else {
        uint8_t choice = fuzz_u8(&p->in);
        world_online(d, (choice & 1) != 0, choice >> 5);
    }
}

static void move(play *p) {
    uint8_t choice = fuzz_u8(&p->in);
    world_device *d = &p->w.devices[choice & 1];
    uint8_t kind = choice >> 1; /* 128 of them */
    if (kind < 16) {
        say(p, d, kind);
    } else if (kind < 32) {
        (void)world_commit(d, false);
    } else if (kind < 44) {
        answer(p, d, (kind - 32) & 7);
    } else if (kind < 52) {
        play_answer_all(p, d);
    } else if (kind < 60) {
        deliver(p, d, 0);
    } else if (kind < 76) {
        deliver(p, d, (kind - 60) & 7);
    } else if (kind < 82) {
        notify(p, d);
    } else if (kind < 84) {
        push_roster(p, d);
    } else if (kind < 88) {
        free_stanza(p, d);
    } else if (kind < 92) {
        pass_time(p, d);
    } else if (kind < 94) {
        set_policy(p, d);
    } else if (kind < 98) {
        decide(p, d);
    } else if (kind < 102) {
        acknowledge(p, d);
    } else if (kind < 106) {
        world_done(d, 1 + (fuzz_u8(&p->in) & 15));
    } else if (kind < 110) {
        wish(p, d, kind - 106);
    } else if (kind < 114) {
        without_memory(p, d);
    } else if (kind < 116) {
        (void)world_commit(d, true);
    } else if (kind < 120 || !p->w.rooms) {
        end_or_begin(p, d, kind % 4);
    } else {
        play_room_move(p, d, kind - 120);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static play p;
    p = (play){.in = bytes_of(data, size)};
    uint8_t choice = fuzz_u8(&p.in);
    world_start(&p.w, (choice & 1) != 0, choice >> 4 == 5);
    bytes_buffer_owned(&p.out, &p.w.host.host, 1u << 21);
    for (int i = 0; i < WORLD_ACCOUNTS; i++) {
        if (choice & 2) world_online(&p.w.devices[i], false, 0);
        if (choice & 4) (void)world_commit(&p.w.devices[i], false);
        if (choice & 8) play_answer_all(&p, &p.w.devices[i]);
    }
    for (int i = 0; i < 150 && p.in.len > 0; i++) move(&p);
    for (int i = 0; i < WORLD_ACCOUNTS; i++) (void)world_commit(&p.w.devices[i], false);
    bytes_buffer_free(&p.out);
    world_end(&p.w);
    return 0;
}
