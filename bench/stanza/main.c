/* SPDX-License-Identifier: ISC
 *
 * ./dev bench stanza: parsing and writing a mix of stanzas. Parsing: our reader, from the bytes of a stream to trees,
 * beside expat alone with the same bytes, namespaces on, handlers that do nothing. Writing: our writer from trees to
 * bytes, every element written anew, beside a walk over the same trees that copies their names, values and texts as
 * they are: the least that any writer of trees does.
 *
 *     stanza [--quick] [--out FILE] [MIX]      MIX: a line each, "kind <stanza/>"
 */
#include <expat.h>
#include <string.h>

#include <sotto/limits.h>

#include "bench/engine/measure.h"
#include "bytes/buffer.h"
#include "bytes/span.h"
#include "stanza/reader.h"
#include "stanza/writer.h"

#define KINDS_MAX   16
#define STANZAS_MAX 512
#define TURNS_MAX   32
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define HEADER                                                                                                         \
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='wharf.example' "       \
    "version='1.0'>"

/* The stanzas of one kind, or all of them in their order. */
typedef struct set {
    char name[32];
    sotto_bytes stanzas[STANZAS_MAX];
    size_t count, bytes;
    double ours[TURNS_MAX], peer[TURNS_MAX]; /* MB/s of parsing */
    double wrote[TURNS_MAX], walked[TURNS_MAX];
} set;

typedef struct mix {
    set sets[KINDS_MAX]; /* the first is all */
    size_t count;
    char *text;
} mix;

/* ---- the mix ---- */

static char *read_file(const char *path, size_t *ret_len) {
    FILE *file = fopen(path, "r");
    bench_check(file != NULL);
    char *text = malloc((size_t)4 * 1024 * 1024);
    bench_check(text != NULL);
    *ret_len = fread(text, 1, (size_t)4 * 1024 * 1024, file);
    (void)fclose(file);
    bench_check(*ret_len > 0 && text[*ret_len - 1] == '\n');
    return text;
}

static void set_add(set *s, sotto_bytes stanza) {
    bench_check(s->count < STANZAS_MAX);
    s->stanzas[s->count++] = stanza;
    s->bytes += stanza.len;
}

static set *set_of(mix *m, const char *name, size_t len) {
    for (size_t i = 0; i < m->count; i++)
        if (strlen(m->sets[i].name) == len && memcmp(m->sets[i].name, name, len) == 0) return &m->sets[i];
    bench_check(m->count < KINDS_MAX && len < sizeof m->sets[0].name);
    memcpy(m->sets[m->count].name, name, len);
    return &m->sets[m->count++];
}

static void mix_read(mix *m, const char *path) {
    size_t len;
    m->text = read_file(path, &len);
    set *all = set_of(m, "mix", 3);
    for (char *line = m->text; line < m->text + len;) {
        char *end = memchr(line, '\n', (size_t)(m->text + len - line)), *blank = memchr(line, ' ', 64);
        bench_check(blank != NULL && blank < end);
        sotto_bytes stanza = bytes_of(blank + 1, (size_t)(end - blank) - 1);
        set_add(all, stanza);
        set_add(set_of(m, line, (size_t)(blank - line)), stanza);
        line = end + 1;
    }
}

/* ---- parsing ---- */

static stanza_reader *open_reader(bytes_arena *arena) {
    stanza_reader *reader;
    const stanza_element *element;
    stanza_reader_event event;
    size_t used;
    bench_must(stanza_reader_new(&reader, sotto_host_default(), SOTTO_STANZA_BYTES_MAX));
    bench_must(stanza_reader_feed(reader, arena, BYTES_LITERAL(HEADER), &used, &event, &element));
    bench_check(event == STANZA_READER_OPEN);
    return reader;
}

/* Stanzas of a stream come one by one and are dealt with one by one. */
static void parse_ours(stanza_reader *reader, bytes_arena *arena, const set *s) {
    bytes_arena_mark mark = bytes_arena_here(arena);
    for (size_t i = 0; i < s->count; i++) {
        const stanza_element *element;
        stanza_reader_event event;
        size_t used;
        bench_must(stanza_reader_feed(reader, arena, s->stanzas[i], &used, &event, &element));
        bench_check(event == STANZA_READER_STANZA && used == s->stanzas[i].len && element->raw.len == used);
        bytes_arena_back(arena, mark);
    }
}

static void nothing_start(void *arg, const XML_Char *name, const XML_Char **attributes) {
    (void)arg, (void)name, (void)attributes;
}
static void nothing_end(void *arg, const XML_Char *name) {
    (void)arg, (void)name;
}
static void nothing_text(void *arg, const XML_Char *text, int len) {
    (void)arg, (void)text, (void)len;
}

static XML_Parser open_expat(void) {
    XML_Parser parser = XML_ParserCreateNS("UTF-8", '\n');
    bench_check(parser != NULL);
    XML_SetElementHandler(parser, nothing_start, nothing_end);
    XML_SetCharacterDataHandler(parser, nothing_text);
    bench_check(XML_Parse(parser, HEADER, sizeof HEADER - 1, 0) == XML_STATUS_OK);
    return parser;
}

static void parse_peer(XML_Parser parser, const set *s) {
    for (size_t i = 0; i < s->count; i++) {
        sotto_bytes stanza = s->stanzas[i];
        bench_check(XML_Parse(parser, (const char *)stanza.at, (int)stanza.len, 0) == XML_STATUS_OK);
    }
}

/* ---- writing ---- */

/* As stanza_copy does where the raw bytes cannot be used. */
static void write_anew(stanza_writer *w, const stanza_element *element) {
    stanza_copy_open(w, element);
    for (const stanza_node *node = element->first; node != NULL; node = node->next) {
        if (node->element != NULL)
            write_anew(w, node->element);
        else
            stanza_write(w, node->text);
    }
    stanza_close(w);
}

static sotto_bytes write_ours(bytes_buffer *out, const stanza_element *element) {
    stanza_writer writer;
    sotto_bytes written;
    bytes_buffer_reset(out);
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    write_anew(&writer, element);
    bench_must(bytes_buffer_end(out, &written));
    return written;
}

static uint8_t *put(uint8_t *at, sotto_bytes bytes) {
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static uint8_t *walk(uint8_t *at, const stanza_element *element, sotto_bytes outer_ns) {
    *at++ = '<';
    at = put(at, element->name);
    if (!bytes_equal(element->ns, outer_ns)) {
        at = put(at, BYTES_LITERAL(" xmlns='"));
        at = put(at, element->ns);
        *at++ = '\'';
    }
    for (const stanza_attribute *a = element->attributes; a != NULL; a = a->next) {
        *at++ = ' ';
        at = put(at, a->name);
        at = put(at, BYTES_LITERAL("='"));
        at = put(at, a->value);
        *at++ = '\'';
    }
    if (element->first == NULL) return put(at, BYTES_LITERAL("/>"));
    *at++ = '>';
    for (const stanza_node *node = element->first; node != NULL; node = node->next)
        at = node->element != NULL ? walk(at, node->element, element->ns) : put(at, node->text);
    at = put(at, BYTES_LITERAL("</"));
    at = put(at, element->name);
    *at++ = '>';
    return at;
}

/* ---- checking ---- */

static bool same_tree(const stanza_element *a, const stanza_element *b) {
    if (!bytes_equal(a->name, b->name) || !bytes_equal(a->ns, b->ns)) return false;
    const stanza_attribute *x = a->attributes, *y = b->attributes;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!bytes_equal(x->name, y->name) || !bytes_equal(x->ns, y->ns) || !bytes_equal(x->value, y->value))
            return false;
    const stanza_node *m = a->first, *n = b->first;
    for (; m != NULL && n != NULL; m = m->next, n = n->next) {
        if ((m->element != NULL) != (n->element != NULL)) return false;
        if (m->element != NULL ? !same_tree(m->element, n->element) : !bytes_equal(m->text, n->text)) return false;
    }
    return x == NULL && y == NULL && m == NULL && n == NULL;
}

/* What is written reads as what was read. */
static void check_all(const set *all) {
    bytes_arena arena;
    bytes_buffer out;
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES);
    bytes_buffer_owned(&out, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    for (size_t i = 0; i < all->count; i++) {
        const stanza_element *first, *again;
        bench_must(stanza_parse(&arena, all->stanzas[i], &first));
        bench_must(stanza_parse(&arena, write_ours(&out, first), &again));
        bench_check(same_tree(first, again));
        bytes_arena_back(&arena, (bytes_arena_mark){0});
    }
    bytes_buffer_free(&out);
    bytes_arena_clear(&arena);
}

/* ---- the run ---- */

static double rate(const set *s, size_t times, bench_time spent) {
    return (double)(s->bytes * times) / spent.cpu_us; /* bytes a microsecond are megabytes a second */
}

static void turn_parse(set *s, size_t turn, size_t times) {
    bytes_arena arena;
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES);
    stanza_reader *reader = open_reader(&arena);
    bench_time begin = bench_now();
    for (size_t i = 0; i < times; i++) parse_ours(reader, &arena, s);
    s->ours[turn] = rate(s, times, bench_since(begin));
    stanza_reader_free(reader);
    bytes_arena_clear(&arena);
    XML_Parser parser = open_expat();
    begin = bench_now();
    for (size_t i = 0; i < times; i++) parse_peer(parser, s);
    s->peer[turn] = rate(s, times, bench_since(begin));
    XML_ParserFree(parser);
}

static void turn_write(set *s, size_t turn, size_t times) {
    static const stanza_element *trees[STANZAS_MAX];
    static uint8_t room[SOTTO_STANZA_BYTES_MAX];
    bytes_arena arena;
    bytes_buffer out;
    size_t written = 0;
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES);
    bytes_buffer_owned(&out, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    for (size_t i = 0; i < s->count; i++) bench_must(stanza_parse(&arena, s->stanzas[i], &trees[i]));
    bench_time begin = bench_now();
    for (size_t k = 0; k < times; k++)
        for (size_t i = 0; i < s->count; i++) written += write_ours(&out, trees[i]).len;
    s->wrote[turn] = rate(s, times, bench_since(begin));
    begin = bench_now();
    for (size_t k = 0; k < times; k++)
        for (size_t i = 0; i < s->count; i++)
            written += (size_t)(walk(room, trees[i], BYTES_LITERAL(STANZA_NS_CLIENT)) - room);
    s->walked[turn] = rate(s, times, bench_since(begin));
    bench_check(written > s->bytes);
    bytes_buffer_free(&out);
    bytes_arena_clear(&arena);
}

static void tell(FILE *out, const char *what, const set *s, double ours, double peer, bool last) {
    double bytes = (double)s->bytes / (double)s->count;
    bench_check(ours > 0 && peer > 0);
    printf("%-8s %-10s %9.1f %9.1f %6.2f %10.2f %10.2f %8.0f\n", what, s->name, ours, peer, peer / ours, bytes / ours,
           bytes / peer, bytes);
    fprintf(out,
            "    {\"op\": \"%s_%s\", \"ours_mb_s\": %.1f, \"peer_mb_s\": %.1f, \"ours_us\": %.3f, \"peer_us\": %.3f, "
            "\"ratio\": %.3f, \"stanzas\": %zu, \"bytes_a_stanza\": %.0f}%s\n",
            what, s->name, ours, peer, bytes / ours, bytes / peer, peer / ours, s->count, bytes, last ? "" : ",");
}

static void report(const char *path, mix *m, size_t turns) {
    FILE *out = fopen(path, "w");
    bench_check(out != NULL);
    printf("%-19s %9s %9s %6s %10s %10s %8s\n", "", "ours MB/s", "peer MB/s", "ratio", "ours us", "peer us", "bytes");
    fprintf(out,
            "{\n  \"suite\": \"stanza\", \"peer\": \"expat\", \"peer_version\": \"%s\",\n"
            "  \"ratio_is\": \"ours_us / peer_us: how many times what the peer takes; CPU, medians of %zu turns; us: "
            "of one stanza\",\n"
            "  \"peer_is\": \"parse: expat alone, namespaces, empty handlers; write: a walk over the same trees that "
            "copies names, values and texts unlooked-at\",\n  \"rows\": [\n",
            XML_ExpatVersion(), turns);
    for (size_t i = 0; i < m->count; i++)
        tell(out, "parse", &m->sets[i], bench_median(m->sets[i].ours, turns), bench_median(m->sets[i].peer, turns),
             false);
    for (size_t i = 0; i < m->count; i++)
        tell(out, "write", &m->sets[i], bench_median(m->sets[i].wrote, turns), bench_median(m->sets[i].walked, turns),
             i + 1 == m->count);
    fprintf(out, "  ]\n}\n");
    bench_check(fclose(out) == 0);
    printf("\nratio: ours / peer, CPU; parse beside expat alone, write beside a walk that only copies; written to %s\n",
           path);
}

static void run(const char *mix_path, const char *out, bool quick) {
    static mix m;
    size_t turns = quick ? 1 : 25, bytes = quick ? 100000 : 4000000; /* of a turn */
    mix_read(&m, mix_path);
    check_all(&m.sets[0]);
    for (size_t turn = 0; turn < turns; turn++)
        for (size_t i = 0; i < m.count; i++) {
            turn_parse(&m.sets[i], turn, 1 + bytes / m.sets[i].bytes);
            turn_write(&m.sets[i], turn, 1 + bytes / m.sets[i].bytes);
        }
    report(out, &m, turns);
    free(m.text);
}

int main(int argc, char **argv) {
    const char *out = "stanza.json", *mix_path = NULL; /* the mix beside this file */
    bool quick = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
            out = argv[++i];
        else if (argv[i][0] != '-' && mix_path == NULL)
            mix_path = argv[i];
        else
            mix_path = "";
    }
    if (mix_path != NULL && mix_path[0] == 0) {
        fprintf(stderr, "usage: %s [--quick] [--out FILE] [MIX]\n", argv[0]);
        return 2;
    }
    run(mix_path != NULL ? mix_path : MIX, out, quick);
    return 0;
}
