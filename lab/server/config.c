/* SPDX-License-Identifier: ISC
 *
 * One table of fields; reading, comparing and writing go over it. */
#include "lab/server/config.h"

#include <stdio.h>

typedef enum field_kind { FIELD_BOOL, FIELD_ACCESS, FIELD_MAX_ITEMS, FIELD_SEND_LAST } field_kind;

typedef struct field {
    const char *name;
    const char *label;
    field_kind kind;
    size_t offset; /* FIELD_BOOL */
} field;

static const field fields[] = {
    {"pubsub#access_model", "Who may read", FIELD_ACCESS, 0},
    {"pubsub#persist_items", "Keep items", FIELD_BOOL, offsetof(lab_node_config, persist)},
    {"pubsub#max_items", "How many items are kept", FIELD_MAX_ITEMS, 0},
    {"pubsub#send_last_published_item", "When the last item is sent", FIELD_SEND_LAST, 0},
    {"pubsub#notify_retract", "Notify about deleted items", FIELD_BOOL, offsetof(lab_node_config, notify_retract)},
    {"pubsub#notify_delete", "Notify when the node is deleted", FIELD_BOOL, offsetof(lab_node_config, notify_delete)},
    {"pubsub#deliver_payloads", "Notifications hold the item", FIELD_BOOL, offsetof(lab_node_config, deliver_payloads)},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static const char *const access_names[] = {
    [LAB_OPEN] = "open", [LAB_PRESENCE] = "presence", [LAB_WHITELIST] = "whitelist"};
static const char *const last_names[] = {
    [LAB_LAST_NEVER] = "never", [LAB_LAST_ON_SUBSCRIPTION] = "on_sub", [LAB_LAST_ON_PRESENCE] = "on_sub_and_presence"};

lab_node_config lab_config_default(void) {
    return (lab_node_config){.access = LAB_PRESENCE,
                             .persist = true,
                             .max_items = 1,
                             .send_last = LAB_LAST_ON_PRESENCE,
                             .notify_retract = true,
                             .notify_delete = true,
                             .deliver_payloads = true};
}

static bool *bool_of(lab_node_config *config, const field *f) {
    switch (f->offset) {
    case offsetof(lab_node_config, persist):
        return &config->persist;
    case offsetof(lab_node_config, notify_retract):
        return &config->notify_retract;
    case offsetof(lab_node_config, notify_delete):
        return &config->notify_delete;
    default:
        return &config->deliver_payloads;
    }
}

static bool read_bool(sotto_bytes value, bool *ret) {
    bool yes = bytes_is(value, "1") || bytes_is(value, "true");
    if (!yes && !bytes_is(value, "0") && !bytes_is(value, "false")) return false;
    *ret = yes;
    return true;
}

/* 'max', or 1 to the limit. */
static bool read_max_items(sotto_bytes value, uint64_t *ret) {
    uint64_t number = 0;
    if (bytes_is(value, "max")) {
        *ret = LAB_ITEMS_MAX;
        return true;
    }
    if (value.len == 0 || value.len > 9) return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') return false;
        number = number * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (number < 1 || number > LAB_ITEMS_MAX) return false;
    *ret = number;
    return true;
}

static bool read_value(const field *f, sotto_bytes value, lab_node_config *config) {
    switch (f->kind) {
    case FIELD_BOOL:
        return read_bool(value, bool_of(config, f));
    case FIELD_MAX_ITEMS:
        return read_max_items(value, &config->max_items);
    case FIELD_ACCESS:
        for (unsigned i = LAB_OPEN; i <= LAB_WHITELIST; i++) {
            if (!bytes_is(value, access_names[i])) continue;
            config->access = (lab_access)i;
            return true;
        }
        return false;
    case FIELD_SEND_LAST:
        for (unsigned i = LAB_LAST_NEVER; i <= LAB_LAST_ON_PRESENCE; i++) {
            if (!bytes_is(value, last_names[i])) continue;
            config->send_last = (lab_send_last)i;
            return true;
        }
        return false;
    }
    return false;
}

static const field *field_find(sotto_bytes name) {
    for (size_t i = 0; i < FIELDS; i++) {
        if (bytes_is(name, fields[i].name)) return &fields[i];
    }
    return NULL;
}

/* The text of the first <value/>; empty when there is none. */
static sotto_bytes value_of(lab_server *server, const stanza_element *form_field) {
    sotto_bytes text = BYTES_NONE;
    const stanza_element *value = stanza_child(form_field, "value", LAB_NS_FORMS);
    return value && stanza_text(value, &server->arena, &text) ? text : BYTES_NONE;
}

static bool form_type_is(lab_server *server, const stanza_element *form, const char *form_type) {
    for (const stanza_element *at = stanza_first(form); at; at = stanza_next(form, at)) {
        if (!stanza_is(at, "field", LAB_NS_FORMS) || !bytes_is(stanza_attribute_of(at, "var"), "FORM_TYPE")) continue;
        return bytes_is(value_of(server, at), form_type);
    }
    return false;
}

lab_form lab_config_read(lab_server *server, const stanza_element *parent, const char *form_type, bool strict,
                         lab_node_config *config, unsigned *ret_given) {
    const stanza_element *form = stanza_child(parent, "x", LAB_NS_FORMS);
    if (form && lab_type_is(form, "cancel")) return LAB_FORM_CANCELLED;
    if (!form || !lab_type_is(form, "submit") || !form_type_is(server, form, form_type)) return LAB_FORM_NONE;
    lab_node_config read = *config;
    unsigned given = 0;
    for (const stanza_element *at = stanza_first(form); at; at = stanza_next(form, at)) {
        sotto_bytes name = stanza_attribute_of(at, "var");
        if (!stanza_is(at, "field", LAB_NS_FORMS) || bytes_is(name, "FORM_TYPE")) continue;
        const field *f = field_find(name);
        if (!f && strict) return LAB_FORM_UNKNOWN;
        if (!f) continue;
        if (!read_value(f, value_of(server, at), &read)) return LAB_FORM_REFUSED;
        given |= 1u << (unsigned)(f - fields);
    }
    *config = read;
    *ret_given = given;
    return LAB_FORM_READ;
}

static bool field_same(const field *f, const lab_node_config *a, const lab_node_config *b) {
    lab_node_config x = *a, y = *b;
    switch (f->kind) {
    case FIELD_BOOL:
        return *bool_of(&x, f) == *bool_of(&y, f);
    case FIELD_ACCESS:
        return x.access == y.access;
    case FIELD_MAX_ITEMS:
        return x.max_items == y.max_items;
    case FIELD_SEND_LAST:
        return x.send_last == y.send_last;
    }
    return false;
}

bool lab_config_meets(const lab_node_config *have, const lab_node_config *wanted, unsigned given) {
    for (unsigned i = 0; i < FIELDS; i++) {
        if ((given & 1u << i) && !field_same(&fields[i], have, wanted)) return false;
    }
    return true;
}

static void write_options(lab_draft *draft, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        stanza_open(&draft->w, "option", LAB_NS_FORMS);
        stanza_leaf(&draft->w, "value", LAB_NS_FORMS, bytes_text(names[i]));
        stanza_close(&draft->w);
    }
}

static void write_field(lab_draft *draft, const field *f, const lab_node_config *config) {
    lab_node_config copy = *config;
    char number[32];
    const char *type = f->kind == FIELD_BOOL ? "boolean" : f->kind == FIELD_MAX_ITEMS ? "text-single" : "list-single";
    const char *value = NULL;
    switch (f->kind) {
    case FIELD_BOOL:
        value = *bool_of(&copy, f) ? "1" : "0";
        break;
    case FIELD_ACCESS:
        value = access_names[config->access];
        break;
    case FIELD_SEND_LAST:
        value = last_names[config->send_last];
        break;
    case FIELD_MAX_ITEMS:
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)config->max_items);
        value = config->max_items == LAB_ITEMS_MAX ? "max" : number;
        break;
    }
    stanza_open(&draft->w, "field", LAB_NS_FORMS);
    stanza_put_text(&draft->w, "var", f->name);
    stanza_put_text(&draft->w, "type", type);
    stanza_put_text(&draft->w, "label", f->label);
    if (f->kind == FIELD_ACCESS) write_options(draft, access_names, sizeof access_names / sizeof access_names[0]);
    if (f->kind == FIELD_SEND_LAST) write_options(draft, last_names, sizeof last_names / sizeof last_names[0]);
    stanza_leaf(&draft->w, "value", LAB_NS_FORMS, bytes_text(value));
    stanza_close(&draft->w);
}

void lab_config_write(lab_draft *draft, const lab_node_config *config) {
    stanza_open(&draft->w, "x", LAB_NS_FORMS);
    stanza_put_text(&draft->w, "type", "form");
    stanza_open(&draft->w, "field", LAB_NS_FORMS);
    stanza_put_text(&draft->w, "var", "FORM_TYPE");
    stanza_put_text(&draft->w, "type", "hidden");
    stanza_leaf(&draft->w, "value", LAB_NS_FORMS, bytes_text(LAB_FORM_NODE_CONFIG));
    stanza_close(&draft->w);
    for (size_t i = 0; i < FIELDS; i++) write_field(draft, &fields[i], config);
    stanza_close(&draft->w);
}
