/* SPDX-License-Identifier: ISC
 *
 * The demonstration: a server, two accounts, a conversation in which one side goes away and comes back; at the end,
 * side by side, what the two people read and what the server saw. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lab/demo/person.h"
#include "net/loop.h"

#define DOMAIN    "capulet.example"
#define TURNS_MAX 100000

typedef struct line {
    bool by_juliet;
    bool juliet_is_away; /* while it is said */
    const char *text;
} line;

static const line script[] = {
    {true, false, "Wilt thou be gone? It is not yet near day."},
    {false, false, "It was the lark, the herald of the morn."},
    {true, false, "Yond light is not daylight, I know it, I."},
    {false, true, "Let me be put to death; I am content."},
    {false, true, "I have more care to stay than will to go."},
    {true, false, "O, now be gone! More light and light it grows."},
    {false, false, "More light and light: more dark our woes."},
};
#define SCRIPT_LINES (sizeof script / sizeof *script)

typedef struct stage {
    lab_server *server;
    lab_listener *listener;
    person juliet, romeo;
    uint64_t now_ms;
    bool colour;
} stage;

static void tell(const stage *s, const char *text) {
    printf("%s%s%s\n", s->colour ? "\033[2m" : "", text, s->colour ? "\033[0m" : "");
}

static sotto_status settle(stage *s) {
    bool moved = true;
    for (unsigned i = 0; moved && i < TURNS_MAX; i++) {
        moved = false;
        SOTTO_TRY(person_turn(&s->juliet, &moved));
        SOTTO_TRY(person_turn(&s->romeo, &moved));
    }
    s->now_ms += 1500; /* a moment passes between two things that happen */
    lab_server_time(s->server, s->now_ms);
    return SOTTO_OK;
}

static sotto_status raise_curtain(stage *s) {
    const sotto_host *host = sotto_host_default();
    s->now_ms = net_now_ms();
    SOTTO_TRY(lab_server_new(&s->server, host, DOMAIN));
    lab_server_time(s->server, s->now_ms);
    SOTTO_TRY(lab_server_account(s->server, "juliet", "but soft"));
    SOTTO_TRY(lab_server_account(s->server, "romeo", "what light"));
    SOTTO_TRY(lab_server_befriend(s->server, "juliet", "romeo"));
    SOTTO_TRY(lab_listener_new(&s->listener, s->server, &(lab_listener_config){.now_ms = s->now_ms}));
    SOTTO_TRY(person_open(&s->juliet, "juliet", DOMAIN, "but soft", s->listener, &s->now_ms));
    SOTTO_TRY(person_open(&s->romeo, "romeo", DOMAIN, "what light", s->listener, &s->now_ms));
    SOTTO_TRY(person_come(&s->juliet));
    SOTTO_TRY(person_come(&s->romeo));
    return settle(s);
}

static sotto_status set_away(stage *s, bool away) {
    SOTTO_TRY(away ? person_go(&s->juliet) : person_come(&s->juliet));
    tell(s, away ? "  - juliet goes offline -" : "  - juliet comes back -");
    return settle(s);
}

static sotto_status play(stage *s) {
    bool away = false;
    for (size_t i = 0; i < SCRIPT_LINES; i++) {
        const line *l = &script[i];
        if (l->juliet_is_away != away) SOTTO_TRY(set_away(s, away = l->juliet_is_away));
        printf("  %-7s %s\n", l->by_juliet ? "juliet" : "romeo", l->text);
        SOTTO_TRY(person_say(l->by_juliet ? &s->juliet : &s->romeo, l->by_juliet ? "romeo@" DOMAIN : "juliet@" DOMAIN,
                             l->text, i + 1));
        SOTTO_TRY(settle(s));
    }
    return SOTTO_OK;
}

/* ---- what came of it ---- */

static bool server_saw(const stage *s, const char *text) {
    sotto_bytes saw = lab_server_saw(s->server);
    return memmem(saw.at, saw.len, text, strlen(text)) != NULL;
}

/* The first bytes of the n-th sealed message the server routed, from its <encrypted> on. */
static void print_seen(const stage *s, size_t n, int width) {
    static const char mark[] = "<payload";
    sotto_bytes saw = lab_server_saw(s->server);
    const uint8_t *at = saw.at;
    size_t left = saw.len;
    for (size_t i = 0; at != NULL; i++) {
        at = memmem(at, left, mark, sizeof mark - 1);
        if (at == NULL) break;
        left = saw.len - (size_t)(at - saw.at);
        if (i == n) break;
        at += sizeof mark - 1;
        left -= sizeof mark - 1;
    }
    const uint8_t *text = at == NULL ? NULL : memchr(at, '>', left);
    if (text == NULL)
        printf("%-*s", width, "");
    else
        printf("%.*s", width, (const char *)text + 1);
}

static void print_columns(const stage *s) {
    const char *bold = s->colour ? "\033[1m" : "", *plain = s->colour ? "\033[0m" : "";
    printf("\n%s%-60s| %s%s\n", bold, "What the two people read", "What the server saw of it", plain);
    size_t of_juliet = 0, of_romeo = 0;
    for (size_t i = 0; i < SCRIPT_LINES; i++) {
        const person *reader = script[i].by_juliet ? &s->romeo : &s->juliet;
        size_t *next = script[i].by_juliet ? &of_romeo : &of_juliet;
        const char *text = *next < reader->line_count ? strchr(reader->lines[*next], ':') + 2 : "(nothing)";
        (*next)++;
        printf("%-7s read: %-46s| ", reader->name, text);
        print_seen(s, i, 40);
        printf("...\n");
    }
}

static bool everything_arrived(const stage *s) {
    size_t of_juliet = 0, of_romeo = 0;
    for (size_t i = 0; i < SCRIPT_LINES; i++) {
        const person *reader = script[i].by_juliet ? &s->romeo : &s->juliet;
        size_t n = script[i].by_juliet ? of_romeo++ : of_juliet++;
        if (n >= reader->line_count || strstr(reader->lines[n], script[i].text) == NULL) return false;
    }
    return of_juliet == s->juliet.line_count && of_romeo == s->romeo.line_count && !s->juliet.in_the_clear &&
           !s->romeo.in_the_clear;
}

static int judge(const stage *s) {
    unsigned leaked = 0;
    for (size_t i = 0; i < SCRIPT_LINES; i++) leaked += server_saw(s, script[i].text);
    bool arrived = everything_arrived(s);
    printf("\n%zu messages sent and %s; %u of their texts found in the %zu bytes the server saw.\n", SCRIPT_LINES,
           arrived ? "each read once, in order, by the person it was for" : "NOT all read as they should have been",
           leaked, lab_server_saw(s->server).len);
    if (arrived && leaked == 0) return 0;
    fprintf(stderr, "sotto-demo: the demonstration failed (juliet: %s, romeo: %s)\n",
            sotto_status_text(s->juliet.trouble), sotto_status_text(s->romeo.trouble));
    return 1;
}

static void what_next(void) {
    printf("\nWith an account of your own, on any XMPP server:\n\n"
           "  build/app/sotto setup you@your.server        make keys, log in, publish them\n"
           "  build/app/sotto send friend@server \"text\"    encrypted, or not at all\n"
           "  build/app/sotto listen                       what arrives, decrypted\n"
           "  build/app/sotto help                         everything else\n");
}

int main(void) {
    stage s = {.colour = isatty(STDOUT_FILENO) != 0};
    printf("An XMPP server inside this process, two accounts, OMEMO 2 between them.\n\n");
    sotto_status status = raise_curtain(&s);
    if (sotto_ok(status)) status = play(&s);
    int result = 1;
    if (sotto_ok(status)) {
        print_columns(&s);
        result = judge(&s);
    } else {
        fprintf(stderr, "sotto-demo: %s\n", sotto_status_text(status));
    }
    if (result == 0) what_next();
    person_close(&s.juliet);
    person_close(&s.romeo);
    lab_listener_free(s.listener);
    lab_server_free(s.server);
    return result;
}
