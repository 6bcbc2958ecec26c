/* SPDX-License-Identifier: ISC
 *
 * The configuration of a PEP node as a data form (XEP-0060 section 16.4; XEP-0004): read, compared, written. */
#ifndef LAB_CONFIG_H
#define LAB_CONFIG_H

#include "lab/server/inside.h"

#define LAB_FORM_NODE_CONFIG     LAB_NS_PUBSUB "#node_config"
#define LAB_FORM_PUBLISH_OPTIONS LAB_NS_PUBSUB "#publish-options"

typedef enum lab_form {
    LAB_FORM_READ,      /* all is well */
    LAB_FORM_CANCELLED, /* type='cancel' */
    LAB_FORM_NONE,      /* no such form, or of another FORM_TYPE */
    LAB_FORM_UNKNOWN,   /* a field nobody here knows */
    LAB_FORM_REFUSED    /* a value that cannot be had */
} lab_form;

/* XEP-0163 section 3: open to contacts, one item, kept. */
lab_node_config lab_config_default(void);
/* Reads the form inside `parent` over *config; *ret_given: which fields it named. On anything but LAB_FORM_READ
 * *config is as it was. Unknown fields are passed over unless `strict`. */
lab_form lab_config_read(lab_server *, const stanza_element *parent, const char *form_type, bool strict,
                         lab_node_config *config, unsigned *ret_given);
/* Whether the fields in `given` have the same values in both. */
bool lab_config_meets(const lab_node_config *have, const lab_node_config *wanted, unsigned given);
void lab_config_write(lab_draft *, const lab_node_config *);

#endif
