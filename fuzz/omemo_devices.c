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

/* T10: what of labels is kept may be shown, once somebody's signature was found; a label of ours is read as written. */
static void check_labels(fuzz_env *env, const stanza_element *devices) {
    const sotto_bytes jid = BYTES_LITERAL("romeo@montague.example");
    omemo_labels *labels = bytes_arena_take(&env->arena, 2 * sizeof *labels), *again = labels + 1;
    MUST(labels != NULL);
    omemo_labels_read(devices, fuzz_dialect, labels);
    MUST(labels->count <= SOTTO_OMEMO_DEVICES_MAX && (fuzz_dialect->names->label || labels->count == 0));
    MUST_OK(omemo_labels_save(&env->base, jid, labels));
    MUST_OK(omemo_labels_load(&env->base, jid, again));
    MUST(again->count == labels->count);
    for (uint32_t i = 0; i < labels->count; i++) {
        const omemo_label *label = &labels->at[i], *of = omemo_labels_of(again, label->device);
        MUST(omemo_label_is_good(label->text) && label->device != 0 && of && bytes_equal(of->text, label->text));
        MUST(omemo_labels_of(labels, label->device) == label);
        (void)fuzz_touch(label->text);
    }
    bytes_buffer out;
    bytes_buffer_owned(&out, &env->host.host, 1u << 22);
    stanza_writer writer;
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    uint32_t count;
    const omemo_label mine = {.device = 3, .text = BYTES_LITERAL("<mine> & 'yours'")};
    omemo_devices_write_as(&writer, fuzz_dialect, devices, 0, &mine, &count);
    sotto_bytes text;
    const stanza_element *written;
    if (sotto_ok(bytes_buffer_end(&out, &text)) && sotto_ok(stanza_parse(&env->arena, text, &written))) {
        omemo_labels_read(written, fuzz_dialect, again);
        const omemo_label *read = omemo_labels_of(again, 3);
        bool seen = read && bytes_equal(read->text, mine.text);
        MUST(seen || !fuzz_dialect->names->label || again->count == SOTTO_OMEMO_DEVICES_MAX);
    }
    bytes_buffer_free(&out);
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
        check_labels(&env, devices);
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
