/* SPDX-License-Identifier: ISC */
#include "dialects.h"

const omemo_dialect *const fuzz_dialect = &omemo_dialect_2;
