/* SPDX-License-Identifier: ISC
 *
 * Rooms: entering, who reads (T35), who wrote (T36), what a room is, and what becomes of messages when that changes. */
#include "engine_rig.h"

#include <stdlib.h>

#define ROOM   "coven@rooms.example"
#define JULIET "juliet@capulet.example"
#define ROMEO  "romeo@montague.example"
#define NURSE  "nurse@capulet.example"
#define TYBALT "tybalt@capulet.example"
#define USER   "http://jabber.org/protocol/muc#user"
#define ADMIN  "http://jabber.org/protocol/muc#admin"
#define HELLO  "<message to='" ROOM "' type='groupchat' id='h1'><body>hello</body></message>"

/* ---- a seal for rooms: everybody has one device with the key of his first letter, unless the script says otherwise */

static struct room_script {
    char audience[32768];
    const char *without; /* this JID has no device */
    const char *unread;  /* this one's devices are not known yet */
    seal_origin origin;
    char origin_from[128], origin_to[128];
    unsigned protects, unprotects;
    size_t allowed, devices_each;
    bool with_id; /* what is sealed keeps its id outside, as real ones do */
} the_room;

static bool is_one(sotto_bytes jid, const char *text) {
    return text != NULL && bytes_is(jid, text);
}

static sotto_status r_promise(void *self, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    size_t each = the_room.devices_each != 0 ? the_room.devices_each : 1, count = 0;
    seal_key *keys = bytes_arena_take(env->arena, (audience->count * each + 1) * sizeof *keys);
    (void)self;
    if (keys == NULL) return SOTTO_FAIL(NO_MEMORY);
    the_room.audience[0] = 0;
    *ret = (seal_promise){.kind = SEAL_NEVER};
    for (size_t i = 0; i < audience->count; i++) {
        sotto_bytes jid = audience->jids[i];
        size_t len = strlen(the_room.audience);
        snprintf(the_room.audience + len, sizeof the_room.audience - len, "%.*s ", (int)jid.len, (const char *)jid.at);
        if (is_one(jid, the_room.unread)) ret->kind = SEAL_ASKING;
        if (is_one(jid, the_room.unread) || is_one(jid, the_room.without)) continue;
        if (ret->kind == SEAL_NEVER) ret->kind = SEAL_READY;
        for (size_t d = 0; d < each; d++) {
            seal_key *key = &keys[count++];
            *key = (seal_key){.jid = jid, .device = (uint32_t)d + 1, .known = true, .active = true};
            memset(key->key, jid.at[0], sizeof key->key);
            memcpy(key->key + 1, jid.at, jid.len < 30 ? jid.len : 30);
            key->key[31] = (uint8_t)d;
            SOTTO_TRY(env->key_seen(env, key));
        }
    }
    ret->keys = (seal_keys){keys, count};
    return SOTTO_OK;
}

static sotto_status r_protect(void *self, seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                              const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret) {
    char text[512];
    sotto_bytes to = stanza_attribute_of(stanza, "to");
    (void)self, (void)ticket;
    the_room.protects++;
    the_room.allowed = allowed->count;
    sotto_bytes id = the_room.with_id ? stanza_attribute_of(stanza, "id") : BYTES_NONE;
    int len = snprintf(
        text, sizeof text, "<message to='%.*s' type='%s'%s%.*s%s><sealed xmlns='" NS_SCRIPT "' for='%zu'/></message>",
        (int)to.len, (const char *)to.at, audience->room ? "groupchat" : "chat", id.len > 0 ? " id='" : "", (int)id.len,
        id.len > 0 ? (const char *)id.at : "", id.len > 0 ? "'" : "", allowed->count);
    sotto_bytes *at = bytes_arena_take(env->arena, sizeof *at);
    if (at == NULL || !bytes_arena_copy(env->arena, bytes_of(text, (size_t)len), at)) return SOTTO_FAIL(NO_MEMORY);
    *ret = (seal_stanzas){at, 1};
    return SOTTO_OK;
}

static sotto_status r_unprotect(void *self, seal_env *env, const stanza_element *stanza, const seal_origin *origin,
                                seal_opened *ret) {
    (void)self, (void)env, (void)stanza;
    the_room.unprotects++;
    the_room.origin = *origin;
    snprintf(the_room.origin_from, sizeof the_room.origin_from, "%.*s", (int)origin->from.len,
             (const char *)origin->from.at);
    snprintf(the_room.origin_to, sizeof the_room.origin_to, "%.*s", (int)origin->to.len, (const char *)origin->to.at);
    *ret = (seal_opened){.outcome = SEAL_OPENED, .key = {.jid = origin->from, .device = 1, .known = true}};
    memset(ret->key.key, origin->from.at[0], sizeof ret->key.key);
    memcpy(ret->key.key + 1, origin->from.at, origin->from.len < 30 ? origin->from.len : 30);
    ret->key.key[31] = 0;
    ret->stanza = BYTES_LITERAL("<message><body>opened</body></message>");
    return SOTTO_OK;
}

static sotto_status r_open(void **ret, seal_env *env) {
    (void)env;
    *ret = &the_room;
    return SOTTO_OK;
}
static void r_close(void *self) {
    (void)self;
}
static sotto_status r_input(void *self, seal_env *env, const seal_input *input) {
    (void)self, (void)env, (void)input;
    if (input->kind != SEAL_INPUT_REFRESH) return SOTTO_OK;
    the_room.unread = NULL;
    return env->changed(env, input->jid);
}
static void r_forget(void *self, sotto_bytes jid) {
    (void)self, (void)jid;
}
static sotto_status r_list(void *self, seal_env *env, sotto_bytes jid, seal_keys *ret) {
    (void)self, (void)env, (void)jid;
    *ret = (seal_keys){NULL, 0};
    return SOTTO_OK;
}

static const char *const r_claims[] = {NS_SCRIPT, NULL};
static const char *const r_none[] = {NULL};
static const seal_class r_class = {
    .name = "script",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_OFFLINE | SEAL_CAN_ROOM,
    .carriers = SEAL_CAN_MESSAGE,
    .claims = r_claims,
    .nodes = r_none,
    .features = r_none,
    .open = r_open,
    .close = r_close,
    .promise = r_promise,
    .protect = r_protect,
    .unprotect = r_unprotect,
    .input = r_input,
    .forget = r_forget,
    .list_keys = r_list,
};

static int room_setup(void **state) {
    if (engine_setup(state) != 0) return -1;
    engine_rig *r = *state;
    memset(&the_room, 0, sizeof the_room);
    r->seals[0] = &r_class;
    engine_reopen(r);
    return 0;
}

/* ---- what comes out ---- */

static void append(engine_rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(engine_rig *r, const char *format, ...) {
    size_t len = strlen(r->text);
    va_list args;
    va_start(args, format);
    vsnprintf(r->text + len, sizeof r->text - len, format, args);
    va_end(args);
}

#define TEXT(bytes) (int)(bytes).len, (const char *)(bytes).at

static void append_event(engine_rig *r, const sotto_event *event) {
    append(r, "%s %.*s %s", sotto_event_name(event->kind), TEXT(event->jid), sotto_status_name(event->reason));
    if (event->kind == SOTTO_EVENT_ROOM) append(r, " %u/%u", event->number, event->total);
    if (event->kind == SOTTO_EVENT_ROOM_MEMBER || event->kind == SOTTO_EVENT_INVITED)
        append(r, " %.*s %u", TEXT(event->key.jid), event->number);
    if (event->text.len > 0) append(r, " %.*s", TEXT(event->text));
    append(r, "\n");
}

/* As `outputs`, with what rooms need; keys seen are left out. */
static const char *said(engine_rig *r) {
    sotto_output out;
    commit(r);
    r->text[0] = 0;
    while (sotto_engine_next(r->engine, &out)) {
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA)
            append(r, "%s %.*s\n", out.seal.len > 0 ? "sealed" : "clear", TEXT(out.stanza));
        if (out.kind == SOTTO_OUTPUT_DELIVER)
            append(r, "deliver %s %.*s room %.*s nick %.*s\n", out.delivery.seal.len > 0 ? "sealed" : "clear",
                   TEXT(out.delivery.from), TEXT(out.delivery.room), TEXT(out.delivery.nick));
        if (out.kind == SOTTO_OUTPUT_EVENT && out.event.kind != SOTTO_EVENT_NEW_KEY) append_event(r, &out.event);
        if (seq != 0) assert_ok(sotto_engine_done(r->engine, seq));
    }
    commit(r); /* what is done stays done */
    return r->text;
}

#define assert_said(r, expected) assert_string_equal(said(r), expected)

/* ---- the room, played by the test ---- */

static void hear(engine_rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void hear(engine_rig *r, const char *format, ...) {
    static char text[262144];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    step(r, stanza_input(text));
}

static void here(engine_rig *r, const char *nick, const char *jid, const char *affiliation, const char *code) {
    char status[160] = "";
    if (code != NULL) snprintf(status, sizeof status, "<status code='%s'/>", code);
    hear(r,
         "<presence from='" ROOM "/%s'><x xmlns='" USER "'><item affiliation='%s' role='participant' jid='%s'/>%s</x>"
         "</presence>",
         nick, affiliation, jid, status);
}

static void gone(engine_rig *r, const char *nick, const char *jid, const char *affiliation, const char *code) {
    char status[160] = "";
    if (code != NULL) snprintf(status, sizeof status, "<status code='%s'/>", code);
    hear(r,
         "<presence from='" ROOM "/%s' type='unavailable'><x xmlns='" USER
         "'><item affiliation='%s' role='none' jid='%s'/>%s</x></presence>",
         nick, affiliation, jid, status);
}

/* The id of the last question that has this in it. */
static void id_of(const char *text, const char *part, char ret[64]) {
    const char *at = strstr(text, part);
    assert_non_null(at);
    while (at > text && strncmp(at, "<iq", 3) != 0) at--;
    at = strstr(at, "id='") + 4;
    snprintf(ret, 64, "%.*s", (int)strcspn(at, "'"), at);
}

static void answer(engine_rig *r, const char *questions, const char *part, const char *payload) {
    char id[64];
    id_of(questions, part, id);
    hear(r, "<iq type='result' from='" ROOM "' id='%s'>%s</iq>", id, payload);
}

static void refuse(engine_rig *r, const char *questions, const char *part, const char *condition) {
    char id[64];
    id_of(questions, part, id);
    hear(r,
         "<iq type='error' from='" ROOM "' id='%s'><error type='auth'><%s "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
         id, condition);
}

#define INFO(features)                                                                                                 \
    "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='conference' type='text'/><feature "      \
    "var='http://jabber.org/protocol/muc'/>" features "</query>"
#define PRIVATE_INFO INFO("<feature var='muc_membersonly'/><feature var='muc_nonanonymous'/>")
#define STAMPED_INFO                                                                                                   \
    INFO("<feature var='muc_membersonly'/><feature var='muc_nonanonymous'/><feature var='urn:xmpp:occupant-id:0'/>")
#define PUBLIC_INFO    INFO("<feature var='muc_open'/><feature var='muc_nonanonymous'/>")
#define ANONYMOUS_INFO INFO("<feature var='muc_membersonly'/><feature var='muc_semianonymous'/>")

/* Items of one list: JIDs parted by blanks. */
static const char *list(const char *affiliation, const char *jids) {
    static char text[131072];
    size_t len = (size_t)snprintf(text, sizeof text, "<query xmlns='" ADMIN "'>");
    while (*jids != 0) {
        int one = (int)strcspn(jids, " ");
        len += (size_t)snprintf(text + len, sizeof text - len, "<item affiliation='%s' jid='%.*s'/>", affiliation, one,
                                jids);
        jids += one;
        while (*jids == ' ') jids++;
    }
    snprintf(text + len, sizeof text - len, "</query>");
    return text;
}

typedef struct lists {
    const char *info, *owners, *admins, *members, *outcasts;
} lists;

/* Answers everything that was asked; `asked` are the questions. */
static void answer_all(engine_rig *r, const char *asked_text, const lists *l) {
    char *asked = strdup(asked_text);
    assert_non_null(asked);
    answer(r, asked, "disco#info", l->info);
    answer(r, asked, "affiliation='owner'", list("owner", l->owners));
    answer(r, asked, "affiliation='admin'", list("admin", l->admins));
    if (l->outcasts != NULL)
        answer(r, asked, "affiliation='outcast'", list("outcast", l->outcasts));
    else
        refuse(r, asked, "affiliation='outcast'", "forbidden");
    answer(r, asked, "affiliation='member'", list("member", l->members));
    free(asked);
}

static const lists usual = {PRIVATE_INFO, JULIET, "", ROMEO " " NURSE, NULL};

static void join_input(engine_rig *r) {
    step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL(ROOM)});
}

/* Juliet and Romeo are there, the nurse is a member who is not. Nothing was said to the end. */
static void join_with(engine_rig *r, const lists *l) {
    go_online(r, false);
    join_input(r);
    said(r);
    here(r, "Romeo", ROMEO "/orchard", "member", NULL);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), l);
}

static void join(engine_rig *r) {
    join_with(r, &usual);
    said(r);
}

/* ---- entering ---- */

static void test_entering_asks_and_says_once_what_the_room_is(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    assert_said(r, "clear <presence to='" ROOM "/juliet'><x xmlns='http://jabber.org/protocol/muc'><history "
                   "maxstanzas='0'/></x></presence>\n");
    here(r, "Romeo", ROMEO "/orchard", "member", NULL);
    assert_said(r, "deliver clear coven@rooms.example room  nick \n");
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    const char *asked = said(r);
    assert_contains(asked, "disco#info");
    assert_contains(asked, "affiliation='outcast'");
    answer_all(r, asked, &usual);
    assert_said(r, "room " ROOM " ok 2/2\n");
    assert_string_equal(the_room.audience, NURSE " " ROMEO " ");
}

static void test_a_room_for_everybody_is_public(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    l.info = PUBLIC_INFO;
    join_with(r, &l);
    assert_said(r, "room " ROOM " room-public 0/0\n");
    step(r, send_input(1, HELLO)); /* auto, and never encrypted: what the event said is what is done */
    assert_said(r, "clear " HELLO "\n");
}

static void test_a_room_that_hides_jids_is_anonymous(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    l.info = ANONYMOUS_INFO;
    join_with(r, &l);
    assert_said(r, "room " ROOM " room-anonymous 0/0\n");
    sotto_input always = send_input(1, HELLO);
    always.encrypt = SOTTO_ENCRYPT_ALWAYS;
    step(r, always);
    assert_said(r, "refused " ROOM " room-anonymous\n");
}

static void test_a_room_without_lists_is_broken_and_holds(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    said(r);
    here(r, "juliet", JULIET "/balcony", "member", "110");
    char *asked = strdup(said(r));
    answer(r, asked, "disco#info", PRIVATE_INFO);
    refuse(r, asked, "affiliation='member'", "forbidden");
    refuse(r, asked, "affiliation='owner'", "forbidden");
    answer(r, asked, "affiliation='admin'", list("admin", ""));
    refuse(r, asked, "affiliation='outcast'", "forbidden");
    free(asked);
    assert_said(r, "room " ROOM " server-refused 0/0 forbidden\n");
    step(r, send_input(1, HELLO));
    assert_said(r, "held " ROOM " server-refused\n");
    join_input(r); /* who asks to enter is told anew */
    assert_contains(said(r), "affiliation='member'");
    r->now_ms += 100000; /* nobody answers; tried again */
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    r->now_ms += 100000;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    answer_all(r, said(r), &usual);
    assert_contains(said(r), "sealed <message to='" ROOM "' type='groupchat'");
}

/* Rooms for everybody often refuse their lists: what they are is known all the same. */
static void test_a_public_room_without_lists_is_public(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    said(r);
    here(r, "juliet", JULIET "/balcony", "none", "110");
    char *asked = strdup(said(r));
    assert_non_null(asked);
    static const char *const all[] = {"owner", "admin", "member", "outcast"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char part[64];
        snprintf(part, sizeof part, "affiliation='%s'", all[i]);
        refuse(r, asked, part, "forbidden");
    }
    assert_said(r, "");
    answer(r, asked, "disco#info", PUBLIC_INFO);
    free(asked);
    assert_said(r, "room " ROOM " room-public 0/0\n");
}

static void test_lists_that_lie_are_not_believed(void **state) {
    engine_rig *r = *state;
    static const char *const forged[] = {
        "<query xmlns='" ADMIN "'><item affiliation='owner' jid='" TYBALT "'/></query>", /* of another list */
        "<query xmlns='" ADMIN "'><item affiliation='member'/></query>",
        "<query xmlns='" ADMIN "'><item affiliation='member' jid='@'/></query>",
        "<query xmlns='" ADMIN "'><item affiliation='king' jid='" TYBALT "'/></query>",
        "<query xmlns='" USER "'><item affiliation='member' jid='" TYBALT "'/></query>",
        "",
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        go_online(r, false);
        join_input(r);
        said(r);
        here(r, "juliet", JULIET "/balcony", "owner", "110");
        char *asked = strdup(said(r));
        assert_non_null(asked);
        answer(r, asked, "disco#info", PRIVATE_INFO);
        answer(r, asked, "affiliation='owner'", list("owner", JULIET));
        answer(r, asked, "affiliation='admin'", list("admin", ""));
        answer(r, asked, "affiliation='outcast'", list("outcast", ""));
        answer(r, asked, "affiliation='member'", forged[i]);
        free(asked);
        assert_said(r, "room " ROOM " malformed 0/0\n");
        step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
        said(r);
    }
}

/* T35: never outcasts, whatever other list they are on. */
static void test_T35_an_outcast_gets_nothing_whatever_lists_say(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    l.members = ROMEO " " NURSE " " TYBALT;
    l.outcasts = TYBALT;
    join_with(r, &l);
    assert_said(r, "room " ROOM " ok 2/2\n");
    assert_null(strstr(the_room.audience, TYBALT));
}

/* T35: "union of owner, admin, member, including offline". */
static void test_T35_owners_admins_and_members_read_offline_ones_too(void **state) {
    engine_rig *r = *state;
    lists l = {PRIVATE_INFO, JULIET " " TYBALT, NURSE, "paris@verona.example", ""};
    join_with(r, &l);
    /* Romeo is in the room as a member and on no list. */
    assert_said(r, "room " ROOM " ok 4/4\n");
    assert_string_equal(the_room.audience, NURSE " paris@verona.example " ROMEO " " TYBALT " ");
}

static void test_a_room_that_is_refused_is_forgotten(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    said(r);
    hear(r, "<presence from='" ROOM "/juliet' type='error'><x xmlns='http://jabber.org/protocol/muc'/><error "
            "type='auth'><registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
    assert_contains(said(r), "room " ROOM " server-refused 0/0 registration-required\n");
    step(r, send_input(1, HELLO));
    assert_said(r, "refused " ROOM " not-joined\n");
}

static void test_a_nick_that_is_taken_gets_longer(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    said(r);
    const char *nick = "juliet";
    static const char *const next[] = {"juliet_", "juliet__", "juliet___"};
    for (size_t i = 0; i < 4; i++) {
        hear(r,
             "<presence from='" ROOM "/%s' type='error'><error type='cancel'><conflict "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
             nick);
        const char *text = said(r);
        if (i == 3) {
            assert_contains(text, "room " ROOM " server-refused 0/0 conflict\n");
            break;
        }
        char expected[128];
        snprintf(expected, sizeof expected, "to='" ROOM "/%s'", next[i]);
        assert_contains(text, expected);
        nick = next[i];
    }
}

/* ---- what is not joined ---- */

static void test_a_room_nobody_joined_is_refused(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_said(r, "refused " ROOM " not-joined\n");
    sotto_input never = send_input(2, HELLO);
    never.encrypt = SOTTO_ENCRYPT_NEVER;
    step(r, never);
    assert_said(r, "clear " HELLO "\n");
}

static void test_what_is_said_while_entering_waits(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    step(r, send_input(1, HELLO));
    assert_contains(said(r), "held " ROOM " again\n");
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    the_room.unread = NURSE;
    answer_all(r, said(r), &usual);
    assert_said(r, ""); /* the nurse's devices are asked for: neither told nor sent */
    step(r, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL(NURSE)});
    assert_said(r, "room " ROOM " ok 2/2\nsealed <message to='" ROOM "' type='groupchat'><sealed "
                   "xmlns='test:script' for='2'/></message>\n");
}

static void test_rooms_are_kept_and_entered_when_asked_to(void **state) {
    engine_rig *r = *state;
    join(r);
    engine_reopen(r);
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_said(r, "held " ROOM " again\n"); /* it is kept: it will be entered */
    step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN});
    assert_contains(said(r), "clear <presence to='" ROOM "/juliet'>");
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    assert_contains(said(r), "room " ROOM " ok 2/2\n");
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
    assert_said(r, "clear <presence to='" ROOM "/juliet' type='unavailable'/>\n");
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)}), NOT_FOUND);
}

static void test_a_resumed_stream_is_still_in_the_room(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    engine_reopen(r);
    go_online(r, true);
    step(r, send_input(1, HELLO));
    const char *text = said(r);
    assert_contains(text, "sealed <message to='" ROOM "'");
    assert_lacks(text, "maxstanzas");
    /* Whose nick it is was not told again. */
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_contains(said(r), "deliver sealed " ROMEO " room " ROOM " nick Romeo\n");
}

/* A member list that changed while we were away is told: it is the server's word (T35). */
static void test_T35_members_who_came_meanwhile_are_told(void **state) {
    engine_rig *r = *state;
    join(r);
    lists l = usual;
    l.members = ROMEO " " TYBALT;
    join_with(r, &l);
    const char *text = said(r);
    assert_contains(text, "room-member " ROOM " ok " NURSE " 0 none\n");
    assert_contains(text, "room-member " ROOM " ok " TYBALT " 1 member\n");
    assert_contains(text, "room " ROOM " ok 2/2\n");
}

/* ---- changes ---- */

static void test_a_member_comes_and_goes(void **state) {
    engine_rig *r = *state;
    join(r);
    here(r, "Tybalt", TYBALT "/street", "member", NULL);
    const char *text = said(r);
    assert_contains(text, "room-member " ROOM " ok " TYBALT " 1 member\n");
    assert_contains(text, "room " ROOM " ok 3/3\n");
    gone(r, "Tybalt", TYBALT "/street", "member", NULL); /* he stays a member */
    assert_said(r, "deliver clear " ROOM " room  nick \n");
    step(r, send_input(1, HELLO));
    assert_contains(said(r), "for='3'");
    gone(r, "Romeo", ROMEO "/orchard", "outcast", "301");
    text = said(r);
    assert_contains(text, "room-member " ROOM " ok " ROMEO " 0 outcast\n");
    assert_contains(text, "room " ROOM " ok 2/2\n");
    step(r, send_input(2, HELLO));
    assert_contains(said(r), "for='2'");
    assert_null(strstr(the_room.audience, ROMEO));
}

/* Who is not there is told of by a message of the room (section 9.3). */
static void test_an_absent_member_is_removed(void **state) {
    engine_rig *r = *state;
    join(r);
    hear(r, "<message from='" ROOM "'><x xmlns='" USER "'><item affiliation='none' jid='" NURSE "' role='none'/></x>"
            "</message>");
    assert_said(r, "room-member " ROOM " ok " NURSE " 0 none\nroom " ROOM " ok 1/1\n");
    hear(r, "<message from='" ROOM "'><x xmlns='" USER "'><item affiliation='admin' jid='" NURSE "'/></x></message>");
    assert_said(r, "room-member " ROOM " ok " NURSE " 1 admin\nroom " ROOM " ok 2/2\n");
    /* From an occupant it is somebody's joke. */
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><body>x</body><x xmlns='" USER
            "'><item affiliation='outcast' jid='" NURSE "'/></x></message>");
    assert_said(r, "deliver clear " ROMEO " room " ROOM " nick Romeo\n");
}

/* The room becomes public: what is said to it stays here, with an error. */
static void test_a_room_that_becomes_public_stops(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(said(r), "sealed");
    hear(r, "<message from='" ROOM "' type='groupchat'><x xmlns='" USER "'><status code='104'/></x></message>");
    char *asked = strdup(said(r));
    step(r, send_input(2, HELLO)); /* not known yet what it is now */
    assert_said(r, "held " ROOM " again\n");
    lists l = usual;
    l.info = PUBLIC_INFO;
    answer_all(r, asked, &l);
    free(asked);
    assert_said(r, "room " ROOM " room-public 0/0\nrefused " ROOM " room-public\n");
    step(r, send_input(3, HELLO));
    assert_said(r, "refused " ROOM " room-public\n");
    assert_int_equal(the_room.protects, 1);
}

static void test_each_status_code_of_a_configuration_is_heeded(void **state) {
    static const char *const codes[] = {"104", "172", "173", "174"};
    engine_rig *r = *state;
    join(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROOM), .encrypt = SOTTO_ENCRYPT_ALWAYS});
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        hear(r, "<message from='" ROOM "' type='groupchat'><x xmlns='" USER "'><status code='%s'/></x></message>",
             codes[i]);
        char *asked = strdup(said(r));
        assert_non_null(asked);
        step(r, send_input(100 + i, HELLO));
        assert_said(r, i < 2 ? "held " ROOM " again\n" : "refused " ROOM " room-anonymous\n");
        answer_all(r, asked, &usual); /* whatever it was, now it is as before */
        free(asked);
        assert_contains(said(r), i < 2 ? "sealed" : "");
        step(r, send_input(200 + i, HELLO));
        assert_contains(said(r), "sealed");
    }
}

static void test_being_removed_ends_it(void **state) {
    static const struct {
        const char *code, *text;
        bool kept;
    } cases[] = {{"301", "banned", false},
                 {"307", "kicked", false},
                 {"321", "not a member any more", false},
                 {"322", "for members only now", false},
                 {"332", "", true},
                 {"333", "", true}};
    engine_rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char status[96], expected[128];
        join(r);
        snprintf(status, sizeof status, "110'/><status code='%s", cases[i].code);
        gone(r, "juliet", JULIET "/balcony", "none", status);
        snprintf(expected, sizeof expected, "room " ROOM " room-left 0/0%s%s\n", cases[i].text[0] ? " " : "",
                 cases[i].text);
        assert_contains(said(r), expected);
        step(r, send_input(200 + i, HELLO));
        assert_contains(said(r), cases[i].kept ? "held " ROOM " room-left\n" : "refused " ROOM " not-joined\n");
        if (!cases[i].kept) continue;
        r->now_ms += 60000; /* entered again by itself */
        step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
        assert_contains(said(r), "maxstanzas");
        step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
        said(r);
    }
}

static void test_malformed_presence_is_a_doubt(void **state) {
    static const char *const wrong[] = {
        "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'><item affiliation='member'/><item/></x></presence>",
        "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'/><x xmlns='" USER "'/></presence>",
        "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'><item affiliation='emperor'/></x></presence>",
        "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'><item affiliation='member' jid='a@@b'/></x></presence>",
        "<presence from='" ROOM "/Romeo' type='unavailable'><x xmlns='" USER
        "'><item affiliation='member'/><status code='303'/></x></presence>",
        "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'><item affiliation='member' jid='" TYBALT
        "/x'/><status code='110'/></x></presence>",
    };
    engine_rig *r = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        join(r);
        hear(r, "%s", wrong[i]);
        const char *text = said(r);
        assert_contains(text, "affiliation='member'");
        /* Nobody has the nick any more. */
        hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
        assert_said(r, "unreadable " ROOM " unattributed\n");
    }
}

/* ---- reading ---- */

static void test_T36_a_message_is_its_writers_by_real_jid(void **state) {
    engine_rig *r = *state;
    join(r);
    hear(r, "<message from='" ROOM "/Romeo' to='" JULIET "/balcony' type='groupchat' id='m'><sealed xmlns='" NS_SCRIPT
            "'/></message>");
    assert_said(r, "deliver sealed " ROMEO " room " ROOM " nick Romeo\n");
    assert_string_equal(the_room.origin_from, ROMEO);
    assert_string_equal(the_room.origin_to, ROOM);
    assert_true(the_room.origin.room);
    /* Another takes the nick: from then on it is his. */
    gone(r, "Romeo", ROMEO "/orchard", "member", NULL);
    here(r, "Romeo", TYBALT "/street", "member", NULL);
    said(r);
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "deliver sealed " TYBALT " room " ROOM " nick Romeo\n");
    /* And a nick that changes stays with who has it. */
    hear(r, "<presence from='" ROOM "/Romeo' type='unavailable'><x xmlns='" USER
            "'><item affiliation='member' nick='King'/><status code='303'/></x></presence>");
    said(r);
    hear(r, "<message from='" ROOM "/King' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "deliver sealed " TYBALT " room " ROOM " nick King\n");
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "unreadable " ROOM " unattributed\n");
}

static void test_T36_nothing_is_guessed(void **state) {
    engine_rig *r = *state;
    join(r);
    unsigned before = the_room.unprotects;
    hear(r, "<message from='" ROOM "/Nobody' type='groupchat' id='a'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "unreadable " ROOM " unattributed a\n");
    hear(r, "<message from='" ROOM "' type='groupchat' id='b'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "unreadable " ROOM " unattributed b\n");
    hear(r,
         "<message from='other@rooms.example/Romeo' type='groupchat' id='c'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "unreadable other@rooms.example unattributed c\n");
    hear(r, "<message from='other@rooms.example' type='groupchat'><x xmlns='" USER
            "'><status code='104'/></x><body>x</body></message>");
    assert_said(r, "deliver clear other@rooms.example room other@rooms.example nick \n");
    /* What a room repeats names nicks as they were. */
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat' id='d'><sealed xmlns='" NS_SCRIPT
            "'/><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>");
    assert_said(r, "unreadable " ROOM " unattributed d\n");
    assert_int_equal(the_room.unprotects, before);
}

static void test_T36_occupant_ids_must_agree(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    l.info = STAMPED_INFO;
    join_with(r, &l);
    said(r);
    hear(r, "<presence from='" ROOM "/Romeo'><x xmlns='" USER "'><item affiliation='member' jid='" ROMEO
            "/orchard'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0' id='r1'/></presence>");
    said(r);
    static const struct {
        const char *stamp, *id;
        bool good;
    } cases[] = {{"", "r1", true},
                 {"", "r2", false},
                 {"<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>", "r1", true},
                 {"<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>", "r2", false},
                 {"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='r1'/>", "r1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hear(r,
             "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT
             "'/>%s<occupant-id xmlns='urn:xmpp:occupant-id:0' id='%s'/></message>",
             cases[i].stamp, cases[i].id);
        assert_contains(said(r), cases[i].good ? "deliver sealed " ROMEO " room " ROOM : "unattributed");
    }
}

static void test_what_the_room_says_itself_is_clear(void **state) {
    engine_rig *r = *state;
    join(r);
    hear(r, "<message from='" ROOM "' type='groupchat'><subject>Toil</subject></message>");
    assert_said(r, "deliver clear " ROOM " room " ROOM " nick \n");
}

/* Our own comes back: its ticket is told, nothing is shown twice. */
static void test_what_we_said_comes_back_silently(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(7, HELLO));
    said(r);
    hear(r, "<message from='" ROOM "/juliet' type='groupchat' id='h1'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "delivered " ROOM " ok h1\n");
    /* Of another device of ours: that is shown. */
    hear(r, "<message from='" ROOM "/juliet' type='groupchat' id='h2'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "deliver sealed " JULIET " room " ROOM " nick juliet\n");
    assert_true(the_room.origin.own);
}

/* Who seals in a room makes it one where nothing leaves in the clear by itself (T14). */
static void test_T14_reading_makes_a_room_sticky(void **state) {
    engine_rig *r = *state;
    join(r);
    hear(r, "<message from='" ROOM "/Romeo' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>");
    said(r);
    hear(r, "<message from='" ROOM "' type='groupchat'><x xmlns='" USER "'><status code='104'/></x></message>");
    lists l = usual;
    l.info = PUBLIC_INFO;
    answer_all(r, said(r), &l);
    said(r);
    step(r, send_input(1, HELLO));
    assert_said(r, "refused " ROOM " room-public\n");
}

/* ---- private messages ---- */

#define PRIVATE "<message to='" ROOM "/Romeo' type='chat'><body>psst</body></message>"

static void test_a_private_message_is_for_whoever_has_the_nick(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, PRIVATE));
    assert_said(r, "sealed <message to='" ROOM "/Romeo' type='chat'><sealed xmlns='test:script' for='1'/></message>\n");
    assert_string_equal(the_room.audience, ROMEO " ");
    hear(r, "<message from='" ROOM "/Romeo' to='" JULIET "/balcony' type='chat'><sealed xmlns='" NS_SCRIPT
            "'/><x xmlns='" USER "'/></message>");
    assert_said(r, "deliver sealed " ROMEO " room " ROOM " nick Romeo\n");
    assert_false(the_room.origin.room);
    assert_string_equal(the_room.origin_to, JULIET);
}

static void test_a_private_message_to_nobody_is_refused(void **state) {
    engine_rig *r = *state;
    join(r);
    sotto_input input = send_input(1, "<message to='" ROOM "/Ghost' type='chat'><body>psst</body></message>");
    input.encrypt = SOTTO_ENCRYPT_ALWAYS;
    step(r, input);
    assert_said(r, "refused " ROOM " no-occupant\n");
    step(r, send_input(2, HELLO)); /* the room is sticky now */
    said(r);
    input.ticket = 3;
    input.encrypt = SOTTO_ENCRYPT_DEFAULT;
    step(r, input);
    assert_said(r, "refused " ROOM " no-occupant\n");
}

/* T36: held for one, it does not go to another who has his nick meanwhile. */
static void test_T36_a_held_private_message_does_not_change_hands(void **state) {
    engine_rig *r = *state;
    join(r);
    the_room.unread = ROMEO;
    step(r, send_input(1, PRIVATE));
    assert_said(r, "held " ROMEO " again\n");
    gone(r, "Romeo", ROMEO "/orchard", "member", NULL);
    here(r, "Romeo", TYBALT "/street", "member", NULL);
    said(r);
    unsigned before = the_room.protects;
    step(r, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)});
    assert_contains(said(r), "refused " ROMEO " no-occupant\n");
    assert_int_equal(the_room.protects, before);
}

/* ---- who is left out ---- */

static void test_T35_who_is_left_out_is_told_and_the_others_read(void **state) {
    engine_rig *r = *state;
    the_room.without = NURSE;
    join(r);
    step(r, send_input(1, HELLO));
    const char *text = said(r);
    assert_contains(text, "for='1'");
    assert_contains(text, "left-out " NURSE " no-device\n");
}

static void test_nobody_to_read_it_holds(void **state) {
    engine_rig *r = *state;
    lists l = {PRIVATE_INFO, JULIET, "", "", NULL};
    go_online(r, false);
    join_input(r);
    said(r);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &l);
    assert_said(r, "room " ROOM " ok 0/0\n");
    step(r, send_input(1, HELLO));
    assert_said(r, "held " ROOM " no-device\n");
}

/* The trust policy is asked about each: distrusted keys of one do not stop the others. */
static void test_trust_is_each_members_own(void **state) {
    engine_rig *r = *state;
    join(r);
    uint8_t key[32];
    memset(key, 'r', sizeof key);
    memcpy(key + 1, ROMEO, sizeof ROMEO - 1);
    key[31] = 0;
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_DISTRUSTED});
    assert_said(r, "room " ROOM " ok 1/2\n");
    step(r, send_input(1, HELLO));
    const char *text = said(r);
    assert_contains(text, "for='1'");
    assert_contains(text, "left-out " ROMEO " no-trusted-device\n");
}

/* ---- staying ---- */

static void test_a_room_is_asked_whether_we_are_in_it(void **state) {
    engine_rig *r = *state;
    join(r);
    r->now_ms += 900000;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    const char *text = said(r);
    assert_contains(text, "to='" ROOM "/juliet'><ping xmlns='urn:xmpp:ping'/>");
    char id[64];
    id_of(text, "urn:xmpp:ping", id);
    hear(r,
         "<iq type='error' from='" ROOM "/juliet' id='%s'><error type='cancel'><not-acceptable "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
         id);
    assert_contains(said(r), "maxstanzas"); /* not: it is entered again */
}

/* ---- invitations ---- */

static void test_invitations_are_told(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    hear(r, "<message from='" ROOM "'><x xmlns='" USER "'><invite from='" ROMEO
            "/x'><reason>come</reason></invite></x></message>");
    assert_said(r, "invited " ROOM " ok " ROMEO " 0 come\n");
    hear(r, "<message from='" ROMEO "/x'><x xmlns='jabber:x:conference' jid='" ROOM "' reason='soon'/></message>");
    assert_said(r, "invited " ROOM " ok " ROMEO " 0 soon\n");
}

/* ---- limits ---- */

/* limit: SOTTO_ROOM_MEMBERS_MAX */
static void test_too_many_members(void **state) {
    engine_rig *r = *state;
    static char jids[65536];
    size_t len = 0;
    for (unsigned i = 0; i <= SOTTO_ROOM_MEMBERS_MAX; i++)
        len += (size_t)snprintf(jids + len, sizeof jids - len, "m%u@verona.example ", i);
    lists l = usual;
    l.members = jids;
    join_with(r, &l);
    assert_said(r, "room " ROOM " too-large 0/0\n");
    step(r, send_input(1, HELLO));
    assert_said(r, "held " ROOM " too-large\n");
}

/* limit: SOTTO_ROOM_OCCUPANTS_MAX */
static void test_too_many_occupants(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    join_input(r);
    char nick[32], jid[64];
    for (unsigned i = 0; i <= SOTTO_ROOM_OCCUPANTS_MAX; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        snprintf(jid, sizeof jid, "m%u@verona.example/x", i);
        here(r, nick, jid, "none", NULL);
        if (i % 1000 == 999) said(r);
    }
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    said(r);
    snprintf(nick, sizeof nick, "n%u", SOTTO_ROOM_OCCUPANTS_MAX - 1);
    hear(r, "<message from='" ROOM "/%s' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>", nick);
    assert_contains(said(r), "deliver sealed m1999@verona.example");
    snprintf(nick, sizeof nick, "n%u", SOTTO_ROOM_OCCUPANTS_MAX);
    hear(r, "<message from='" ROOM "/%s' type='groupchat'><sealed xmlns='" NS_SCRIPT "'/></message>", nick);
    assert_said(r, "unreadable " ROOM " unattributed\n");
}

/* limit: SOTTO_ROOMS_MAX, SOTTO_ROOM_JID_BYTES_MAX */
static void test_too_many_rooms(void **state) {
    engine_rig *r = *state;
    char jid[SOTTO_ROOM_JID_BYTES_MAX + 64];
    for (unsigned i = 0; i < SOTTO_ROOMS_MAX; i++) {
        snprintf(jid, sizeof jid, "room%u@rooms.example", i);
        step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(jid)});
    }
    sotto_input one_more = {.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL("more@rooms.example")};
    assert_status(try_step(r, one_more), TOO_LARGE);
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL("room7@rooms.example")});
    step(r, one_more);
    /* local@ and so on: one byte more than may be. */
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL("room8@rooms.example")});
    memset(jid, 'a', sizeof jid);
    snprintf(jid + SOTTO_ROOM_JID_BYTES_MAX - 14, 64, "@rooms.exampl");
    jid[SOTTO_ROOM_JID_BYTES_MAX - 14 + 13] = 'e';
    jid[SOTTO_ROOM_JID_BYTES_MAX] = 0;
    assert_int_equal(strlen(jid), SOTTO_ROOM_JID_BYTES_MAX);
    step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(jid)});
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = bytes_text(jid)});
    memmove(jid + 1, jid, SOTTO_ROOM_JID_BYTES_MAX + 1);
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(jid)}), BAD_JID);
}

/* limit: SOTTO_ROOM_SENT_MAX */
static void test_too_many_messages_of_ours(void **state) {
    engine_rig *r = *state;
    join(r);
    char text[256];
    for (unsigned i = 0; i <= SOTTO_ROOM_SENT_MAX; i++) {
        snprintf(text, sizeof text, "<message to='" ROOM "' type='groupchat' id='s%u'><body>x</body></message>", i);
        step(r, send_input(1000 + i, text));
    }
    said(r);
    hear(r, "<message from='" ROOM "/juliet' type='groupchat' id='s%u'><sealed xmlns='" NS_SCRIPT "'/></message>",
         SOTTO_ROOM_SENT_MAX); /* one that was not noted is what it is: our own, from somewhere */
    assert_contains(said(r), "deliver sealed " JULIET);
    hear(r, "<message from='" ROOM "/juliet' type='groupchat' id='s0'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_said(r, "delivered " ROOM " ok s0\n");
}

/* ---- a hundred members ---- */

static void test_a_hundred_members_with_two_devices_each(void **state) {
    engine_rig *r = *state;
    static char jids[8192];
    size_t len = 0;
    for (unsigned i = 0; i < 100; i++) len += (size_t)snprintf(jids + len, sizeof jids - len, "m%u@verona.example ", i);
    lists l = {PRIVATE_INFO, JULIET, "", jids, NULL};
    the_room.devices_each = 2;
    go_online(r, false);
    join_input(r);
    said(r);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &l);
    assert_said(r, "room " ROOM " ok 100/100\n");
    step(r, send_input(1, HELLO));
    assert_contains(said(r), "for='200'");
}

/* ---- over the end of a stream (doc/groups.md) ---- */

/* What is for the server was handed to it, and it said nothing of having it; what is for the application is done. */
static const char *handed(engine_rig *r) {
    sotto_output out;
    commit(r);
    r->text[0] = 0;
    while (sotto_engine_next(r->engine, &out)) {
        uint64_t seq = out.seq;
        bool stanza = out.kind == SOTTO_OUTPUT_STANZA;
        if (stanza) append(r, "%s %d %.*s\n", out.seal.len > 0 ? "sealed" : "clear", (int)out.ticket, TEXT(out.stanza));
        if (out.kind == SOTTO_OUTPUT_EVENT && out.event.kind != SOTTO_EVENT_NEW_KEY) append_event(r, &out.event);
        if (!stanza && seq != 0) assert_ok(sotto_engine_done(r->engine, seq));
    }
    commit(r);
    return r->text;
}

/* Another stream, which resumes nothing: our presence was sent. The text is what else left before the room was in. */
static const char *another_stream(engine_rig *r) {
    static char before[4096];
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, false);
    step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN});
    snprintf(before, sizeof before, "%s", said(r));
    return before;
}

static void enter_again(engine_rig *r, const lists *l) {
    assert_contains(another_stream(r), "maxstanzas");
    here(r, "Romeo", ROMEO "/orchard", "member", NULL);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), l);
}

static void test_what_was_not_acknowledged_waits_for_the_room(void **state) {
    engine_rig *r = *state;
    the_room.with_id = true;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "sealed 1 <message to='" ROOM "' type='groupchat' id='h1'>");
    assert_null(strstr(another_stream(r), "sealed")); /* not before we are in it */
    step(r, send_input(2, HELLO));
    assert_contains(said(r), "held " ROOM " again\n");
    assert_status(try_step(r, send_input(1, HELLO)), TICKET_USED);
    here(r, "Romeo", ROMEO "/orchard", "member", NULL);
    assert_null(strstr(said(r), "sealed"));
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    const char *asked = said(r);
    assert_null(strstr(asked, "sealed")); /* nor before it is known who reads it */
    answer_all(r, asked, &usual);
    /* In the order in which they were said; the first with the bytes it had, sealed once. */
    const char *text = handed(r);
    const char *first = strstr(text, "sealed 1 <message"), *second = strstr(text, "sealed 2 <message");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    assert_null(strstr(first + 1, "sealed 1"));
    assert_int_equal(the_room.protects, 2);
    /* When the room shows it, that is told as ever. */
    hear(r, "<message from='" ROOM "/juliet' type='groupchat' id='h1'><sealed xmlns='" NS_SCRIPT "'/></message>");
    assert_contains(said(r), "delivered " ROOM " ok h1\n");
}

static void test_on_a_resumed_stream_it_goes_at_once(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "sealed 1");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, true);
    assert_contains(handed(r), "sealed 1");
    assert_int_equal(the_room.protects, 1);
}

/* What the server says it has, of the stream that is gone, is not sent again. */
static void test_what_the_old_server_had_does_not_wait(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    step(r, send_input(2, HELLO));
    assert_contains(handed(r), "sealed 2");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    step(r,
         (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL("juliet@capulet.example/balcony"), .acked = 1});
    step(r, (sotto_input){.kind = SOTTO_INPUT_JOIN});
    said(r);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    const char *text = handed(r);
    assert_null(strstr(text, "sealed 1"));
    assert_contains(text, "sealed 2");
}

/* The rows and what waits are records: nothing is lost and nothing is doubled, wherever the process ends; and a commit
 * that fails takes back both or neither. */
static void test_what_waits_outlives_the_process(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "sealed 1");
    engine_reopen(r); /* while the row is an output */
    another_stream(r);
    engine_reopen(r); /* while it waits */
    assert_null(strstr(another_stream(r), "sealed"));
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    commit(r);
    engine_reopen(r); /* when it may leave, and nobody took it */
    enter_again(r, &usual);
    const char *text = handed(r);
    assert_contains(text, "sealed 1");
    assert_null(strstr(strstr(text, "sealed 1") + 1, "sealed 1"));
    assert_int_equal(the_room.protects, 1);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, false);
    r->store.write_fails = SOTTO_FAIL(STORE_FULL);
    assert_status(sotto_engine_commit(r->engine), STORE_FULL);
    r->store.write_fails = SOTTO_OK;
    enter_again(r, &usual);
    text = handed(r);
    assert_contains(text, "sealed 1");
    assert_null(strstr(strstr(text, "sealed 1") + 1, "sealed 1"));
}

static void test_a_room_that_stopped_being_private_gets_nothing_that_waited(void **state) {
    static const struct {
        const char *info, *reason;
    } cases[] = {{PUBLIC_INFO, "refused " ROOM " room-public\n"},
                 {ANONYMOUS_INFO, "refused " ROOM " room-anonymous\n"}};
    engine_rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lists l = usual;
        l.info = cases[i].info;
        join(r);
        step(r, send_input(1 + i, HELLO));
        assert_contains(handed(r), "sealed");
        enter_again(r, &l);
        const char *text = said(r);
        assert_contains(text, cases[i].reason);
        assert_null(strstr(text, "sealed"));
        enter_again(r, &usual); /* nor later */
        assert_null(strstr(said(r), "sealed"));
        step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
        said(r);
    }
}

/* A broken room holds it, as it holds what was never sealed. */
static void test_a_room_that_is_broken_keeps_it_waiting(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "sealed 1");
    another_stream(r);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    char *asked = strdup(said(r));
    answer(r, asked, "disco#info", PRIVATE_INFO);
    refuse(r, asked, "affiliation='owner'", "forbidden");
    refuse(r, asked, "affiliation='admin'", "forbidden");
    refuse(r, asked, "affiliation='member'", "forbidden");
    refuse(r, asked, "affiliation='outcast'", "forbidden");
    free(asked);
    const char *text = said(r);
    assert_null(strstr(text, "sealed"));
    assert_null(strstr(text, "refused " ROOM));
    enter_again(r, &usual);
    assert_contains(handed(r), "sealed 1");
}

/* Who could read it and is no member now must not get it; its bytes are what they are. */
static void test_T35_it_does_not_leave_when_a_reader_is_no_member(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "for='2'");
    l.members = ROMEO;
    l.outcasts = NURSE;
    enter_again(r, &l);
    const char *text = said(r);
    assert_contains(text, "refused " ROOM " room-changed\n");
    assert_null(strstr(text, "sealed"));
    step(r, send_input(2, HELLO)); /* what is said now is sealed for those who are there now */
    assert_contains(said(r), "for='1'");
}

/* Also one who went while the stream still stood, after it was sealed. */
static void test_T35_nor_when_he_went_before_the_stream_did(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "for='2'");
    gone(r, "Romeo", ROMEO "/orchard", "outcast", "301");
    said(r);
    l.members = NURSE;
    l.outcasts = ROMEO;
    assert_contains(another_stream(r), "maxstanzas");
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &l);
    assert_contains(said(r), "refused " ROOM " room-changed\n");
}

/* Somebody who could not read it anyway makes no difference; who is new is left out, and that is said. */
static void test_T35_new_members_are_left_out_of_it(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    the_room.without = NURSE;
    join(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "for='1'");
    l.members = ROMEO " " TYBALT;
    enter_again(r, &l);
    const char *text = handed(r);
    assert_contains(text, "left-out " TYBALT " room-changed\n");
    assert_null(strstr(text, "left-out " ROMEO));
    assert_contains(text, "sealed 1");
    assert_int_equal(the_room.protects, 1);
}

static void test_what_waits_for_a_room_that_is_left_is_refused(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    handed(r);
    another_stream(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
    assert_contains(said(r), "refused " ROOM " not-joined\n");
    /* Left while it was on its way. */
    join(r);
    step(r, send_input(2, HELLO));
    handed(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
    said(r);
    assert_contains(another_stream(r), "refused " ROOM " not-joined\n");
    /* And the room says that we are banned. */
    join(r);
    step(r, send_input(3, HELLO));
    handed(r);
    another_stream(r);
    hear(r, "<presence from='" ROOM "/juliet' type='error'><error type='auth'><forbidden "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
    assert_contains(said(r), "refused " ROOM " server-refused\n");
}

static void test_what_waits_can_be_cancelled(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    handed(r);
    another_stream(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 1});
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 1}), NOT_FOUND);
    enter_again(r, &usual);
    assert_null(strstr(said(r), "sealed"));
}

/* limit: SOTTO_ROOM_STREAMS_MAX */
static void test_a_message_no_stream_survives_is_given_up(void **state) {
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, HELLO));
    handed(r);
    for (unsigned i = 1; i < SOTTO_ROOM_STREAMS_MAX; i++) {
        enter_again(r, &usual);
        assert_contains(handed(r), "sealed 1");
    }
    assert_contains(another_stream(r), "refused " ROOM " stream-error\n");
    step(r, send_input(1, HELLO)); /* its ticket is free */
}

/* What was in the clear, because the room was public, is decided about anew. */
static void test_what_left_in_the_clear_is_decided_about_anew(void **state) {
    engine_rig *r = *state;
    lists l = usual;
    l.info = PUBLIC_INFO;
    join_with(r, &l);
    said(r);
    step(r, send_input(1, HELLO));
    assert_contains(handed(r), "clear 1 " HELLO);
    enter_again(r, &l);
    assert_contains(handed(r), "clear 1 " HELLO);
    enter_again(r, &usual); /* it is private now */
    const char *text = handed(r);
    assert_contains(text, "sealed 1");
    assert_null(strstr(text, "clear 1"));
}

static size_t handed_count(engine_rig *r) {
    sotto_output out;
    size_t count = 0;
    commit(r);
    while (sotto_engine_next(r->engine, &out)) {
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA && out.ticket > 0)
            count++;
        else if (seq != 0)
            assert_ok(sotto_engine_done(r->engine, seq));
    }
    commit(r);
    return count;
}

/* Read all at once, they would be more than a step may take of memory: they could never leave. */
static void test_much_that_waits_leaves_all_the_same(void **state) {
    static char text[70000];
    const unsigned many = 40, elements = 16000;
    engine_rig *r = *state;
    lists l = usual;
    l.info = PUBLIC_INFO;
    join_with(r, &l);
    said(r);
    for (unsigned i = 0; i < many; i++) {
        size_t len =
            (size_t)snprintf(text, sizeof text, "<message to='" ROOM "' type='groupchat' id='m%u'><x xmlns='y'>", i);
        for (unsigned k = 0; k < elements; k++, len += 4) memcpy(text + len, "<a/>", 4);
        snprintf(text + len, sizeof text - len, "</x></message>");
        step(r, send_input(1 + i, text));
    }
    assert_int_equal(handed_count(r), many);
    enter_again(r, &l);
    assert_int_equal(handed_count(r), many);
}

static void test_T36_a_private_message_waits_for_the_nick_to_be_his(void **state) {
    static const char *const to_romeo = "sealed 1 <message to='" ROOM "/Romeo' type='chat'>";
    engine_rig *r = *state;
    join(r);
    step(r, send_input(1, PRIVATE));
    assert_contains(handed(r), to_romeo);
    assert_null(strstr(another_stream(r), "sealed"));
    here(r, "Romeo", ROMEO "/orchard", "member", NULL);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    assert_contains(handed(r), to_romeo);
    assert_int_equal(the_room.protects, 1);
    /* Somebody else's now, and on another stream nobody's. */
    another_stream(r);
    here(r, "Romeo", TYBALT "/street", "member", NULL);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    assert_contains(said(r), "refused " ROMEO " no-occupant\n");
    enter_again(r, &usual);
    step(r, send_input(2, PRIVATE));
    handed(r);
    another_stream(r);
    here(r, "juliet", JULIET "/balcony", "owner", "110");
    answer_all(r, said(r), &usual);
    const char *text = said(r);
    assert_contains(text, "refused " ROMEO " no-occupant\n");
    assert_null(strstr(text, "sealed"));
}

/* ---- looking ---- */

static sotto_status show_member(void *arg, const sotto_room_member *member) {
    engine_rig *r = arg;
    append(r, "%.*s %.*s %.*s\n", TEXT(member->jid), TEXT(member->affiliation), TEXT(member->nick));
    return SOTTO_OK;
}

static sotto_status show_room(void *arg, const sotto_room *room) {
    engine_rig *r = arg;
    append(r, "%.*s %.*s %d %d %s %u/%u\n", TEXT(room->jid), TEXT(room->nick), room->joined, room->settled,
           sotto_status_name(room->reason), room->number, room->total);
    return SOTTO_OK;
}

static void test_rooms_and_members_can_be_looked_at(void **state) {
    engine_rig *r = *state;
    join(r);
    here(r, "Fool", "fool@court.example/x", "none", NULL);
    said(r);
    r->text[0] = 0;
    assert_ok(sotto_engine_rooms(r->engine, show_room, r));
    assert_string_equal(r->text, ROOM " juliet 1 1 ok 2/2\n");
    r->text[0] = 0;
    assert_ok(sotto_engine_room_members(r->engine, BYTES_LITERAL(ROOM), show_member, r));
    assert_string_equal(r->text, JULIET " owner juliet\n" NURSE " member \n" ROMEO
                                        " member Romeo\nfool@court.example none Fool\n");
    assert_status(sotto_engine_room_members(r->engine, BYTES_LITERAL("x@y.example"), show_member, r), NOT_FOUND);
}

#define ROOM_TEST(f)                                                                                                   \
    { #f, f, room_setup, engine_teardown, NULL }

const struct CMUnitTest room_tests[] = {
    ROOM_TEST(test_entering_asks_and_says_once_what_the_room_is),
    ROOM_TEST(test_a_room_for_everybody_is_public),
    ROOM_TEST(test_a_room_that_hides_jids_is_anonymous),
    ROOM_TEST(test_a_room_without_lists_is_broken_and_holds),
    ROOM_TEST(test_a_public_room_without_lists_is_public),
    ROOM_TEST(test_lists_that_lie_are_not_believed),
    ROOM_TEST(test_T35_an_outcast_gets_nothing_whatever_lists_say),
    ROOM_TEST(test_T35_owners_admins_and_members_read_offline_ones_too),
    ROOM_TEST(test_a_room_that_is_refused_is_forgotten),
    ROOM_TEST(test_a_nick_that_is_taken_gets_longer),
    ROOM_TEST(test_a_room_nobody_joined_is_refused),
    ROOM_TEST(test_what_is_said_while_entering_waits),
    ROOM_TEST(test_rooms_are_kept_and_entered_when_asked_to),
    ROOM_TEST(test_a_resumed_stream_is_still_in_the_room),
    ROOM_TEST(test_T35_members_who_came_meanwhile_are_told),
    ROOM_TEST(test_a_member_comes_and_goes),
    ROOM_TEST(test_an_absent_member_is_removed),
    ROOM_TEST(test_a_room_that_becomes_public_stops),
    ROOM_TEST(test_each_status_code_of_a_configuration_is_heeded),
    ROOM_TEST(test_being_removed_ends_it),
    ROOM_TEST(test_malformed_presence_is_a_doubt),
    ROOM_TEST(test_T36_a_message_is_its_writers_by_real_jid),
    ROOM_TEST(test_T36_nothing_is_guessed),
    ROOM_TEST(test_T36_occupant_ids_must_agree),
    ROOM_TEST(test_what_the_room_says_itself_is_clear),
    ROOM_TEST(test_what_we_said_comes_back_silently),
    ROOM_TEST(test_T14_reading_makes_a_room_sticky),
    ROOM_TEST(test_a_private_message_is_for_whoever_has_the_nick),
    ROOM_TEST(test_a_private_message_to_nobody_is_refused),
    ROOM_TEST(test_T36_a_held_private_message_does_not_change_hands),
    ROOM_TEST(test_T35_who_is_left_out_is_told_and_the_others_read),
    ROOM_TEST(test_nobody_to_read_it_holds),
    ROOM_TEST(test_trust_is_each_members_own),
    ROOM_TEST(test_a_room_is_asked_whether_we_are_in_it),
    ROOM_TEST(test_invitations_are_told),
    ROOM_TEST(test_too_many_members),
    ROOM_TEST(test_too_many_occupants),
    ROOM_TEST(test_too_many_rooms),
    ROOM_TEST(test_too_many_messages_of_ours),
    ROOM_TEST(test_a_hundred_members_with_two_devices_each),
    ROOM_TEST(test_what_was_not_acknowledged_waits_for_the_room),
    ROOM_TEST(test_on_a_resumed_stream_it_goes_at_once),
    ROOM_TEST(test_what_the_old_server_had_does_not_wait),
    ROOM_TEST(test_what_waits_outlives_the_process),
    ROOM_TEST(test_a_room_that_stopped_being_private_gets_nothing_that_waited),
    ROOM_TEST(test_a_room_that_is_broken_keeps_it_waiting),
    ROOM_TEST(test_T35_it_does_not_leave_when_a_reader_is_no_member),
    ROOM_TEST(test_T35_nor_when_he_went_before_the_stream_did),
    ROOM_TEST(test_T35_new_members_are_left_out_of_it),
    ROOM_TEST(test_what_waits_for_a_room_that_is_left_is_refused),
    ROOM_TEST(test_what_waits_can_be_cancelled),
    ROOM_TEST(test_a_message_no_stream_survives_is_given_up),
    ROOM_TEST(test_what_left_in_the_clear_is_decided_about_anew),
    ROOM_TEST(test_much_that_waits_leaves_all_the_same),
    ROOM_TEST(test_T36_a_private_message_waits_for_the_nick_to_be_his),
    ROOM_TEST(test_rooms_and_members_can_be_looked_at),
};
const size_t room_count = sizeof room_tests / sizeof *room_tests;
