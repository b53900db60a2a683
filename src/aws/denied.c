/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a sentence that all of AWS shares. A service that is asked for a key says of it only that it is "this
 * resource".
 */
#include "aws/denied.h"

#include <string.h>

bool denied_by_word(const char *message, struct buf *out)
{
	static const char does[] = "is not authorized to perform: ", on[] = " on resource: ";
	const char *at = strstr(message, does);
	size_t len;

	at = at != NULL ? at + sizeof(does) - 1 : "";
	len = strcspn(at, " ");
	if (len == 0)
		return false;
	buf_adds(out, "grant ");
	buf_add(out, at, len);
	at += len;
	if (strncmp(at, on, sizeof(on) - 1) == 0) {
		at += sizeof(on) - 1;
		at += *at == '"';
		buf_adds(out, " on ");
		buf_add(out, at, strcspn(at, "\" "));
	} else if (strncmp(at - len, "kms:", 4) == 0) {
		buf_adds(out, " on the key s3.kms_key_id");
	}
	return true;
}
