/* SPDX-License-Identifier: ISC
 *
 * The lines. How a message was protected stands in front of everything that others have chosen, names included. */
#include "app/chat/view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/clean.h"
#include "app/json.h"
#include "bytes/span.h"

#define MARGIN         "  | " /* in front of every line of a text but the first */
#define LINE_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define EXCERPT_POINTS 30u

void app_view_begin(app_view *view, const app_output *output, const char *with, bool room, bool json) {
    *view = (app_view){.output = output, .with = with, .json = json, .room = room};
    size_t len = strcspn(with, "@");
    (void)snprintf(view->name, sizeof view->name, "%.*s", (int)(len < 32 ? len : 32), with);
}

/* ---- what was shown ---- */

static void take_short(char ret[APP_VIEW_SHORT_SIZE], sotto_bytes text) {
    size_t len = text.len < APP_VIEW_SHORT_SIZE ? text.len : 0;
    if (len > 0) memcpy(ret, text.at, len);
    ret[len] = '\0';
}

/* The beginning of a text, cut between characters, on one line. */
static void take_excerpt(char *ret, size_t size, sotto_bytes text) {
    size_t len = 0, points = 0;
    while (len < text.len && len < size - 4 && points <= EXCERPT_POINTS) {
        size_t next = len + 1;
        while (next < text.len && (text.at[next] & 0xc0) == 0x80) next++;
        if (next >= size - 4 || text.at[len] == '\n') break;
        len = next;
        points++;
    }
    (void)snprintf(ret, size, "%.*s%s", (int)len, text.len > 0 ? (const char *)text.at : "",
                   len < text.len ? "..." : "");
}

static void remember(app_view *view, const app_entry *entry) {
    app_seen *seen = &view->seen[view->seen_count++ % APP_VIEW_SEEN_MAX];
    *seen = (app_seen){.sealed = entry->seal.len > 0, .sent = entry->direction == APP_SENT, .private = entry->private};
    take_short(seen->id, entry->id);
    take_short(seen->who, entry->room ? entry->nick : entry->who);
    take_excerpt(seen->excerpt, sizeof seen->excerpt, entry->body);
    memcpy(seen->fingerprint, entry->fingerprint, sizeof seen->fingerprint);
}

/* The newest with this id, of ours or of theirs. */
static app_seen *find(app_view *view, sotto_bytes id, bool sent) {
    size_t count = view->seen_count < APP_VIEW_SEEN_MAX ? view->seen_count : APP_VIEW_SEEN_MAX;
    if (id.len == 0) return NULL;
    for (size_t i = 1; i <= count; i++) {
        app_seen *seen = &view->seen[(view->seen_count - i) % APP_VIEW_SEEN_MAX];
        if (seen->sent == sent && bytes_is(id, seen->id)) return seen;
    }
    return NULL;
}

/* A correction counts from whoever wrote the message, with the same key (T6). */
static const app_seen *corrected(app_view *view, const app_entry *entry) {
    const app_seen *seen = find(view, entry->corrects, entry->direction == APP_SENT);
    if (!seen || seen->private != entry->private) return NULL;
    if (entry->direction == APP_SENT && !entry->elsewhere) return seen;
    bool same = seen->sealed == (entry->seal.len > 0) && bytes_is(entry->room ? entry->nick : entry->who, seen->who) &&
                memcmp(seen->fingerprint, entry->fingerprint, sizeof seen->fingerprint) == 0;
    return same ? seen : NULL;
}

/* ---- messages, for people ---- */

typedef struct mark {
    const char *text;
    app_colour colour;
} mark;

static mark mark_of(const app_entry *entry) {
    static const mark marks[] = {{"key not accepted", APP_YELLOW},
                                 {"not compared", APP_PLAIN},
                                 {"verified", APP_GREEN},
                                 {"KEY REFUSED", APP_RED}};
    bool left = entry->fate == APP_FATE_NONE || entry->fate >= APP_FATE_SENT;
    if (!left || entry->fate == APP_FATE_FAILED) return (mark){NULL, APP_PLAIN};
    if (entry->seal.len == 0) return (mark){"NOT ENCRYPTED", APP_RED};
    if (entry->room && entry->direction == APP_SENT && !entry->elsewhere) return (mark){"encrypted", APP_PLAIN};
    return marks[(unsigned)entry->trust < 4 ? entry->trust : 0];
}

static mark fate_mark(app_fate fate) {
    static const mark marks[] = {[APP_FATE_NONE] = {NULL, APP_PLAIN},
                                 [APP_FATE_WAITING] = {"waiting, not sent yet", APP_YELLOW},
                                 [APP_FATE_HELD] = {"HELD, not sent", APP_RED},
                                 [APP_FATE_SENT] = {NULL, APP_PLAIN},
                                 [APP_FATE_CLAIMED] = {"arrived, says a receipt in the clear", APP_PLAIN},
                                 [APP_FATE_ARRIVED] = {"arrived", APP_PLAIN},
                                 [APP_FATE_RETURNED] = {"CAME BACK", APP_RED},
                                 [APP_FATE_FAILED] = {"NOT SENT", APP_RED},
                                 [APP_FATE_UNKNOWN] = {"PERHAPS SENT", APP_RED}};
    return marks[fate];
}

static void print_mark(const app_output *to, mark m, const char *before) {
    if (!m.text) return;
    app_print(to, APP_OUT, "%s", before);
    app_colour_to(to, APP_OUT, m.colour);
    app_print(to, APP_OUT, "%s", m.text);
    if (m.colour != APP_PLAIN) app_colour_to(to, APP_OUT, APP_PLAIN);
}

static void print_time(app_view *view, const app_entry *entry) {
    char text[32];
    time_t seconds = (time_t)(entry->time_ms / 1000);
    struct tm local;
    if (!localtime_r(&seconds, &local)) return;
    app_colour_to(view->output, APP_OUT, APP_DIM);
    if (local.tm_year != view->year || local.tm_yday + 1 != view->day) {
        view->year = local.tm_year;
        view->day = local.tm_yday + 1;
        if (strftime(text, sizeof text, "%Y-%m-%d", &local) > 0) app_print(view->output, APP_OUT, "-- %s --\n", text);
    }
    if (strftime(text, sizeof text, "%H:%M", &local) > 0)
        app_print(view->output, APP_OUT, "%s%s ", text, entry->time_doubtful ? " (says the sender)" : "");
    app_colour_to(view->output, APP_OUT, APP_PLAIN);
}

/* That only the text is protected, as everything that is not OMEMO 2 does, is worth a word each time. */
static void print_dialect(const app_output *to, const app_entry *entry) {
    sotto_bytes omemo = BYTES_LITERAL("omemo:");
    if (bytes_is(entry->seal, "live")) app_print(to, APP_OUT, ", live");
    if (!bytes_starts_with(entry->seal, omemo) || bytes_is(entry->seal, "omemo:2")) return;
    sotto_bytes which = bytes_after(entry->seal, omemo.len);
    app_print(to, APP_OUT, ", OMEMO %.*s", (int)which.len, (const char *)which.at);
}

static void print_marks(const app_output *to, const app_entry *entry) {
    mark how = mark_of(entry), fate = fate_mark(entry->fate);
    app_print(to, APP_OUT, "[");
    print_mark(to, how, "");
    if (how.text) print_dialect(to, entry);
    print_mark(to, fate, how.text ? ", " : "");
    app_print(to, APP_OUT, "] ");
}

/* In a room the nick, which anybody may choose, and whose it is. */
static void print_who(const app_view *view, const app_entry *entry) {
    const app_output *to = view->output;
    app_colour_to(to, APP_OUT, APP_BOLD);
    if (entry->direction == APP_SENT)
        app_print(to, APP_OUT, "you");
    else if (entry->room)
        app_print(to, APP_OUT, "%.*s", (int)entry->nick.len, (const char *)entry->nick.at);
    else
        app_print(to, APP_OUT, "%s", view->name);
    app_colour_to(to, APP_OUT, APP_PLAIN);
    if (entry->elsewhere) app_print(to, APP_OUT, " (another device)");
    if (entry->private && entry->direction == APP_SENT)
        app_print(to, APP_OUT, " to %.*s, in private", (int)entry->nick.len,
                  entry->nick.len > 0 ? (const char *)entry->nick.at : "");
    if (!entry->room || entry->direction == APP_SENT) return;
    if (entry->who.len > 0)
        app_print(to, APP_OUT, " (%.*s)", (int)entry->who.len, (const char *)entry->who.at);
    else
        app_print(to, APP_OUT, " (the room does not say who)");
    if (entry->private) app_print(to, APP_OUT, " in private");
}

static void print_text(app_view *view, const app_entry *entry) {
    const app_output *to = view->output;
    const app_seen *before = entry->corrects.len > 0 ? corrected(view, entry) : NULL;
    bool action = !before && bytes_starts_with(entry->body, BYTES_LITERAL("/me ")); /* XEP-0245 */
    if (action) app_print(to, APP_OUT, "* ");
    print_who(view, entry);
    if (before)
        app_print(to, APP_OUT, " corrects \"%s\"", before->excerpt);
    else if (entry->corrects.len > 0)
        app_print(to, APP_OUT, " (says that this corrects an earlier message, which is not known to be theirs)");
    app_print(to, APP_OUT, action ? " " : ": ");
    if (entry->subject.len > 0)
        app_print(to, APP_OUT, "(%.*s) ", (int)entry->subject.len, (const char *)entry->subject.at);
    app_print_lines(to, APP_OUT, action ? bytes_after(entry->body, 4) : entry->body, MARGIN);
    app_print(to, APP_OUT, entry->cut ? " (cut off)\n" : "\n");
}

/* ---- as JSON ---- */

static void put_line(const app_view *view, bytes_buffer *line) {
    sotto_bytes text;
    if (sotto_ok(bytes_buffer_end(line, &text))) app_put(view->output, APP_OUT, text);
    bytes_buffer_free(line);
}

static app_json object(bytes_buffer *line, const char *event) {
    bytes_buffer_owned(line, sotto_host_default(), LINE_BYTES_MAX);
    app_json json = app_json_begin(line);
    app_json_text(&json, "event", bytes_text(event));
    return json;
}

static void put_or_null(app_json *json, const char *name, sotto_bytes text) {
    if (text.len > 0)
        app_json_text(json, name, text);
    else
        app_json_null(json, name);
}

void app_view_json(bytes_buffer *to, const app_entry *entry, bool old) {
    bool sealed = entry->seal.len > 0, received = entry->direction == APP_RECEIVED;
    app_json json = app_json_begin(to);
    app_json_text(&json, "event", BYTES_LITERAL("message"));
    app_json_text(&json, "with", entry->with);
    app_json_bool(&json, "sent", !received);
    put_or_null(&json, "from", entry->who);
    if (entry->room) put_or_null(&json, "nick", entry->nick);
    app_json_bool(&json, "room", entry->room);
    if (entry->room) app_json_bool(&json, "private", entry->private);
    put_or_null(&json, "id", entry->id);
    app_json_time(&json, "time", entry->time_ms);
    app_json_text(&json, "body", entry->body);
    if (entry->subject.len > 0) app_json_text(&json, "subject", entry->subject);
    if (entry->corrects.len > 0) app_json_text(&json, "corrects", entry->corrects);
    put_or_null(&json, "seal", entry->seal);
    put_or_null(&json, "trust", sealed ? bytes_text(sotto_trust_name(entry->trust)) : BYTES_NONE);
    if (sealed && (received || entry->elsewhere)) {
        app_json_number(&json, "device", entry->device);
        app_json_hex(&json, "fingerprint", bytes_of(entry->fingerprint, sizeof entry->fingerprint));
    } else {
        app_json_null(&json, "device");
        app_json_null(&json, "fingerprint");
    }
    put_or_null(&json, "state", bytes_text(app_fate_name(entry->fate)));
    app_json_bool(&json, "time_doubtful", entry->time_doubtful);
    app_json_bool(&json, "elsewhere", entry->elsewhere);
    if (entry->cut) app_json_bool(&json, "cut", true);
    app_json_bool(&json, "old", old);
    app_json_end(&json);
}

/* ---- telling ---- */

void app_view_entry(app_view *view, const app_entry *entry, bool old) {
    if (view->json) {
        bytes_buffer line;
        bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
        app_view_json(&line, entry, old);
        put_line(view, &line);
    } else {
        print_time(view, entry);
        print_marks(view->output, entry);
        print_text(view, entry);
    }
    remember(view, entry);
    bool ours = entry->direction == APP_SENT && !entry->elsewhere && entry->fate >= APP_FATE_SENT;
    bool clear = ours ? entry->seal.len == 0 && entry->fate != APP_FATE_FAILED : view->clear;
    bool typing = view->typing && entry->direction == APP_SENT;
    if (clear == view->clear && typing == view->typing) return;
    view->clear = clear;
    view->typing = typing;
    app_view_prompt(view);
}

void app_view_fate(app_view *view, sotto_bytes id, app_fate fate) {
    const app_seen *seen = find(view, id, true);
    if (view->json) {
        bytes_buffer line;
        app_json json = object(&line, "state");
        app_json_text(&json, "with", bytes_text(view->with));
        put_or_null(&json, "id", id);
        app_json_text(&json, "state", bytes_text(app_fate_name(fate)));
        app_json_end(&json);
        put_line(view, &line);
        return;
    }
    mark m = fate_mark(fate);
    if (!seen || !m.text) return;
    app_colour_to(view->output, APP_OUT, m.colour == APP_PLAIN ? APP_DIM : m.colour);
    app_print(view->output, APP_OUT, "      %s: \"%s\"\n", m.text, seen->excerpt);
    app_colour_to(view->output, APP_OUT, APP_PLAIN);
}

void app_view_typing(app_view *view, sotto_bytes who, app_typing typing) {
    bool now = typing == APP_TYPING_COMPOSING;
    if (view->json) {
        bytes_buffer line;
        app_json json = object(&line, "typing");
        app_json_text(&json, "with", bytes_text(view->with));
        app_json_text(&json, "from", who);
        app_json_text(&json, "state", bytes_text(app_typing_name(typing)));
        app_json_end(&json);
        put_line(view, &line);
        return;
    }
    if (now == view->typing) return;
    view->typing = now;
    app_view_prompt(view);
}

void app_view_prompt(const app_view *view) {
    static const char *const lives[] = {"", " (live, not compared)", " (live, verified)", " (live, QUARANTINED)"};
    const char *live = view->clear ? " (NOT ENCRYPTED)" : lives[view->live];
    if (view->json) return;
    if (view->typing)
        app_print(view->output, APP_PROMPT, "%s is typing%s> ", view->name, live);
    else
        app_print(view->output, APP_PROMPT, "%s%s> ", view->name, live);
}

void app_view_live_is(app_view *view, app_view_live live) {
    static const char *const names[] = {"none", "ready", "verified", "quarantined"};
    if (live == view->live) return;
    view->live = live;
    if (view->json) {
        bytes_buffer line;
        app_json json = object(&line, "live");
        app_json_text(&json, "with", bytes_text(view->with));
        app_json_text(&json, "state", bytes_text(names[live]));
        app_json_end(&json);
        put_line(view, &line);
    }
    app_view_prompt(view);
}

/* ---- sentences ---- */

static void sentence(app_view *view, const char *event, app_colour colour, const char *format, va_list args) {
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_owned(&text, sotto_host_default(), LINE_BYTES_MAX);
    app_format_list(&text, view->output->screen.ascii, format, args);
    if (!sotto_ok(bytes_buffer_end(&text, &all))) {
        bytes_buffer_free(&text);
        return;
    }
    if (view->json) {
        bytes_buffer line;
        app_json json = object(&line, event);
        app_json_text(&json, "text", all);
        app_json_end(&json);
        put_line(view, &line);
    } else {
        app_colour_to(view->output, APP_OUT, colour);
        app_print(view->output, APP_OUT, colour == APP_DIM ? "-- " : "!! ");
        app_put(view->output, APP_OUT, all);
        app_colour_to(view->output, APP_OUT, APP_PLAIN);
        app_print(view->output, APP_OUT, "\n");
    }
    bytes_buffer_free(&text);
}

void app_view_notice(app_view *view, const char *format, ...) {
    va_list args;
    va_start(args, format);
    sentence(view, "notice", APP_DIM, format, args);
    va_end(args);
}

void app_view_warning(app_view *view, const char *format, ...) {
    va_list args;
    va_start(args, format);
    sentence(view, "warning", APP_RED, format, args);
    va_end(args);
}
