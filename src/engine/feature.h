/* SPDX-License-Identifier: ISC
 *
 * What programs of others can do, as far as their presence and disco#info tell (XEP-0115, XEP-0030): so that a seal
 * which needs the other side online is not tried with a program that is known not to have it. */
#ifndef ENGINE_FEATURE_H
#define ENGINE_FEATURE_H

#include "engine/contact.h"
#include "engine/state.h"

/* Takes those resources of a bare JID off the list whose programs are known not to have the seal's features. Of one who
 * is known to have had them none is taken, and it is told, once (T8): what a server says is not believed then. *contact
 * may change and is put. *ret_asking: it is not known yet, and a question is under way. *ret_none: there were some, and
 * none is left. */
SOTTO_MUST_CHECK sotto_status engine_feature_look(sotto_engine *, size_t seal, sotto_bytes jid, engine_contact *contact,
                                                  seal_audience *, bool *ret_asking, bool *ret_none);
/* Whether the seal knows any key of a JID that is not this device's. */
SOTTO_MUST_CHECK sotto_status engine_feature_known(sotto_engine *, size_t seal, sotto_bytes jid, bool *ret);
SOTTO_MUST_CHECK sotto_status engine_feature_input(sotto_engine *, const seal_input *);

#endif
