/* SPDX-License-Identifier: ISC */
#include "tls/hello.h"

#include "bytes/cursor.h"
#include "bytes/span.h"

/* RFC 8446 sections 5.1, 4, 4.2 */
#define RECORD_HANDSHAKE     22u
#define RECORD_BYTES_MAX     16384u
#define CLIENT_HELLO         1u
#define EXTENSION_PRE_SHARED 41u

static size_t u16(bytes_cursor *c) {
    size_t high = bytes_cursor_u8(c);
    return high << 8 | bytes_cursor_u8(c);
}

static sotto_bytes vector8(bytes_cursor *c) {
    return bytes_cursor_take(c, bytes_cursor_u8(c));
}

static sotto_bytes vector16(bytes_cursor *c) {
    return bytes_cursor_take(c, u16(c));
}

/* Section 4.2.11: identities with an age each, and a binder for each. */
static sotto_status pre_shared_read(sotto_bytes extension, sotto_bytes *ret) {
    bytes_cursor c = bytes_cursor_over(extension);
    sotto_bytes identities = vector16(&c), binders = vector16(&c), first = BYTES_NONE;
    SOTTO_TRY(bytes_cursor_end(&c));
    size_t count = 0, bound = 0;
    bytes_cursor i = bytes_cursor_over(identities), b = bytes_cursor_over(binders);
    while (bytes_cursor_more(&i)) {
        sotto_bytes identity = vector16(&i);
        (void)bytes_cursor_u32(&i);
        if (identity.len == 0) return SOTTO_FAIL(MALFORMED);
        if (count++ == 0) first = identity;
    }
    while (bytes_cursor_more(&b)) {
        if (vector8(&b).len < 32) return SOTTO_FAIL(MALFORMED);
        bound++;
    }
    SOTTO_TRY(bytes_cursor_end(&i));
    SOTTO_TRY(bytes_cursor_end(&b));
    if (count == 0 || bound != count) return SOTTO_FAIL(MALFORMED);
    *ret = count == 1 ? first : BYTES_NONE;
    return SOTTO_OK;
}

static sotto_status extensions_read(sotto_bytes extensions, sotto_bytes *ret_identity) {
    bytes_cursor c = bytes_cursor_over(extensions);
    while (bytes_cursor_more(&c)) {
        size_t kind = u16(&c);
        sotto_bytes extension = vector16(&c);
        if (kind != EXTENSION_PRE_SHARED) continue;
        if (bytes_cursor_more(&c)) return SOTTO_FAIL(MALFORMED); /* section 4.2.11: it is the last one */
        SOTTO_TRY(pre_shared_read(extension, ret_identity));
    }
    return bytes_cursor_end(&c);
}

static sotto_status message_read(sotto_bytes message, tls_hello *ret) {
    bytes_cursor c = bytes_cursor_over(message);
    tls_hello hello = {0};
    (void)u16(&c); /* the version says nothing any more */
    bytes_cursor_into(&c, hello.random, sizeof hello.random);
    sotto_bytes session = vector8(&c), suites = vector16(&c), compression = vector8(&c), extensions = vector16(&c);
    SOTTO_TRY(bytes_cursor_end(&c));
    if (session.len > 32 || suites.len < 2 || compression.len < 1) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(extensions_read(extensions, &hello.identity));
    *ret = hello;
    return SOTTO_OK;
}

sotto_status tls_hello_read(sotto_bytes records, tls_hello *ret) {
    bytes_cursor c = bytes_cursor_over(records);
    unsigned kind = bytes_cursor_u8(&c);
    (void)u16(&c);
    sotto_bytes record = vector16(&c);
    SOTTO_TRY(bytes_cursor_end(&c));
    bytes_cursor r = bytes_cursor_over(record);
    unsigned type = bytes_cursor_u8(&r);
    size_t len = bytes_cursor_u8(&r);
    len = len << 16 | u16(&r);
    sotto_bytes message = bytes_cursor_take(&r, len);
    SOTTO_TRY(bytes_cursor_end(&r));
    if (kind != RECORD_HANDSHAKE || type != CLIENT_HELLO || record.len > RECORD_BYTES_MAX) return SOTTO_FAIL(MALFORMED);
    return message_read(message, ret);
}
