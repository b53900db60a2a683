/* SPDX-License-Identifier: Apache-2.0 */
/* Topics against names and expressions. Expressions are compiled when they are asked: a topic is looked up once an
 * assignment, not once a record. Pure. */
#include "settings/match.h"

#include <regex.h>
#include <string.h>

static bool match_one(const char *pattern, const char *topic)
{
	regex_t regex;
	bool fits;

	if (pattern[0] != '^')
		return strcmp(pattern, topic) == 0;
	if (strncmp(topic, "__", 2) == 0 || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	fits = regexec(&regex, topic, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}

bool match_topic(const struct string_list *patterns, const char *topic)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (match_one(patterns->items[i], topic))
			return true;
	return false;
}

const struct override *match_override(const struct settings *s, const char *topic)
{
	for (size_t i = 0; i < s->n_overrides; i++)
		if (match_topic(&s->overrides[i].topics, topic))
			return &s->overrides[i];
	return NULL;
}
