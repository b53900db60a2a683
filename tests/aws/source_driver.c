/* SPDX-License-Identifier: Apache-2.0 */
/* A source of credentials through the real http code, for test_sources.py: source_driver KIND, and a fetch for each
 * line of standard input. A line each: "ok", key, secret, token, when they expire, whether they outlive that; or the
 * action, the code and the text; tabs between. KIND: imds, container, region (region_resolve's
 * answer, and the zone's id), settings [ROLE_ARN [EXTERNAL_ID [SESSION_NAME]]] (the sources of such settings and of the
 * environment), or what imds_get is to ask. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/imds.h"
#include "aws/region.h"
#include "aws/secret.h"
#include "base/clock.h"

/* The sources of these settings: none but a role, and what the environment says. */
static struct credential_provider *of_settings(char **words)
{
	static char none[1];
	char *said[3] = { none, none, none };
	struct settings s = { .file = none };

	for (int i = 0; i < 3 && words[i] != NULL; i++)
		said[i] = words[i];
	s.s3_region = s.s3_access_key_id = s.s3_secret_access_key = s.s3_session_token = none;
	s.s3_credentials_file = s.s3_profile = s.s3_ca_file = s.s3_proxy = none;
	s.s3_role_arn = said[0];
	s.s3_external_id = said[1];
	s.s3_role_session_name = said[2];
	return credentials_default(&s);
}

static struct credential_provider *source(const char *kind, char **words)
{
	if (strcmp(kind, "imds") == 0)
		return credentials_from_imds();
	if (strcmp(kind, "container") == 0)
		return credentials_from_container();
	if (strcmp(kind, "settings") == 0)
		return of_settings(words);
	return NULL;
}

static void fail(const struct error *e)
{
	printf("%s\t%d\t%s\n", error_action_name(e->action), e->code, e->text);
}

static void fetch(struct credential_provider *p)
{
	struct credentials c;
	struct error e;

	if (p->fetch(p, clock_real_ms(), &c, &e) != 0) {
		fail(&e);
		return;
	}
	printf("ok\t%s\t%s\t%s\t%" PRId64 "\t%d\n", c.access_key_id, c.secret_access_key, c.session_token, c.expires_ms,
	       c.outlive);
	credentials_wipe(&c);
}

static void tell_region(void)
{
	struct settings s = { .s3_region = (char *)"", .s3_profile = (char *)"" };
	char *region = region_resolve(&s);
	struct error why;

	printf("ok\t%s\t%s\n", region, imds_zone_id(60000, &why));
	free(region);
}

static void get(struct imds *m, const char *path)
{
	struct error e;
	char *text;

	if (imds_get(m, path, &text, &e) != 0) {
		fail(&e);
		return;
	}
	printf("ok\t%s\n", text);
	secret_free(text);
}

int main(int argc, char **argv)
{
	struct credential_provider *p = argc >= 2 ? source(argv[1], argv + 2) : NULL;
	struct imds *m = imds_new();
	char *line = NULL;
	size_t size = 0;

	while (argc >= 2 && getline(&line, &size, stdin) > 0) {
		if (p != NULL)
			fetch(p);
		else if (strcmp(argv[1], "region") == 0)
			tell_region();
		else
			get(m, argv[1]);
		fflush(stdout);
	}
	free(line);
	imds_free(m);
	if (p != NULL)
		p->free(p);
	return argc >= 2 ? 0 : 2;
}
