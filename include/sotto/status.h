/* SPDX-License-Identifier: ISC
 *
 * The one result type. A function that can fail returns `sotto_status` and its result must be looked at; outputs come
 * back through `ret_` parameters, which on error are untouched or wiped. State is unchanged by a call that failed.
 *
 * Every status has a class, which says whose move it is:
 *   PEER    somebody else sent what must not be accepted; going on with the next input is right.
 *   OURS    this machine could not do it (memory, disk, randomness); nothing changed, it may work later.
 *   LATER   not now: wait for an event, then do it again.
 *   REFUSED policy or a person said no; doing it again changes nothing.
 *   MISUSE  the caller broke the contract of the function. */
#ifndef SOTTO_STATUS_H
#define SOTTO_STATUS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sotto_status {
    int code; /* 0 is success; otherwise one of the SOTTO_E_ constants below */
} sotto_status;

typedef enum sotto_status_class {
    SOTTO_CLASS_OK,
    SOTTO_CLASS_PEER,
    SOTTO_CLASS_OURS,
    SOTTO_CLASS_LATER,
    SOTTO_CLASS_REFUSED,
    SOTTO_CLASS_MISUSE
} sotto_status_class;

/* X(constant, number, name, sentence). The number's hundreds are the class. Numbers and names never change. */
#define SOTTO_STATUS_TABLE(X)                                                                                          \
    X(MALFORMED, 101, "malformed", "what was received does not have the form it must have")                            \
    X(TOO_LARGE, 102, "too-large", "what was received exceeds a limit")                                                \
    X(XML_FORBIDDEN, 103, "xml-forbidden", "a DTD, entity, comment or processing instruction, which XMPP forbids")     \
    X(BAD_JID, 104, "bad-jid", "not a valid address")                                                                  \
    X(BAD_KEY, 105, "bad-key", "a public key that is not a valid point or of small order")                             \
    X(BAD_SIGNATURE, 106, "bad-signature", "a signature that does not verify")                                         \
    X(BAD_MAC, 107, "bad-mac", "a message that fails authentication")                                                  \
    X(NO_SESSION, 108, "no-session", "no session with the sending device")                                             \
    X(NO_PREKEY, 109, "no-prekey", "a key exchange without, or with an unknown, one-time prekey")                      \
    X(DUPLICATE, 110, "duplicate", "a message that was already read")                                                  \
    X(TOO_FAR, 111, "too-far", "a message counter further ahead than the limit of skipped messages")                   \
    X(NOT_FOR_US, 112, "not-for-us", "a message that was not encrypted for this device")                               \
    X(WRONG_SENDER, 113, "wrong-sender", "the sender inside the encryption is not the sender outside")                 \
    X(WRONG_RECIPIENT, 114, "wrong-recipient", "the recipient inside the encryption is not the recipient outside")     \
    X(KEY_CHANGED, 115, "key-changed", "a device id that came back with another key")                                  \
    X(BAD_CERTIFICATE, 116, "bad-certificate", "a server certificate that does not prove the domain")                  \
    X(TLS_FAILED, 117, "tls-failed", "the TLS handshake or a TLS record failed")                                       \
    X(NO_TLS, 118, "no-tls", "the server offers no TLS")                                                               \
    X(STREAM_ERROR, 119, "stream-error", "the server closed the stream with an error")                                 \
    X(BAD_SERVER, 120, "bad-server", "the server broke the protocol")                                                  \
    X(SERVER_UNPROVEN, 121, "server-unproven", "the server did not prove that it knows the password")                  \
    X(NO_MECHANISM, 122, "no-mechanism", "the server offers no login mechanism that is safe enough")                   \
    X(CLOSED, 123, "closed", "the other side closed the connection")                                                   \
    X(TOO_OLD, 124, "too-old", "a message so late that its key was already thrown away")                               \
    X(UNATTRIBUTED, 125, "unattributed", "a message through a room that does not say who wrote it")                    \
    X(IN_THE_CLEAR, 126, "in-the-clear", "a text in the clear from somebody who can encrypt")                          \
    X(UNSUPPORTED, 127, "unsupported", "something that this version does not know and may not ignore")                 \
    X(NO_MEMORY, 201, "no-memory", "out of memory")                                                                    \
    X(NO_RANDOM, 202, "no-random", "the source of randomness failed")                                                  \
    X(STORE_FAILED, 203, "store-failed", "the store could not be read or written")                                     \
    X(STORE_FULL, 204, "store-full", "the disk is full")                                                               \
    X(STORE_NEWER, 205, "store-newer", "the store was written by a newer version of this program")                     \
    X(STORE_CORRUPT, 206, "store-corrupt", "the store is damaged or is not a store")                                   \
    X(STORE_LOCKED, 207, "store-locked", "the store is in use by another process")                                     \
    X(WRONG_PASSPHRASE, 208, "wrong-passphrase", "the passphrase or key file does not open the store")                 \
    X(CRYPTO_FAILED, 209, "crypto-failed", "a cryptographic library refused an operation that cannot fail")            \
    X(SYSTEM, 210, "system", "the operating system refused")                                                           \
    X(KEY_EXPOSED, 211, "key-exposed", "the key file can be read or changed by other users; chmod 600 helps")          \
    X(NOT_FOUND, 301, "not-found", "there is no such record")                                                          \
    X(AGAIN, 302, "again", "not now; more input is needed first")                                                      \
    X(OFFLINE, 303, "offline", "there is no connection to the server")                                                 \
    X(TIMEOUT, 304, "timeout", "no answer in time")                                                                    \
    X(HOST_UNKNOWN, 305, "host-unknown", "the server's address could not be found")                                    \
    X(UNREACHABLE, 306, "unreachable", "no connection to the server could be made")                                    \
    X(NO_DEVICE, 401, "no-device", "the contact has no device that can read encrypted messages")                       \
    X(NO_TRUSTED_DEVICE, 402, "no-trusted-device", "the contact has no device that was accepted")                      \
    X(CANNOT_PROTECT, 403, "cannot-protect", "nothing configured can protect this kind of stanza")                     \
    X(BUNDLE_BROKEN, 404, "bundle-broken", "no device of the contact has keys that can be used")                       \
    X(DEVICES_GONE, 405, "devices-gone", "a contact who had encrypted devices suddenly has none")                      \
    X(LOGIN_REFUSED, 406, "login-refused", "the server refused the login")                                             \
    X(NOT_AUTHORIZED, 407, "not-authorized", "wrong password or unknown account")                                      \
    X(SERVER_REFUSED, 408, "server-refused", "the server refused a request")                                           \
    X(CANCELLED, 409, "cancelled", "cancelled by the user")                                                            \
    X(NOT_JOINED, 410, "not-joined", "this room was not joined")                                                       \
    X(ROOM_PUBLIC, 411, "room-public", "anybody may enter this room, so nothing can be encrypted for it")              \
    X(ROOM_ANONYMOUS, 412, "room-anonymous", "this room hides who is in it, so nothing can be encrypted for it")       \
    X(NO_OCCUPANT, 413, "no-occupant", "the room does not say who has this nick")                                      \
    X(ROOM_LEFT, 414, "room-left", "removed from the room, or the room was closed")                                    \
    X(DOWNGRADED, 415, "downgraded", "a device that can do better is only offered with an older OMEMO")                \
    X(DEVICE_CLASH, 416, "device-clash", "two devices with one number, which older OMEMO cannot tell apart")           \
    X(ROOM_CHANGED, 417, "room-changed", "the members of the room changed after this was encrypted")                   \
    X(GUESSED_OUT, 418, "guessed-out", "too many wrong passwords; a person has to allow more")                         \
    X(DIFFERS, 419, "differs", "the characters that two people compared are not the same")                             \
    X(NO_LIVE, 420, "no-live", "this client of the contact does not speak live sessions")                              \
    X(USAGE, 501, "usage", "an argument that the function does not accept")                                            \
    X(STATE, 502, "state", "a call that is not allowed in this state")                                                 \
    X(TICKET_USED, 503, "ticket-used", "the ticket of a stanza is zero or in use")                                     \
    X(OUTBOX_FULL, 504, "outbox-full", "too much waits to be sent; take outputs and report them done")                 \
    X(NO_ROOM, 505, "no-room", "a buffer of the caller is too small")

#define SOTTO_STATUS_ENUM(constant, number, name, sentence) SOTTO_E_##constant = number,
enum { SOTTO_STATUS_TABLE(SOTTO_STATUS_ENUM) SOTTO_E_LIMIT };
#undef SOTTO_STATUS_ENUM

#define SOTTO_MUST_CHECK __attribute__((warn_unused_result))
#define SOTTO_API        __attribute__((visibility("default")))

#define SOTTO_OK             ((sotto_status){0})
#define SOTTO_FAIL(constant) ((sotto_status){SOTTO_E_##constant})

static inline bool sotto_ok(sotto_status status) {
    return status.code == 0;
}
static inline bool sotto_is(sotto_status status, int code) {
    return status.code == code;
}

static inline sotto_status_class sotto_class(sotto_status status) {
    return status.code == 0 ? SOTTO_CLASS_OK : (sotto_status_class)(status.code / 100);
}

/* The stable machine-readable name ("bad-mac", "ok") and a sentence for people. Static text, never NULL. */
SOTTO_API const char *sotto_status_name(sotto_status status);
SOTTO_API const char *sotto_status_text(sotto_status status);

/* Straight happy path: leave the function with the first failure. For functions that own nothing at that point. */
#define SOTTO_TRY(expression)                                                                                          \
    do {                                                                                                               \
        sotto_status sotto_try_status = (expression);                                                                  \
        if (!sotto_ok(sotto_try_status)) return sotto_try_status;                                                      \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
