/* SPDX-License-Identifier: ISC */
#include "engine/part.h"

#include "engine/archive.h"
#include "engine/compare.h"
#include "engine/contact.h"
#include "engine/env.h"
#include "engine/feature.h"
#include "engine/request.h"
#include "engine/room.h"

/* By number, from ENGINE_OWNER_FIRST on; ended by NULL. */
static engine_part_input *const parts[ENGINE_OWNER_END - ENGINE_OWNER_FIRST + 1] = {
    [ENGINE_OWNER_ARCHIVE - ENGINE_OWNER_FIRST] = engine_archive_input,
    [ENGINE_OWNER_ROOM - ENGINE_OWNER_FIRST] = engine_room_input,
    [ENGINE_OWNER_CONTACT - ENGINE_OWNER_FIRST] = engine_contact_input,
    [ENGINE_OWNER_COMPARE - ENGINE_OWNER_FIRST] = engine_compare_input,
    [ENGINE_OWNER_REQUEST - ENGINE_OWNER_FIRST] = engine_request_input,
    [ENGINE_OWNER_FEATURE - ENGINE_OWNER_FIRST] = engine_feature_input,
};

sotto_status engine_owner_input(sotto_engine *engine, size_t owner, const seal_input *input) {
    if (owner < engine->seal_count) return engine_seal_input(engine, owner, input);
    if (owner < ENGINE_OWNER_FIRST || owner >= ENGINE_OWNER_END) return SOTTO_FAIL(USAGE);
    return parts[owner - ENGINE_OWNER_FIRST](engine, input);
}

sotto_bytes engine_owner_name(const sotto_engine *engine, size_t owner) {
    return owner < engine->seal_count ? bytes_text(engine->seals[owner].class->name) : BYTES_NONE;
}
