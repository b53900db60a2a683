/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a service through the real service and http code, for test_service.py: service_driver SERVICE REGION
 * ENDPOINT then pairs of TARGET and JSON ("query" and a form for the query protocol; "unsigned" and a form for one that
 * is not signed). The credentials are those of the environment. A line each: "ok" and the answer, or action, code,
 * message, status and text; tabs between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/service.h"

static int tell(int rc, const char *answer, const struct aws_fault *f, const struct error *e)
{
	if (rc == 0)
		return printf("ok\t%s\n", answer);
	return printf("%s\t%s\t%s\t%d\t%s\n", error_action_name(e->action), f->code, f->message, f->status, e->text);
}

static void call(struct aws_service *a, const char *target, const char *in)
{
	json_t *o = json_loads(in, 0, NULL), *out;
	struct aws_fault f;
	struct error e;
	int rc = aws_service_call(a, target, o, &out, &f, &e);
	char *answer = rc == 0 ? json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	tell(rc, answer, &f, &e);
	free(answer);
	json_decref(out);
	json_decref(o);
}

static void query(struct aws_service *a, const char *form)
{
	struct buf answer;
	struct aws_fault f;
	struct error e;
	int rc = aws_service_query(a, form, &answer, &f, &e);

	tell(rc, buf_str(&answer), &f, &e);
	buf_free(&answer);
}

int main(int argc, char **argv)
{
	struct credential_provider *p = credentials_from_environment();
	bool is_unsigned = argc > 4 && strcmp(argv[4], "unsigned") == 0;
	struct aws_service_options o = { argv[1], argv[2], argv[3], "", "", is_unsigned ? NULL : p };
	struct error e;
	struct aws_service *a = argc > 3 ? aws_service_new(&o, &e) : NULL;

	if (a == NULL) {
		puts(argc > 3 ? e.text : "usage");
		p->free(p);
		return 1;
	}
	for (int i = 4; i + 1 < argc; i += 2) {
		if (is_unsigned || strcmp(argv[i], "query") == 0)
			query(a, argv[i + 1]);
		else
			call(a, argv[i], argv[i + 1]);
	}
	aws_service_free(a);
	p->free(p);
	return 0;
}
