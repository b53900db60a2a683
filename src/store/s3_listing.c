/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pages of ListMultipartUploads and of ListObjectsV2. Keys come percent-encoded when the store says so
 * (encoding-type=url), since XML cannot hold every key. Pure. */
#include "store/s3_listing.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/xml.h"

#define ROOT "/ListMultipartUploadsResult"
#define OBJECTS "/ListBucketResult"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
			*to++ = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
			s += 2;
		} else {
			*to++ = *s == '+' ? ' ' : *s;
		}
	}
	*to = '\0';
}

static bool is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

static void take(char *to, size_t size, struct buf *text, bool encoded)
{
	snprintf(to, size, "%s", buf_str(text));
	if (encoded)
		decode(to);
}

int s3_page_read(const void *data, size_t len, struct buf *lines, struct s3_page *page)
{
	char key[sizeof(page->key_marker)] = "", id[sizeof(page->upload_marker)] = "", how[8] = "";
	bool encoded;
	struct xml x;
	int rc;

	*page = (struct s3_page){ .more = false };
	if (!xml_is(data, len, ROOT))
		return -1;
	encoded = xml_find(data, len, ROOT "/EncodingType", how, sizeof(how)) && strcmp(how, "url") == 0;
	xml_open(&x, data, len);
	while ((rc = xml_next(&x)) == 1) {
		if (strcmp(x.path, ROOT "/Upload/Key") == 0) {
			take(key, sizeof(key), &x.text, encoded);
		} else if (strcmp(x.path, ROOT "/Upload/UploadId") == 0) {
			take(id, sizeof(id), &x.text, false);
		} else if (strcmp(x.path, ROOT "/Upload") == 0) {
			if (key[0] != '\0' && id[0] != '\0' && is_plain(key) && is_plain(id) &&
			    !buf_addf(lines, "%s\t%s\n", key, id))
				break;
			key[0] = id[0] = '\0';
		} else if (strcmp(x.path, ROOT "/IsTruncated") == 0) {
			page->more = strcmp(buf_str(&x.text), "true") == 0;
		} else if (strcmp(x.path, ROOT "/NextKeyMarker") == 0) {
			take(page->key_marker, sizeof(page->key_marker), &x.text, encoded);
		} else if (strcmp(x.path, ROOT "/NextUploadIdMarker") == 0) {
			take(page->upload_marker, sizeof(page->upload_marker), &x.text, false);
		}
	}
	xml_close(&x);
	return rc == 0 ? 0 : -1;
}

/* "2026-10-21T07:28:00.123Z" to ms since 1970; 0: no such time. */
static int64_t modified(const char *s)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms = 0, unit = 100;

	if (end == NULL)
		return 0;
	if (*end == '.')
		for (end++; isdigit((unsigned char)*end); end++, unit /= 10)
			ms += (*end - '0') * unit;
	ms += (int64_t)timegm(&tm) * 1000;
	return *end == 'Z' && ms > 0 ? ms : 0;
}

static bool read_size(const char *s, int64_t *bytes)
{
	char *end;

	*bytes = strtoll(s, &end, 10);
	return isdigit((unsigned char)*s) && *end == '\0';
}

/* What has been read of one object so far. */
struct object_row {
	char key[3073];
	int64_t bytes, modified_ms;
};

/* False: there is no room for it. */
static bool add_row(const struct object_row *o, struct buf *lines)
{
	return o->key[0] == '\0' || !is_plain(o->key) ||
	       buf_addf(lines, "%" PRId64 "\t%" PRId64 "\t%s\n", o->bytes, o->modified_ms, o->key);
}

int s3_objects_read(const void *data, size_t len, struct buf *lines, char **next)
{
	struct object_row row = { "", 0, 0 };
	char how[8] = "";
	bool encoded, more = false;
	struct xml x;
	int rc;

	*next = NULL;
	if (!xml_is(data, len, OBJECTS))
		return -1;
	encoded = xml_find(data, len, OBJECTS "/EncodingType", how, sizeof(how)) && strcmp(how, "url") == 0;
	xml_open(&x, data, len);
	while ((rc = xml_next(&x)) == 1) {
		if (strcmp(x.path, OBJECTS "/Contents/Key") == 0) {
			take(row.key, sizeof(row.key), &x.text, encoded);
		} else if (strcmp(x.path, OBJECTS "/Contents/Size") == 0) {
			if (!read_size(buf_str(&x.text), &row.bytes))
				break;
		} else if (strcmp(x.path, OBJECTS "/Contents/LastModified") == 0) {
			row.modified_ms = modified(buf_str(&x.text));
		} else if (strcmp(x.path, OBJECTS "/Contents") == 0) {
			if (!add_row(&row, lines))
				break;
			row = (struct object_row){ "", 0, 0 };
		} else if (strcmp(x.path, OBJECTS "/CommonPrefixes/Prefix") == 0) {
			struct object_row folder = { "", 0, 0 };

			take(folder.key, sizeof(folder.key), &x.text, encoded);
			if (!add_row(&folder, lines))
				break;
		} else if (strcmp(x.path, OBJECTS "/IsTruncated") == 0) {
			more = strcmp(buf_str(&x.text), "true") == 0;
		} else if (strcmp(x.path, OBJECTS "/NextContinuationToken") == 0) {
			free(*next);
			*next = mem_strdup(buf_str(&x.text));
		}
	}
	xml_close(&x);
	if (rc == 1 || (more && (*next == NULL || **next == '\0')))
		rc = -1;
	if (!more || rc != 0) {
		free(*next);
		*next = NULL;
	}
	return rc;
}

char *s3_listing_first(const char *lines)
{
	size_t len = strcspn(lines, "\n");
	const char *tab = memrchr(lines, '\t', len);

	return tab != NULL ? mem_printf("%.*s", (int)(lines + len - tab - 1), tab + 1) : NULL;
}
