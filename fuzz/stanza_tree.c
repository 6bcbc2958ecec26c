/* SPDX-License-Identifier: ISC
 *
 * stanza/tree.h through stanza_parse, and stanza/writer.h behind it: read, written anew, read again must be the same
 * tree, wherever it was written to; a parser that is kept open says what a fresh one says. The first byte chooses how
 * it is written. */
#include "stanza/writer.h"
#include "trees.h"

typedef struct rooms {
    fuzz_host host;
    bytes_arena first, second;
} rooms;

static void copy(stanza_writer *writer, const stanza_element *root, bool anew) {
    if (!anew) {
        stanza_copy(writer, root);
        return;
    }
    stanza_copy_open(writer, root);
    for (const stanza_node *node = root->first; node; node = node->next) {
        if (node->element)
            stanza_copy(writer, node->element);
        else
            stanza_write(writer, node->text);
    }
    stanza_close(writer);
}

static void write_and_read(rooms *r, const stanza_element *root, const char *around, bool anew) {
    bytes_buffer out;
    bytes_buffer_owned(&out, &r->host.host, 8 * SOTTO_STANZA_BYTES_MAX);
    stanza_writer writer;
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    if (around) stanza_open(&writer, "around", around);
    copy(&writer, root, anew);
    if (around) stanza_close(&writer);
    sotto_bytes text;
    sotto_status status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status)) {
        const stanza_element *again;
        status = stanza_parse(&r->second, text, &again);
        /* One element more, or a namespace that had to be declared, can be one too many. */
        if (!sotto_is(status, SOTTO_E_TOO_LARGE)) {
            MUST_OK(status);
            MUST(fuzz_same_tree(root, around ? stanza_first(again) : again));
        }
    } else {
        MUST(sotto_is(status, SOTTO_E_TOO_LARGE));
    }
    bytes_buffer_free(&out);
}

static void look(rooms *r, const stanza_element *root) {
    sotto_bytes text;
    uint64_t number = 0;
    bool several;
    MUST(stanza_text(root, &r->first, &text));
    (void)fuzz_touch(text);
    for (const stanza_attribute *a = root->attributes; a; a = a->next) {
        MUST(a->ns.len > 0 || stanza_attribute_of(root, "a").at || !bytes_is(a->name, "a"));
    }
    if (stanza_attribute_number(root, "a", 3, 4000, &number)) MUST(number >= 3 && number <= 4000);
    const stanza_element *only = stanza_only_child(root, NULL, NULL, &several);
    MUST(!only || (!several && stanza_count(root) == 1));
    (void)stanza_child(root, "b", "urn:x");
}

static void parser_agrees(rooms *r, sotto_bytes text, sotto_status said, const stanza_element *root) {
    stanza_parser *parser;
    MUST_OK(stanza_parser_new(&parser, &r->host.host));
    for (int i = 0; i < 2; i++) {
        const stanza_element *again;
        sotto_status status = stanza_parser_read(parser, &r->second, text, &again);
        MUST(status.code == said.code);
        if (sotto_ok(status)) MUST(fuzz_same_tree(root, again));
    }
    stanza_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const arounds[] = {NULL, STANZA_NS_CLIENT, "", "urn:x"};
    rooms r;
    fuzz_host_start(&r.host);
    bytes_arena_init(&r.first, &r.host.host, FUZZ_ARENA_BYTES_MAX);
    bytes_arena_init(&r.second, &r.host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    sotto_bytes text = fuzz_exact(in);
    const stanza_element *root = NULL;
    sotto_status status = stanza_parse(&r.first, text, &root);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    parser_agrees(&r, text, status, root);
    if (root) {
        MUST(bytes_equal(root->raw, text));
        fuzz_check_tree(root);
        write_and_read(&r, root, arounds[choice & 3], (choice & 4) != 0);
        look(&r, root);
    }
    fuzz_exact_free(text);
    if (root) fuzz_check_tree(root); /* it stands by itself */
    bytes_arena_clear(&r.first);
    bytes_arena_clear(&r.second);
    fuzz_host_end(&r.host);
    return 0;
}
