/* SPDX-License-Identifier: ISC
 *
 * Made by tools/live-vectors --table compare, which says what is in it; not to be changed by hand.
 * Bytes are in hex. */
#ifndef TEST_COMPARE_VECTORS_H
#define TEST_COMPARE_VECTORS_H

/* clang-format off */
static const struct vector_compares {
    const char *name;
    const char *way;
    const char *thread;
    const char *jid_a;
    const char *key_a;
    const char *jid_b;
    const char *key_b;
    const char *exporter;
    const char *list_a;
    const char *list_b;
    const char *nonce_a;
    const char *nonce_b;
    const char *exported;
    const char *context;
    const char *commitment;
    const char *check;
    const char *string;
} vector_compares[] = {
    {
        .name = "live",
        .way = "6c697665",
        .thread = "d0044c27110254802d5d97cf0fb14205",
        .jid_a = "726f6d656f406d6f6e74616775652e6578616d706c65",
        .key_a = "aee71b5906e747528ec746bf061936f74c9156ba682c591db86e024f33a4c48f",
        .jid_b = "6a756c69657440636170756c65742e6578616d706c65",
        .key_b = "625bba8e2bb3a7d22e0f265681f3f996d78750807a98018a0d165c3f5376f2cf",
        .exporter = "01175d6ce0ddd536ca41bb1516ad309b14baf8a6a7a01c1ccc3da2b9c773ac87",
        .list_a = "01aee71b5906e747528ec746bf061936f74c9156ba682c591db86e024f33a4c48f",
        .list_b = "01625bba8e2bb3a7d22e0f265681f3f996d78750807a98018a0d165c3f5376f2cf",
        .nonce_a = "bab690a2f357096732d35aba2c1d15842d91afa70b79bacb3ecb31ea75d54fb9",
        .nonce_b = "a2adc045ecc376b2a06d26509cb7766d1200a034067e194d85f04e061261e076",
        .exported = "e0df8a7b27c61824d2fee908f9825d8943a484d6c7a512f28cbcb122720c2552",
        .context = "d0ac36517feeea5eca1fb237ed2a84f0e573d4236a0918fbb3987becd5207676",
        .commitment = "683ad2c4054f46296c168ac137cb782390562f9e8238f03deb87032acdae6cda",
        .check = "f05b936d7d76ac8411c2954cd8679e36",
        .string = "545a4b4548524145",
    },
    {
        .name = "live, three devices",
        .way = "6c697665",
        .thread = "b0b21c493f0109af86a8c2bad6aaf790",
        .jid_a = "6a756c69657440636170756c65742e6578616d706c65",
        .key_a = "aee71b5906e747528ec746bf061936f74c9156ba682c591db86e024f33a4c48f",
        .jid_b = "726f6d656f406d6f6e74616775652e6578616d706c65",
        .key_b = "625bba8e2bb3a7d22e0f265681f3f996d78750807a98018a0d165c3f5376f2cf",
        .exporter = "01175d6ce0ddd536ca41bb1516ad309b14baf8a6a7a01c1ccc3da2b9c773ac87",
        .list_a =
            "01aee71b5906e747528ec746bf061936f74c9156ba682c591db86e024f33a4c48f02814cabdef84bf44be4dde26f5ba2"
            "8e5a5a2fdb4a49405d4856fa36093f09909102aab72fb8dc4c4638a1357296144dc67bec63c5fc2b5e3277fcd81f7cea"
            "f6fc90",
        .list_b = "01625bba8e2bb3a7d22e0f265681f3f996d78750807a98018a0d165c3f5376f2cf",
        .nonce_a = "75da1446799d9d7eea63bfb2e52ab2e316bddb7912dd69bac36b71d9162beda2",
        .nonce_b = "573ea2944da1bb6929c7225e2f394897cddcb3af24775ac4246f430f5be8a7ca",
        .exported = "e0df8a7b27c61824d2fee908f9825d8943a484d6c7a512f28cbcb122720c2552",
        .context = "a0188c3660968a05e6333ea4585a27ba896a2c4659555ffc5ef0d29d6ea3b75a",
        .commitment = "9b5e1f2e4e685fb651f84082fa4cd02cff49b6f3d73e6019f4fd6a5a7d249b96",
        .check = "a71fc44c87eafd9aa378422ada4eb461",
        .string = "4d44333946524e59",
    },
    {
        .name = "omemo",
        .way = "6f6d656d6f",
        .thread = "8112fac38581b748137ac499f85bd720",
        .jid_a = "726f6d656f406d6f6e74616775652e6578616d706c65",
        .key_a = "814cabdef84bf44be4dde26f5ba28e5a5a2fdb4a49405d4856fa36093f099091",
        .jid_b = "6a756c69657440636170756c65742e6578616d706c65",
        .key_b = "4f00f3d0789a476368d3eabf1b721c1d6554caf44eda86c2dca3b7c0bc274580",
        .exporter = "",
        .list_a =
            "01aee71b5906e747528ec746bf061936f74c9156ba682c591db86e024f33a4c48f02814cabdef84bf44be4dde26f5ba2"
            "8e5a5a2fdb4a49405d4856fa36093f099091",
        .list_b =
            "01625bba8e2bb3a7d22e0f265681f3f996d78750807a98018a0d165c3f5376f2cf024f00f3d0789a476368d3eabf1b72"
            "1c1d6554caf44eda86c2dca3b7c0bc274580",
        .nonce_a = "6877faf792f03bfe6903d16f703fc73812a2d7dce65fa48c6a2c30721b89ea96",
        .nonce_b = "199414f6da65f831b60dfcbfe25d1b33d84098bf3762f74d474b2aab9723e2c7",
        .exported = "",
        .context = "1a13751c21439ac9c5c03c7f8b951ece4329869abb0ae0be06acdd9e9ccc450d",
        .commitment = "f0fb2b244d0b4e51203001c06889353dff6f59cdb60bea2c3f3c7db8b7f4c370",
        .check = "623da97b52981a4ddce3bdb19761e431",
        .string = "574c484d34594632",
    },
    {
        .name = "omemo, own devices",
        .way = "6f6d656d6f",
        .thread = "f20c957163edcbb7e4f93fdcd6e16e09",
        .jid_a = "726f6d656f406d6f6e74616775652e6578616d706c65",
        .key_a = "814cabdef84bf44be4dde26f5ba28e5a5a2fdb4a49405d4856fa36093f099091",
        .jid_b = "726f6d656f406d6f6e74616775652e6578616d706c65",
        .key_b = "4f00f3d0789a476368d3eabf1b721c1d6554caf44eda86c2dca3b7c0bc274580",
        .exporter = "",
        .list_a = "02814cabdef84bf44be4dde26f5ba28e5a5a2fdb4a49405d4856fa36093f099091",
        .list_b = "024f00f3d0789a476368d3eabf1b721c1d6554caf44eda86c2dca3b7c0bc274580",
        .nonce_a = "dd4ba3846759cde7a1fbfb3d7c08233128641891c5d98a302e7970d89d9e722f",
        .nonce_b = "55c0f5f2daaf3199d84c31d1adec3397ab4c8ca7514bf8f41c7329a0e996736a",
        .exported = "",
        .context = "53398207775fd2a4717beab21ff68858b449e18da2cb05232a10c2708050653f",
        .commitment = "3c88369dfcd9618f5df46a63b415cdaad970b17c926b59b3f96f7eda70dd6438",
        .check = "7b39a6b5dc778b33363e77092f0391bb",
        .string = "484b393358574d33",
    },
};

/* clang-format on */

#endif
