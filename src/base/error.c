/* SPDX-License-Identifier: Apache-2.0 */
/* The error value: filled in at the leaf, given context on its way up, logged once by whoever decides. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#undef error_set
#undef error_context

int error_set(struct error *e, enum error_action action, int code, const char *fmt, ...)
{
	va_list ap;

	e->action = action;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int error_context(struct error *e, const char *fmt, ...)
{
	char context[ERROR_TEXT_MAX];
	char text[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(text, e->text, sizeof(text));
	if (snprintf(e->text, sizeof(e->text), "%s: %s", context, text) < 0)
		e->text[0] = '\0';
	return -1;
}

const char *error_action_name(enum error_action action)
{
	static const char *const names[] = {
		[ERROR_GIVE_UP] = "give up",
		[ERROR_RETRY] = "retry",
		[ERROR_REFRESH] = "refresh credentials",
		[ERROR_WAIT_PERSON] = "wait for a person",
		[ERROR_REPLAY] = "replay",
	};

	return names[action];
}
