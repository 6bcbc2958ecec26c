/* SPDX-License-Identifier: ISC
 *
 * An OpenPGP key as a statement, through gpg (gpgme): our own, and whether somebody else's counts. gpg is a process of
 * its own that may ask its user, so both block: the first is for the terminal, the second for another thread. */
#ifndef APP_IDENTITY_OPENPGP_H
#define APP_IDENTITY_OPENPGP_H

#include "app/identity/statement.h"
#include "seal/live/statement.h"

#define APP_OPENPGP_FINGERPRINT_BYTES_MAX 32u /* of a primary key: 20, or 32 from version 5 on */

/* To be called once in a process before any other, while there is one thread. */
void app_openpgp_start(void);

/* Whether a user id names this bare JID: "xmpp:JID", or "Somebody <xmpp:JID>", percent-encoded as URIs are. */
bool app_openpgp_names(const char *user_id, const char *jid);

/* Signs the binding with the secret key that `which` (a key id, a fingerprint) names; gpg asks for its passphrase. One
 * of its user ids has to be xmpp:JID, or end in <xmpp:JID>. */
bool app_openpgp_bind(bytes_buffer *out, app_statement *ret, const app_statement_owner *, const char *which,
                      app_trouble *);

/* Somebody else's, against the keys and the trust of this user's gpg; nothing is fetched from anywhere. text: the user
 * id, and the fingerprint. MALFORMED; NOT_FOUND: gpg does not know the key; BAD_KEY: it is revoked, expired or
 * disabled; WRONG_SENDER: no user id names the JID; NO_TRUSTED_DEVICE: gpg does not count that user id as the owner's
 * (full or ultimate validity); BAD_SIGNATURE; NO_MEMORY; SYSTEM: gpg is not there, or failed. */
SOTTO_MUST_CHECK sotto_status app_openpgp_judge(const live_statement_request *, bytes_buffer *text);

#endif
