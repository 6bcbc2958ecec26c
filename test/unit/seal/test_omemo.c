/* SPDX-License-Identifier: ISC */
#include "crypto/curve.h"
#include "groups.h"

int main(void) {
    if (!sotto_ok(crypto_start())) return 1;
    int failed = wire_group() + axolotl_group() + header_group() + session_group() + exchange_group() +
                 payload_group() + keys_group() + talk_group() + publish_group() + devices_group() + label_group() +
                 envelope_group() + hostile_group() + fault_group() + crossing_group() + takeover_group() +
                 refusal_group() + opening_group() + content_group() + dialect_group() + room_group() +
                 catch_up_group();
    return failed == 0 ? 0 : 1;
}
