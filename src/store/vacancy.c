/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a folder is free: two requests at most, one after the other, over a connection of their own. */
#include "store/vacancy.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_cache.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/mem.h"
#include "store/s3_ask.h"
#include "store/s3_listing.h"

#define LIMIT_MS 60000
#define GROUP "group\t"

/* Does a line of the metadata name the group, as writer.c has it written? */
static bool names_group(const char *lines, const char *group)
{
	struct buf line;
	const char *at;
	bool found;

	buf_init(&line, SIZE_MAX);
	buf_adds(&line, GROUP);
	sigv4_encode(group, true, &line);
	buf_addc(&line, '\n');
	at = strstr(lines, buf_str(&line));
	found = at != NULL && (at == lines || at[-1] == '\n');
	buf_free(&line);
	return found;
}

static int look(struct s3 *s3, const char *folder, const char *group, enum vacancy *v, char **key, struct error *e)
{
	struct s3_call list = { .op = S3_LIST_OBJECTS, .key = folder, .max_keys = 1 };
	struct s3_call head = { .op = S3_HEAD };

	if (s3_ask(s3, &list, LIMIT_MS, e) < 0)
		return -1;
	*v = list.next_page != NULL ? VACANCY_TAKEN : VACANCY_EMPTY;
	*key = s3_listing_first(list.listed);
	free(list.listed);
	free(list.next_page);
	if (*key == NULL)
		return 0;
	head.key = *key;
	if (s3_ask(s3, &head, LIMIT_MS, e) < 0)
		return error_context(e, "\"%s\"", *key);
	*v = names_group(head.listed, group) ? VACANCY_OURS : VACANCY_TAKEN;
	free(head.listed);
	return 0;
}

int vacancy_ask(const struct settings *s, const char *prefix, const char *group, enum vacancy *v, char **key,
		struct error *e)
{
	struct s3 *s3 = s3_new(s, credentials_shared(s, NULL), 1, e);
	char *folder;
	int rc;

	*key = NULL;
	if (s3 == NULL)
		return -1;
	folder = mem_printf("%s/", prefix);
	rc = look(s3, folder, group, v, key, e);
	s3_free(s3);
	free(folder);
	return rc;
}
