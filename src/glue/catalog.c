/* SPDX-License-Identifier: Apache-2.0 */
#include "glue/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/region.h"
#include "base/mem.h"

#define TARGET "AWSGlue."

int catalog_open(struct data_catalog *c, const struct settings *s, struct credential_provider *p, struct error *e)
{
	char *region = s->glue_region[0] != '\0' ? mem_strdup(s->glue_region) : region_resolve(s);
	const struct aws_service_options o = {
		.service = "glue",
		.region = region,
		.endpoint = s->glue_endpoint,
		.ca_file = s->s3_ca_file,
		.proxy = s->s3_proxy,
		.provider = p,
	};

	*c = (struct data_catalog){ .settings = s };
	c->service = aws_service_new(&o, e);
	free(region);
	return c->service == NULL ? -1 : 0;
}

void catalog_close(struct data_catalog *c)
{
	if (c->service != NULL)
		aws_service_free(c->service);
	c->service = NULL;
}

bool catalog_said(const struct data_catalog *c, const char *code)
{
	return strcmp(c->fault.code, code) == 0;
}

int catalog_call(struct data_catalog *c, const char *action, json_t *in, json_t **out, struct error *e)
{
	char target[64];
	json_t *answer;
	int rc;

	if (c->settings->glue_catalog_id[0] != '\0' && strstr(action, "Crawler") == NULL)
		json_object_set_new(in, "CatalogId", mem_must(json_string(c->settings->glue_catalog_id)));
	snprintf(target, sizeof(target), TARGET "%s", action);
	c->calls++;
	rc = aws_service_call(c->service, target, in, &answer, &c->fault, e);
	json_decref(in);
	if (rc < 0) {
		c->refused++;
		if (catalog_said(c, "VersionMismatchException"))
			e->action = ERROR_RETRY; /* somebody else was faster */
		return error_context(e, e->action == ERROR_WAIT_PERSON ? "glue:%s is refused" : "glue:%s", action);
	}
	c->fault.code[0] = '\0';
	if (out != NULL)
		*out = answer;
	else
		json_decref(answer);
	return 0;
}

int catalog_get_table(struct data_catalog *c, const char *table, json_t **out, struct error *e)
{
	json_t *answer = NULL;

	*out = NULL;
	if (catalog_call(c, "GetTable",
			 mem_must(json_pack("{ss ss}", "DatabaseName", c->settings->glue_database, "Name", table)),
			 &answer, e) < 0)
		return catalog_said(c, "EntityNotFoundException") ? 0 : -1;
	*out = json_incref(json_object_get(answer, "Table"));
	json_decref(answer);
	return *out != NULL ? 0 : error_set(e, ERROR_RETRY, 0, "glue:GetTable answers without a table");
}
