/* SPDX-License-Identifier: ISC
 *
 * Taking requests apart: `OPERATION name=value name=value ...`, one blank between words. What a value is made of hangs
 * on its name alone, so one table says it for all operations. Strict, so that a driver that says something else than it
 * means is told: a name twice, a name the operation does not have, upper-case hex are not understood. */
#include "bytes/base64.h"
#include "port.h"

typedef enum value_kind { VALUE_BYTES, VALUE_LIST, VALUE_NUMBER, VALUE_FLAG, VALUE_NAME, VALUE_WORD } value_kind;

/* Every other name has bytes. */
static const struct {
    const char *name;
    value_kind kind;
} kinds[] = {
    {"size", VALUE_NUMBER},         {"iterations", VALUE_NUMBER},  {"spk-id", VALUE_NUMBER},
    {"prekey-id", VALUE_NUMBER},    {"peer-spk-id", VALUE_NUMBER}, {"peer-prekey-id", VALUE_NUMBER},
    {"registration", VALUE_NUMBER}, {"time", VALUE_NUMBER},        {"depth", VALUE_NUMBER},
    {"sign", VALUE_FLAG},           {"session", VALUE_NAME},       {"hash", VALUE_WORD},
    {"dialect", VALUE_WORD},        {"name", VALUE_WORD},          {"purpose", VALUE_WORD},
    {"policies", VALUE_WORD},       {"intermediates", VALUE_LIST}, {"roots", VALUE_LIST},
    {"crls", VALUE_LIST},
};

#define NAME_BYTES_MAX 64

/* What stands before the first `mark`, and what comes behind it; false: it is not there. */
static bool split(sotto_bytes text, uint8_t mark, sotto_bytes *ret_before, sotto_bytes *ret_after) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != mark) continue;
        *ret_before = bytes_of(text.at, i);
        *ret_after = bytes_after(text, i + 1);
        return true;
    }
    *ret_before = text;
    *ret_after = BYTES_NONE;
    return false;
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_lower_hex(sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]) && (text.at[i] < 'a' || text.at[i] > 'f')) return false;
    }
    return text.len % 2 == 0;
}

sotto_status port_hex(vector_port *p, sotto_bytes text, sotto_bytes *ret) {
    bytes_buffer buffer;
    sotto_bytes read;
    if (!is_lower_hex(text)) return SOTTO_FAIL(USAGE);
    if (text.len == 0) {
        *ret = BYTES_NONE;
        return SOTTO_OK;
    }
    uint8_t *memory = bytes_arena_take(&p->arena, text.len / 2);
    if (!memory) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_borrowed(&buffer, memory, text.len / 2);
    SOTTO_TRY(bytes_hex_get(&buffer, text));
    SOTTO_TRY(bytes_buffer_end(&buffer, &read));
    *ret = read;
    return SOTTO_OK;
}

static bool number_read(sotto_bytes text, uint64_t *ret) {
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i])) return false;
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *ret = number;
    return text.len > 0;
}

/* "session names of letters and digits" */
static bool is_session_name(sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (!is_digit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) return false;
    }
    return text.len > 0 && text.len <= NAME_BYTES_MAX;
}

static bool is_word(sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f) return false;
    }
    return true;
}

static bool is_list(sotto_bytes text) {
    sotto_bytes one;
    for (bool more = text.len > 0; more;) {
        more = split(text, ',', &one, &text);
        if (one.len == 0 || !is_lower_hex(one)) return false;
    }
    return true;
}

static value_kind kind_of(sotto_bytes name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (bytes_is(name, kinds[i].name)) return kinds[i].kind;
    }
    return VALUE_BYTES;
}

static sotto_status value_read(vector_port *p, sotto_bytes text, value_kind kind, port_field *ret) {
    bool fine = true;
    ret->value = text;
    switch (kind) {
    case VALUE_BYTES:
        return port_hex(p, text, &ret->value);
    case VALUE_LIST:
        fine = is_list(text);
        break;
    case VALUE_NUMBER:
        fine = number_read(text, &ret->number);
        break;
    case VALUE_FLAG:
        fine = number_read(text, &ret->number) && ret->number <= 1;
        break;
    case VALUE_NAME:
        fine = is_session_name(text);
        break;
    case VALUE_WORD:
        fine = is_word(text);
        break;
    }
    return fine ? SOTTO_OK : SOTTO_FAIL(USAGE);
}

static const port_field *field_find(const vector_port *p, sotto_bytes name) {
    for (size_t i = 0; i < p->count; i++) {
        if (bytes_equal(p->fields[i].name, name)) return &p->fields[i];
    }
    return NULL;
}

typedef struct name_rule {
    sotto_bytes name;
    bool optional, flag;
} name_rule;

/* The next of the names an operation has, and what stands behind it. */
static name_rule rule_next(sotto_bytes *in_out_names) {
    name_rule rule = {.optional = false};
    (void)split(*in_out_names, ' ', &rule.name, in_out_names);
    uint8_t mark = rule.name.at[rule.name.len - 1];
    rule.optional = mark == '?';
    rule.flag = mark == '!';
    if (rule.optional || rule.flag) rule.name.len--;
    return rule;
}

static bool rule_find(const char *names, sotto_bytes name, name_rule *ret) {
    for (sotto_bytes rest = bytes_text(names); rest.len > 0;) {
        *ret = rule_next(&rest);
        if (bytes_equal(ret->name, name)) return true;
    }
    return false;
}

static bool is_complete(const vector_port *p, const char *names) {
    for (sotto_bytes rest = bytes_text(names); rest.len > 0;) {
        name_rule rule = rule_next(&rest);
        if (!rule.optional && !field_find(p, rule.name)) return false;
    }
    return true;
}

sotto_status port_request_read(vector_port *p, sotto_bytes fields, const char *names) {
    sotto_bytes word, text;
    p->count = 0;
    for (bool more = fields.len > 0; more;) {
        port_field field = {.number = 0};
        name_rule rule;
        more = split(fields, ' ', &word, &fields);
        if (!split(word, '=', &field.name, &text) || p->count == PORT_FIELDS_MAX) return SOTTO_FAIL(USAGE);
        if (!rule_find(names, field.name, &rule) || field_find(p, field.name)) return SOTTO_FAIL(USAGE);
        SOTTO_TRY(value_read(p, text, rule.flag ? VALUE_FLAG : kind_of(field.name), &field));
        p->fields[p->count++] = field;
    }
    return is_complete(p, names) ? SOTTO_OK : SOTTO_FAIL(USAGE);
}

bool port_has(const vector_port *p, const char *name) {
    return field_find(p, bytes_text(name)) != NULL;
}

sotto_bytes port_bytes(const vector_port *p, const char *name) {
    const port_field *field = field_find(p, bytes_text(name));
    return field ? field->value : BYTES_NONE;
}

uint64_t port_number(const vector_port *p, const char *name) {
    const port_field *field = field_find(p, bytes_text(name));
    return field ? field->number : 0;
}

sotto_status port_fixed(const vector_port *p, const char *name, void *ret, size_t len, sotto_status otherwise) {
    sotto_bytes value = port_bytes(p, name);
    if (value.len != len) return otherwise;
    memcpy(ret, value.at, len);
    return SOTTO_OK;
}

sotto_status port_key(const vector_port *p, const char *name, uint8_t ret[32]) {
    return port_fixed(p, name, ret, 32, SOTTO_FAIL(BAD_KEY));
}

sotto_status port_pair(const vector_port *p, const char *name, crypto_x25519_pair *ret) {
    crypto_x25519_private private_key;
    SOTTO_TRY(port_key(p, name, private_key.bytes));
    return crypto_x25519_derive(ret, &private_key);
}
