/* SPDX-License-Identifier: ISC
 *
 * XEP-0384 sections 4.2 to 4.4 in figures. */
#include "seal/omemo/dialect.h"

const omemo_dialect omemo_dialect_2 = {
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
    .write_body = omemo_wire_write_body,
    .write_message = omemo_wire_write_message,
    .write_exchange = omemo_wire_write_exchange,
    .read_message = omemo_wire_read_message,
    .read_exchange = omemo_wire_read_exchange,
};
