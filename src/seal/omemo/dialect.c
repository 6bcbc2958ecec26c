/* SPDX-License-Identifier: ISC
 *
 * XEP-0384 sections 4.2 to 4.4 in figures, and what 0.3.0 left to libsignal. */
#include "seal/omemo/dialect.h"

#include <stdio.h>

#include "bytes/span.h"
#include "seal/omemo/payload.h"
#include "seal/omemo/wire_axolotl.h"

static const omemo_names names_2 = {.list = "devices",
                                    .signed_key = "spk",
                                    .signed_id = "id",
                                    .signature = "spks",
                                    .identity = "ik",
                                    .label = "label",
                                    .label_signature = "labelsig",
                                    .prekey = "pk",
                                    .prekey_id = "id",
                                    .keys = "keys",
                                    .exchange = "kex"};

const omemo_dialect omemo_dialect_2 = {
    .number = 0,
    .name = "omemo:2",
    .ns = "urn:xmpp:omemo:2",
    .devices_node = "urn:xmpp:omemo:2:devices",
    .bundles_node = "urn:xmpp:omemo:2:bundles",
    .exchange_info = "OMEMO X3DH",
    .root_info = "OMEMO Root Chain",
    .message_info = "OMEMO Message Key Material",
    .payload_info = "OMEMO Payload",
    .mac_size = 16,
    .payload_mac_size = 16,
    .key_prefix = 0,
    .key_id_least = 1,
    .key_id_most = OMEMO_ID_MAX,
    .names = &names_2,
    .identity = &omemo_identity_edwards,
    .payload = &omemo_payload_cbc,
    .write_body = omemo_wire_write_body,
    .write_message = omemo_wire_write_message,
    .write_exchange = omemo_wire_write_exchange,
    .read_message = omemo_wire_read_message,
    .read_exchange = omemo_wire_read_exchange,
};

static const omemo_names names_03 = {.list = "list",
                                     .signed_key = "signedPreKeyPublic",
                                     .signed_id = "signedPreKeyId",
                                     .signature = "signedPreKeySignature",
                                     .identity = "identityKey",
                                     .prekey = "preKeyPublic",
                                     .prekey_id = "preKeyId",
                                     .exchange = "prekey",
                                     .iv = "iv"};

/* Ids of keys: lurch (libaxolotl) publishes a signed prekey with the id 0, and libsignal has 32 bits for them. XEP-0384
 * 0.3.0 says nothing of their range. */
const omemo_dialect omemo_dialect_03 = {
    .number = 1,
    .name = "omemo:0.3",
    .ns = "eu.siacs.conversations.axolotl",
    .devices_node = "eu.siacs.conversations.axolotl.devicelist",
    .bundles_node = "eu.siacs.conversations.axolotl.bundles:",
    .node_each = true,
    .first_key = true,
    .body_only = true,
    .exchange_info = "WhisperText",
    .root_info = "WhisperRatchet",
    .message_info = "WhisperMessageKeys",
    .payload_info = "", /* nothing is derived */
    .mac_size = 8,
    .payload_mac_size = 16,
    .key_prefix = 5, /* libsignal: DJB_TYPE */
    .sender_first = true,
    .key_id_least = 0,
    .key_id_most = UINT32_MAX,
    .names = &names_03,
    .identity = &omemo_identity_montgomery,
    .payload = &omemo_payload_gcm,
    .write_body = omemo_wire_axolotl_write_body,
    .write_message = omemo_wire_axolotl_write_message,
    .write_exchange = omemo_wire_axolotl_write_exchange,
    .read_message = omemo_wire_axolotl_read_message,
    .read_exchange = omemo_wire_axolotl_read_exchange,
};

const omemo_dialect *const omemo_dialects[OMEMO_DIALECTS] = {&omemo_dialect_2, &omemo_dialect_03};

const omemo_dialect *omemo_dialect_of(uint8_t number) {
    return number < OMEMO_DIALECTS ? omemo_dialects[number] : NULL;
}

const omemo_dialect *omemo_dialect_named(sotto_bytes name) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (bytes_is(name, omemo_dialects[i]->name)) return omemo_dialects[i];
    }
    return NULL;
}

const omemo_dialect *omemo_dialect_in(sotto_bytes ns) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (bytes_is(ns, omemo_dialects[i]->ns)) return omemo_dialects[i];
    }
    return NULL;
}

void omemo_dialect_place(const omemo_dialect *dialect, uint32_t device, omemo_place *ret) {
    if (dialect->node_each) {
        snprintf(ret->node, sizeof ret->node, "%s%u", dialect->bundles_node, device);
        snprintf(ret->item, sizeof ret->item, "current");
    } else {
        snprintf(ret->node, sizeof ret->node, "%s", dialect->bundles_node);
        snprintf(ret->item, sizeof ret->item, "%u", device);
    }
}
