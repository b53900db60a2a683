/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

/* One error value for the whole program. A leaf function fills it in and returns -1; it does not log.
 * Callers add context in front as it climbs; the loop that decides logs it once. */

/* What the caller may do about it; retry logic looks at nothing else. */
enum error_action {
	ERROR_GIVE_UP,     /* never works with these settings or this input */
	ERROR_RETRY,       /* passing: the same request again after a back-off */
	ERROR_REFRESH,     /* credentials are expired: fetch them again, then retry */
	ERROR_WAIT_PERSON, /* works again when a person has mended something outside */
	ERROR_REPLAY,      /* the upload is dead: park the partition and replay it */
};

#define ERROR_TEXT_MAX 512

struct error {
	enum error_action action;
	int code;                  /* HTTP status, errno or library code; 0: none */
	char text[ERROR_TEXT_MAX]; /* lower case, quoted values, what to do about it */
};

/* Fill in *e; always returns -1, so that `return error_set(e, …)` reads well. Text that does not fit is cut. */
int error_set(struct error *e, enum error_action action, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "context: " in front of the text; always returns -1. */
int error_context(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* cannot see into error.c that the caller returns here */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_context(...) (error_context(__VA_ARGS__), -1)
#endif

/* Name of an action for logs: "give up", "retry", … */
const char *error_action_name(enum error_action action);

#endif
