/* SPDX-License-Identifier: ISC
 *
 * Delay stamps (XEP-0203). */
#ifndef CONTEXT_DELAY_H
#define CONTEXT_DELAY_H

#include "stanza/element.h"

/* Whether the stanza carries a delay stamp, and the first one's time (Unix time in milliseconds). */
bool context_delay_read(const stanza_element *, uint64_t *ret_ms);

#endif
