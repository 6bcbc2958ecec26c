/* SPDX-License-Identifier: ISC
 *
 * Records of earlier versions of the program, as the ones of this version. */
#ifndef ENGINE_UPGRADE_H
#define ENGINE_UPGRADE_H

#include "engine/state.h"

/* Stages what has to change before anything else is read; an engine that is opened commits it with the rest. Nothing
 * happens where the records are of this version; of an empty store it stages the version. STORE_NEWER: of a later one.
 * STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_upgrade(sotto_engine *);

#endif
