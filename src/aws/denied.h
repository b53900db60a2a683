/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_DENIED_H
#define AWS_DENIED_H

#include <stdbool.h>

#include "base/buf.h"

/* What a person has to grant, by a service's own word: "… is not authorized to perform: kms:Decrypt on resource: arn:…
 * because …" becomes "grant kms:Decrypt on arn:…", appended to out. False, and nothing appended: it names no action.
 * Pure. */
bool denied_by_word(const char *message, struct buf *out);

#endif
