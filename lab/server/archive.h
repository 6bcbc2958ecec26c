/* SPDX-License-Identifier: ISC
 *
 * Archives of accounts (XEP-0313, with the paging of XEP-0059 and the ids of XEP-0359), and the ways in which they can
 * be told to lie. */
#ifndef LAB_ARCHIVE_H
#define LAB_ARCHIVE_H

#include "lab/server/inside.h"

/* A message to or from the account: kept, where it belongs into an archive, and *ret is it with the id it got. Forged
 * ids are taken away. Without an archive *ret is the stanza. */
SOTTO_MUST_CHECK sotto_status lab_archive_keep(lab_server *, lab_account *, const stanza_element *stanza,
                                               const stanza_element **ret);
/* A question of the account's own client. */
SOTTO_MUST_CHECK sotto_status lab_archive_iq(lab_session *, const stanza_element *iq);
/* For disco#info of the account. */
void lab_archive_features(lab_draft *, const lab_account *);
void lab_archive_free(lab_server *, lab_account *);

#endif
