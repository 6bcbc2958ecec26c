/* SPDX-License-Identifier: ISC
 *
 * Counting. A record is: start of the hour, count, whether it is a stranger's. */
#include "seal/omemo/budget.h"

#include "bytes/cursor.h"

static bool is_over(uint64_t since_ms, uint64_t now_ms) {
    return now_ms < since_ms || now_ms - since_ms >= OMEMO_HOUR_MS;
}

/* ---- key exchanges ---- */

static void budget_row(omemo_row *ret, sotto_bytes jid) {
    omemo_row_own(ret, OMEMO_ROW_BUDGET);
    size_t len = jid.len < SOTTO_OMEMO_JID_BYTES_MAX ? jid.len : SOTTO_OMEMO_JID_BYTES_MAX;
    if (len > 0) memcpy(ret->at + ret->len, jid.at, len);
    ret->len += len;
}

static sotto_status budget_decode(sotto_bytes value, omemo_budget *ret) {
    bytes_cursor c = bytes_cursor_over(value);
    ret->since_ms = bytes_cursor_u64(&c);
    ret->count = bytes_cursor_u32(&c);
    uint8_t stranger = bytes_cursor_u8(&c);
    ret->stranger = stranger != 0;
    return sotto_ok(bytes_cursor_end(&c)) && stranger <= 1 ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

typedef struct budget_scan {
    seal_env *env;
    uint32_t strangers; /* within their hour */
    struct budget_over {
        struct budget_over *next;
        sotto_bytes key;
    } * over;
} budget_scan;

static sotto_status budget_found(void *arg, sotto_bytes key, sotto_bytes value) {
    budget_scan *scan = arg;
    omemo_budget one;
    SOTTO_TRY(budget_decode(value, &one));
    if (!is_over(one.since_ms, scan->env->now_ms)) {
        if (one.stranger) scan->strangers++;
        return SOTTO_OK;
    }
    struct budget_over *over = bytes_arena_take(scan->env->arena, sizeof *over);
    if (!over || !bytes_arena_copy(scan->env->arena, key, &over->key)) return SOTTO_FAIL(NO_MEMORY);
    over->next = scan->over;
    scan->over = over;
    return SOTTO_OK;
}

static sotto_status budget_all(seal_env *env, budget_scan *ret) {
    omemo_row prefix;
    omemo_row_own(&prefix, OMEMO_ROW_BUDGET);
    *ret = (budget_scan){.env = env};
    return env->scan(env, omemo_row_key(&prefix), budget_found, ret);
}

sotto_status omemo_budget_take(seal_env *env, sotto_bytes jid, bool stranger, omemo_budget *ret) {
    omemo_row row;
    sotto_bytes value;
    omemo_budget budget = {.count = 0};
    budget_row(&row, jid);
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_ok(status)) status = budget_decode(value, &budget);
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    if (!sotto_ok(status) || is_over(budget.since_ms, env->now_ms)) {
        budget_scan scan;
        if (stranger) {
            SOTTO_TRY(budget_all(env, &scan));
            if (scan.strangers >= SOTTO_OMEMO_STRANGERS_PER_HOUR) return SOTTO_FAIL(TOO_LARGE);
        }
        budget = (omemo_budget){.since_ms = env->now_ms};
    }
    if (budget.count >= SOTTO_OMEMO_EXCHANGES_PER_HOUR) return SOTTO_FAIL(TOO_LARGE);
    budget.count++;
    budget.stranger = stranger;
    *ret = budget;
    return SOTTO_OK;
}

sotto_status omemo_budget_stage(seal_env *env, sotto_bytes jid, const omemo_budget *budget) {
    omemo_row row;
    uint8_t memory[13];
    bytes_buffer out;
    sotto_bytes value;
    if (budget->count == 0) return SOTTO_OK;
    if (budget->count == 1) {
        budget_scan scan;
        SOTTO_TRY(budget_all(env, &scan));
        for (struct budget_over *one = scan.over; one; one = one->next) SOTTO_TRY(env->put(env, one->key, BYTES_NONE));
    }
    budget_row(&row, jid);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u64(&out, budget->since_ms);
    bytes_buffer_u32(&out, budget->count);
    bytes_buffer_u8(&out, budget->stranger);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, omemo_row_key(&row), value);
}

/* ---- messages that fail ---- */

static omemo_failures failures_now(const omemo_self *self, const seal_env *env, sotto_bytes jid) {
    omemo_failures failures;
    omemo_cache_failures(&self->cache, jid, &failures);
    if (failures.count > 0 && is_over(failures.since_ms, env->now_ms)) failures.count = 0;
    if (failures.count == 0) failures.since_ms = env->now_ms;
    return failures;
}

bool omemo_budget_is_spent(const omemo_self *self, const seal_env *env, sotto_bytes jid) {
    return failures_now(self, env, jid).count >= SOTTO_OMEMO_FORGERIES_PER_HOUR;
}

sotto_status omemo_budget_failed(omemo_self *self, const seal_env *env, sotto_bytes jid) {
    omemo_failures failures = failures_now(self, env, jid);
    if (failures.count >= SOTTO_OMEMO_FORGERIES_PER_HOUR) return SOTTO_OK;
    failures.count++;
    return omemo_cache_put_failures(&self->cache, jid, &failures);
}
