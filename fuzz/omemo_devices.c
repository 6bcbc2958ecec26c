/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/devices.h: an <items/> somebody published. The ids that count are in order, in range and not too many;
 * our own list keeps what others wrote; the record of it is read as it was written. */
#include "seal/omemo/devices.h"

#include "dialects.h"
#include "env.h"
#include "trees.h"

static void check_list(const omemo_devices *list) {
    MUST(list->count <= SOTTO_OMEMO_DEVICES_MAX && list->known && list->had == (list->count > 0));
    for (uint32_t i = 0; i < list->count; i++) {
        MUST(list->ids[i] >= 1 && list->ids[i] <= OMEMO_ID_MAX && (i == 0 || list->ids[i - 1] < list->ids[i]));
        MUST(omemo_devices_has(list, list->ids[i]));
    }
}

static void check_record(fuzz_env *env, const omemo_devices *list) {
    const sotto_bytes jid = BYTES_LITERAL("romeo@montague.example");
    omemo_devices again;
    MUST_OK(omemo_devices_save(&env->base, jid, &omemo_dialect_2, list));
    MUST_OK(omemo_devices_load(&env->base, jid, &omemo_dialect_2, &again));
    MUST(omemo_devices_same(list, &again) && again.known == list->known && again.had == list->had);
}

static void check_write(fuzz_env *env, const stanza_element *old, uint32_t without, uint32_t with) {
    bytes_buffer out;
    bytes_buffer_owned(&out, &env->host.host, 1u << 22);
    stanza_writer writer;
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    uint32_t count = 0;
    omemo_devices_write(&writer, fuzz_dialect, old, without, with, &count);
    sotto_bytes text;
    const stanza_element *written;
    if (sotto_ok(bytes_buffer_end(&out, &text)) && sotto_ok(stanza_parse(&env->arena, text, &written))) {
        omemo_devices list;
        omemo_devices_read(written, fuzz_dialect, &list);
        check_list(&list);
        MUST(stanza_count(written) == count && list.count <= count);
        if (count <= SOTTO_OMEMO_DEVICES_MAX) {
            MUST(with == 0 || omemo_devices_has(&list, with));
            MUST(without == with || !omemo_devices_has(&list, without));
        }
    }
    bytes_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_env env;
    fuzz_env_start(&env, "juliet@capulet.example");
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    sotto_bytes text = fuzz_exact(in);
    const stanza_element *items = fuzz_parse(&env.arena, text);
    if (items) {
        const stanza_element *devices = omemo_devices_find(items, fuzz_dialect);
        (void)fuzz_touch(omemo_devices_item(items));
        MUST(!devices || stanza_is(devices, fuzz_dialect->names->list, fuzz_dialect->ns));
        omemo_devices list;
        omemo_devices_read(devices, fuzz_dialect, &list);
        check_list(&list);
        check_record(&env, &list);
        check_write(&env, devices, choice & 7, choice >> 4);
        if (list.count > 0) {
            uint32_t gone = list.ids[choice % list.count], before = list.count;
            omemo_devices_remove(&list, gone);
            MUST(!omemo_devices_has(&list, gone) && list.count == before - 1);
        }
    }
    fuzz_exact_free(text);
    fuzz_env_end(&env);
    return 0;
}
