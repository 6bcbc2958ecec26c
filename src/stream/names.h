/* SPDX-License-Identifier: ISC
 *
 * Namespaces of what travels beside stanzas. */
#ifndef STREAM_NAMES_H
#define STREAM_NAMES_H

#define STREAM_NS_STREAM        "http://etherx.jabber.org/streams"
#define STREAM_NS_ERRORS        "urn:ietf:params:xml:ns:xmpp-streams"
#define STREAM_NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define STREAM_NS_TLS           "urn:ietf:params:xml:ns:xmpp-tls"
#define STREAM_NS_SASL          "urn:ietf:params:xml:ns:xmpp-sasl"
#define STREAM_NS_BINDINGS      "urn:xmpp:sasl-cb:0" /* XEP-0440 */
#define STREAM_NS_BIND          "urn:ietf:params:xml:ns:xmpp-bind"
#define STREAM_NS_MANAGEMENT    "urn:xmpp:sm:3" /* XEP-0198 */

#endif
