/* SPDX-License-Identifier: ISC
 *
 * The rules by which two sides keep retained secrets (doc/live.md): every change is in the step that says it, so what
 * was said is true whenever it arrives. */
#include "bytes/memory.h"
#include "seal/live/self.h"

static size_t index_of(const live_secrets *kept, const uint8_t id[LIVE_ID_BYTES]) {
    size_t i = 0;
    while (i < kept->count && memcmp(kept->at[i].id, id, LIVE_ID_BYTES) != 0) i++;
    return i; /* count: not there */
}

static bool is_listed(const live_message *hold, const uint8_t id[LIVE_ID_BYTES]) {
    for (size_t i = 0; i < hold->id_count; i++)
        if (memcmp(hold->ids[i], id, LIVE_ID_BYTES) == 0) return true;
    return false;
}

static sotto_status say(live_self *self, live_session *session, const live_secrets *kept) {
    live_message hold = {.kind = LIVE_HOLD, .id_count = kept->count};
    for (size_t i = 0; i < kept->count; i++) memcpy(hold.ids[i], kept->at[i].id, LIVE_ID_BYTES);
    return live_session_write(self, session, &hold);
}

/* Rule 2. */
sotto_status live_secret_proved(live_self *self, seal_env *env, live_session *session) {
    live_secrets kept;
    SOTTO_TRY(live_secret_read(env, session->bare, session->key, &kept));
    size_t x = session->used ? index_of(&kept, session->secret.id) : kept.count;
    bool changed = kept.count > 0 && !bytes_equal(kept.full, session->full);
    if (x < kept.count) {
        changed = changed || !kept.at[x].theirs;
        kept.at[x].theirs = true;
    }
    kept.full = session->full;
    sotto_status status = changed ? live_secret_write(self, env, session->bare, session->key, &kept) : SOTTO_OK;
    if (sotto_ok(status)) status = say(self, session, &kept);
    bytes_wipe(&kept, sizeof kept);
    return status;
}

/* What was made in this session becomes the newest. */
static sotto_status make(const live_session *session, const seal_env *env, sotto_bytes password, live_secret *ret) {
    live_secret_input in = {.before = session->used ? session->secret.secret : NULL, .password = password};
    *ret = (live_secret){.initiator = session->initiator,
                         .version = session->version,
                         .group = session->group,
                         .suite = session->suite,
                         .made_ms = env->now_ms};
    memcpy(in.first, session->first, sizeof in.first);
    memcpy(in.second, session->second, sizeof in.second);
    sotto_status status = tls_engine_export(session->tls, LIVE_RETAINED_EXPORTER, in.exporter);
    if (sotto_ok(status)) status = live_secret_make(ret, &in);
    bytes_wipe(&in, sizeof in);
    return status;
}

static sotto_status keep_new(const seal_env *env, live_session *session, live_secrets *kept, sotto_bytes password) {
    live_secret made;
    SOTTO_TRY(make(session, env, password, &made));
    if (kept->count == LIVE_SECRETS_MAX) kept->count--;
    memmove(&kept->at[1], &kept->at[0], kept->count * sizeof kept->at[0]);
    kept->at[0] = made;
    kept->count++;
    memcpy(session->made_id, made.id, sizeof session->made_id);
    session->made = true;
    session->common = false;
    bytes_wipe(&made, sizeof made);
    return SOTTO_OK;
}

/* Of those before x, which both hold, what the other side does not have goes; and what is behind it: the other side has
 * x, and said so after its commit, so it will never offer anything older. */
static void cut_to(live_secrets *kept, size_t x, bool *ret_newer) {
    size_t left = 0, end = x < kept->count ? x + 1 : kept->count;
    *ret_newer = false;
    for (size_t i = 0; i < end; i++) {
        bool newer = i != x;
        if (newer && !kept->at[i].theirs) continue;
        *ret_newer = *ret_newer || newer;
        kept->at[left++] = kept->at[i];
    }
    kept->count = left;
}

/* One that was replaced, or is at its end, only says what is held: what is dropped or made is up to the newest. */
static bool is_current(live_self *self, const live_session *session) {
    const live_peer *peer = live_peer_find(self, session->full);
    return peer != NULL && peer->ready == session && !session->closing;
}

/* Rule 3. */
static sotto_status first_hold(live_self *self, seal_env *env, live_session *session, live_secrets *kept,
                               const live_message *hold) {
    bool newer;
    size_t x = session->used ? index_of(kept, session->secret.id) : kept->count;
    session->held = true;
    for (size_t i = 0; i < x; i++) kept->at[i].theirs = is_listed(hold, kept->at[i].id);
    cut_to(kept, x, &newer);
    kept->full = session->full;
    if (newer) session->common = true;
    if (!newer && !session->made) SOTTO_TRY(keep_new(env, session, kept, BYTES_NONE));
    SOTTO_TRY(live_secret_write(self, env, session->bare, session->key, kept));
    return say(self, session, kept);
}

static sotto_status later_hold(live_self *self, seal_env *env, live_session *session, live_secrets *kept,
                               const live_message *hold) {
    bool changed = false;
    for (size_t i = 0; i < kept->count; i++) {
        if (kept->at[i].theirs || !is_listed(hold, kept->at[i].id)) continue;
        kept->at[i].theirs = changed = true;
    }
    if (session->made && is_listed(hold, session->made_id)) session->common = true;
    return changed ? live_secret_write(self, env, session->bare, session->key, kept) : SOTTO_OK;
}

sotto_status live_secret_hold_take(live_self *self, seal_env *env, live_session *session, const live_message *hold) {
    live_secrets kept;
    SOTTO_TRY(live_secret_read(env, session->bare, session->key, &kept));
    sotto_status status = !session->held && is_current(self, session) ? first_hold(self, env, session, &kept, hold)
                                                                      : later_hold(self, env, session, &kept, hold);
    bytes_wipe(&kept, sizeof kept);
    return status;
}

/* ---- passwords ---- */

bool live_secret_common(const live_session *session) {
    return session->common;
}

/* Rule 5: the newest that both hold takes the place of the PSK. */
sotto_status live_secret_password(live_self *self, seal_env *env, live_session *session, sotto_bytes isk) {
    live_secrets kept;
    size_t x = 0;
    bool newer;
    SOTTO_TRY(live_secret_read(env, session->bare, session->key, &kept));
    while (x < kept.count && !kept.at[x].theirs) x++;
    cut_to(&kept, x, &newer);
    kept.full = session->full;
    sotto_status status = keep_new(env, session, &kept, isk);
    if (sotto_ok(status)) status = live_secret_write(self, env, session->bare, session->key, &kept);
    if (sotto_ok(status)) status = say(self, session, &kept);
    bytes_wipe(&kept, sizeof kept);
    return status;
}
