/* SPDX-License-Identifier: Apache-2.0 */
/* Files that cannot be read are the credentials' business: here they say nothing. */
#include "aws/region.h"

#include <stdlib.h>

#include "aws/imds.h"
#include "aws/profile.h"
#include "base/mem.h"

static char *of_profile(const char *name)
{
	struct profiles *p = profiles_new();
	struct error e;
	char *region;

	profiles_read_shared(p, &e);
	region = mem_strdup(profiles_get(p, profile_name(name), "region"));
	profiles_free(p);
	return region;
}

char *region_given(const struct settings *s)
{
	const char *const said[] = { s->s3_region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION") };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (said[i] != NULL && said[i][0] != '\0')
			return mem_strdup(said[i]);
	return of_profile(s->s3_profile);
}

char *region_resolve(const struct settings *s)
{
	char *region = region_given(s);

	if (region[0] != '\0')
		return region;
	free(region);
	return mem_strdup(imds_region());
}
