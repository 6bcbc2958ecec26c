/* SPDX-License-Identifier: ISC
 *
 * Every quantity a peer or a server controls has its limit here, with the reason. Sizes in bytes unless said. */
#ifndef SOTTO_LIMITS_H
#define SOTTO_LIMITS_H

/* XML (RFC 6120 section 13.12; XEP-0205). Smaller before authentication than after. */
#define SOTTO_STANZA_BYTES_MAX          (1024u * 1024u) /* one stanza after login; a bundle of 100 prekeys is 8 KiB */
#define SOTTO_STANZA_BYTES_BEFORE_LOGIN (64u * 1024u)
#define SOTTO_STANZA_DEPTH_MAX          64u    /* element nesting inside one stanza */
#define SOTTO_STANZA_ELEMENTS_MAX       16384u /* elements in one stanza */
#define SOTTO_STANZA_ATTRIBUTES_MAX     64u    /* of one element, namespace declarations included */
#define SOTTO_STANZA_PREFIXES_MAX       64u    /* namespace prefixes bound at one place */
#define SOTTO_STANZA_NAME_BYTES_MAX     1024u  /* element, attribute and namespace names */
#define SOTTO_STANZA_HEADER_BYTES_MAX   8192u  /* a stream header */

/* RFC 7622 section 3: each part at most 1023 bytes. */
#define SOTTO_JID_PART_BYTES_MAX 1023u
#define SOTTO_JID_BYTES_MAX      (3u * 1023u + 2u)

/* Engine */
#define SOTTO_OUTBOX_ROWS_MAX      10000u /* outputs that nobody reported done */
#define SOTTO_OUTBOX_RESERVE       1000u  /* of these, for what a stream needs to begin, and for events */
#define SOTTO_HELD_MAX             1000u  /* stanzas waiting for keys or trust */
#define SOTTO_KEYS_MAX             512u   /* keys of one JID that are remembered */
#define SOTTO_CONTACTS_MAX         20000u /* contacts of the roster that are remembered */
#define SOTTO_RESOURCES_MAX        20000u /* available full JIDs that are remembered */
#define SOTTO_RESOURCES_OF_ONE     32u    /* of these, of one JID that a stanza is meant for */
#define SOTTO_ASKS_MAX             1000u  /* iqs waiting for answers */
#define SOTTO_ASK_WAIT_MS          30000u /* for one answer */
#define SOTTO_JOBS_MAX             256u   /* jobs without an answer: the oldest is given up */
#define SOTTO_BRIEF_HELD_MS        30000u /* an iq or presence is held so long, and then refused */
#define SOTTO_REQUEST_WAIT_MS      180000u /* a sealed iq waits so long for its answer; longer than what carries it does */
#define SOTTO_REQUESTS_MAX         256u    /* sealed iqs without an answer, of ours; and so many of others */
#define SOTTO_REQUESTS_OF_ONE      32u     /* of these, of one bare JID's */
#define SOTTO_REQUEST_ID_BYTES_MAX 1000u
#define SOTTO_DIRECTED_MAX         1000u /* JIDs that got our presence directly, in one stream */
#define SOTTO_CAPS_MAX             1000u /* programs (XEP-0115) whose features are remembered */
#define SOTTO_CAPS_TEXT_MAX        256u  /* of a node, a hash */
#define SOTTO_CAPS_ENTRIES_MAX     512u  /* features, identities, fields of one program */
#define SOTTO_CAPS_FORMS_MAX       16u
#define SOTTO_RECORD_BYTES_MAX     (2u * 1024u * 1024u) /* one record of the store */
#define SOTTO_STORE_PASSES_MAX     16u                  /* Argon2id, as found in a store: a hostile file must not */
#define SOTTO_STORE_KIBIBYTES_MAX  (256u * 1024u)       /* keep us busy for minutes or take all memory */

/* Trust and policy */
#define SOTTO_UNCONFIRMED_MAX       100u /* messages to one contact that are kept until somebody confirms them */
#define SOTTO_UNCONFIRMED_BYTES_MAX (64u * 1024u) /* of one of them; longer ones are not kept */
#define SOTTO_TRUST_MESSAGE_KEYS    512u          /* keys in one trust message (XEP-0434) */
#define SOTTO_VOUCHES_OF_ONE        256u          /* statements of one key that wait until it is verified */
#define SOTTO_VOUCHES_OF_JID        1024u /* ... of all keys of one JID; and about keys of one that nobody has seen */
#define SOTTO_COMPARE_KEYS_MAX      32u   /* keys that one side of a comparison says are its own */
#define SOTTO_COMPARES_MAX          256u  /* people whose asks to compare are kept; others are not heard */
#define SOTTO_VOUCHES_MAX           4096u /* ... of all keys; and as many about keys nobody has seen */

/* Rooms (XEP-0045) */
#define SOTTO_ROOMS_MAX          200u  /* that are kept */
#define SOTTO_ROOM_MEMBERS_MAX   1000u /* of one room; in a larger one nothing can be encrypted */
#define SOTTO_ROOM_OCCUPANTS_MAX 2000u /* of one room that are remembered; what others write is not attributed */
#define SOTTO_ROOM_SENT_MAX      256u  /* messages of ours that rooms have not shown us yet */
#define SOTTO_ROOM_STREAMS_MAX   5u /* streams that ended before the server had a message to a room: it is given up */
#define SOTTO_ROOM_JID_BYTES_MAX 1000u /* of a room that is joined; it must fit a note of 1 KiB */
#define SOTTO_OCCUPANT_BYTES_MAX 256u  /* an occupant id (XEP-0421): a hash, mostly; longer ones are none */

/* Archives (XEP-0313) */
#define SOTTO_ARCHIVE_PAGE         100u  /* messages that are asked for at once, and committed together */
#define SOTTO_ARCHIVE_PAGES_MAX    1000u /* of one archive that are read in a login; the next one goes on there */
#define SOTTO_ARCHIVE_WAITING_MAX  1000u /* messages that came live and wait until the archive is read */
#define SOTTO_ARCHIVE_SEEN_MAX     2000u /* ids of messages in the clear that are remembered, to tell copies */
#define SOTTO_ARCHIVE_ID_BYTES_MAX 1024u /* an id that an archive gives; longer ones are none */

/* OMEMO (XEP-0384) */
#define SOTTO_OMEMO_DEVICES_MAX        64u   /* devices of one JID that are considered */
#define SOTTO_OMEMO_LABEL_POINTS_MAX   52u   /* XEP-0384 section 5.3.1: under 53 code points; longer ones are none */
#define SOTTO_OMEMO_PREKEYS            100u  /* XEP-0384 section 4.2: around 100 */
#define SOTTO_OMEMO_PREKEYS_FLOOR      25u   /* XEP-0384 section 4.2: at least 25 */
#define SOTTO_OMEMO_BUNDLE_PREKEYS_MAX 512u  /* prekeys read from a bundle of another device */
#define SOTTO_OMEMO_SKIP_MAX           1000u /* XEP-0384 section 4.3: skipped keys a message and a session */
#define SOTTO_OMEMO_HEARTBEAT          53u   /* XEP-0384 section 6 */
#define SOTTO_OMEMO_MESSAGE_BYTES_MAX  1024u /* one decoded <key/> */
#define SOTTO_OMEMO_KEYS_MAX           4096u /* <key/> elements in one header */
#define SOTTO_OMEMO_KEYS_OF_ONE_ID     4u   /* of these, with our device id, in 0.3: another's device may have it too */
#define SOTTO_OMEMO_SIGNED_PREKEY_DAYS 7u   /* XEP-0384 section 4.2: a week to a month */
#define SOTTO_OMEMO_RPAD_MAX           200u /* XEP-0420 section 4: 0 to 200 characters */
#define SOTTO_OMEMO_ENVELOPE_BYTES_MIN 512u /* XEP-0420 section 4: padded to a fixed minimum size first */
#define SOTTO_OMEMO_JID_BYTES_MAX      1000u  /* a bare JID that is spoken to; it must fit a note of 1 KiB */
#define SOTTO_OMEMO_DEVICE_ROWS_MAX    256u   /* devices of one JID that are remembered */
#define SOTTO_OMEMO_EXCHANGES_PER_HOUR 60u    /* key exchanges of one JID that are worked on (T20) */
#define SOTTO_OMEMO_STRANGERS_PER_HOUR 1000u  /* JIDs without a tie to us of which they are (T20) */
#define SOTTO_OMEMO_FORGERIES_PER_HOUR 60u    /* messages of one JID that fail before ... (T17) */
#define SOTTO_OMEMO_SKIP_SPENT         64u    /* ... its next ones may skip no more keys, in one session */
#define SOTTO_OMEMO_ANNOUNCES_PER_HOUR 6u     /* times this device puts itself back on its own list (T8) */
#define SOTTO_OMEMO_CACHE_MAX          65536u /* volatile entries: lists and bundles just looked at */
#define SOTTO_OMEMO_QUESTIONS_MAX      64u    /* lists and bundles asked for at once, for what is to be sent */
#define SOTTO_OMEMO_ANSWERS_MAX        200u   /* empty messages at the end of an archive; others wait (T22) */
#define SOTTO_OMEMO_PINS_MAX           512u   /* identities of one JID whose best dialect is remembered (T15) */

/* Live sessions */
#define SOTTO_LIVE_FRAME_BYTES_MAX      8192u  /* records in one frame of another side; ours hold 6,000 */
#define SOTTO_LIVE_GAP_MAX              16u    /* frames that came too early and are held, of one session */
#define SOTTO_LIVE_WINDOW               4u     /* iqs of one session that wait for their results */
#define SOTTO_LIVE_SESSIONS_MAX         16384u /* the one longest unused makes room */
#define SOTTO_LIVE_SESSIONS_OF_ONE      32u    /* of these, with one bare JID */
#define SOTTO_LIVE_PEERS_MAX            32768u /* full JIDs that are remembered for retries */
#define SOTTO_LIVE_PEERS_OF_ONE         128u   /* of these, of one bare JID */
#define SOTTO_LIVE_ROWS_MAX             1000u  /* stanzas one key has not acknowledged */
#define SOTTO_LIVE_EPOCHS_MAX           16u    /* of one key's, of which the last number is known */
#define SOTTO_LIVE_KEYS_MAX             64u    /* live keys of one JID that are remembered */
#define SOTTO_LIVE_HELLOS_PER_MINUTE    30u    /* ClientHellos of one bare JID that are worked on (T20) */
#define SOTTO_LIVE_STRANGERS_PER_MINUTE 30u   /* ClientHellos of all who do not see our presence that are looked into */
#define SOTTO_LIVE_JID_BYTES_MAX        1000u /* a full JID that is spoken to */
#define SOTTO_LIVE_PAD_BYTES_MAX        2048u /* zeros in one message */
#define SOTTO_LIVE_HOLD_MAX             4u    /* retained secrets that one message says are held */
#define SOTTO_LIVE_STATEMENT_BYTES_MAX  (32u * 1024u) /* what stands behind a live key: a chain of certificates */
#define SOTTO_LIVE_GUESSES_MAX          5u            /* wrong passwords with one JID, until a person allows more */
#define SOTTO_LIVE_PASSWORD_BYTES_MAX   1024u         /* of one that is typed */
#define SOTTO_LIVE_SIBLINGS_MAX         8u            /* statements of OMEMO identities in one session */
#define SOTTO_LIVE_STATEMENT_TEXT_MAX   1024u /* of a host's answer who made a statement; the rest is not shown */
#define SOTTO_LIVE_PRESENCES_MAX        1000u /* presences that came inside sessions and are ended with them */
#define SOTTO_CPACE_DATA_BYTES_MAX      4096u /* what one side of a password check says beside its share */

/* Files (XEP-0363, XEP-0447, XEP-0448, XEP-0454) */
#define SOTTO_FILE_BYTES_MAX          (1024u * 1024u * 1024u) /* of a file, either way, whatever a server would take */
#define SOTTO_FILE_URL_BYTES_MAX      2048u
#define SOTTO_FILE_NAME_BYTES_MAX     200u /* of the name a file gets here; file systems take 255 */
#define SOTTO_FILES_OF_MESSAGE_MAX    16u  /* in one message; more are not offered */
#define SOTTO_FILES_REMEMBERED        200u /* received files that can be fetched by number; older ones make room */
#define SOTTO_UPLOAD_SERVICES_MAX     32u  /* addresses of the server's that are asked whether they take files */
#define SOTTO_UPLOAD_HEADERS_MAX      8u   /* of one slot */
#define SOTTO_UPLOAD_HEADER_BYTES_MAX 4096u

/* History (a note of the host for each message) */
#define SOTTO_HISTORY_OF_ONE_MAX     10000u                 /* messages of one conversation; the oldest goes */
#define SOTTO_HISTORY_MAX            100000u                /* in all */
#define SOTTO_HISTORY_BYTES_MAX      (256u * 1024u * 1024u) /* in all, as they are kept */
#define SOTTO_HISTORY_TEXT_BYTES_MAX (128u * 1024u)         /* of one message's text; the rest is not kept */

/* Login */
#define SOTTO_SCRAM_ITERATIONS_MIN   4096u     /* RFC 7677 section 4 */
#define SOTTO_SCRAM_ITERATIONS_MAX   10000000u /* a hostile server must not keep us busy for minutes */
#define SOTTO_SASL_MESSAGE_BYTES_MAX 4096u
#define SOTTO_SASL_MECHANISMS_MAX    64u
#define SOTTO_REDIRECTS_MAX          3u /* see-other-host, RFC 6120 section 4.9.3.19 */

/* Streams */
#define SOTTO_STREAM_WAIT_MS      30000u /* for each phase of getting online: address, connection, TLS, login, session */
#define SOTTO_STREAM_CLOSE_MS     5000u  /* for the other side's </stream:stream> */
#define SOTTO_SRV_MAX             32u    /* SRV records that are considered */
#define SOTTO_RESUME_ID_BYTES_MAX 4000u  /* XEP-0198 section 5 */

/* TLS and certificates */
#define SOTTO_CERTIFICATE_BYTES_MAX (100u * 1024u) /* all the certificates a server shows */
#define SOTTO_CERTIFICATE_CHAIN_MAX 10             /* certificates between a root and the server's own */
#define SOTTO_CERTIFICATE_NAMES_MAX 512u           /* names of one kind in a certificate; later ones do not count */

#endif
