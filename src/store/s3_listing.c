/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pages of ListMultipartUploads. Keys come percent-encoded when the store says so (encoding-type=url), since
 * XML cannot hold every key. Pure. */
#include "store/s3_listing.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/s3_xml.h"

#define ROOT "/ListMultipartUploadsResult"

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
	struct s3_xml x;
	int rc;

	*page = (struct s3_page){ .more = false };
	if (!s3_xml_is(data, len, ROOT))
		return -1;
	encoded = s3_xml_find(data, len, ROOT "/EncodingType", how, sizeof(how)) && strcmp(how, "url") == 0;
	s3_xml_open(&x, data, len);
	while ((rc = s3_xml_next(&x)) == 1) {
		if (strcmp(x.path, ROOT "/Upload/Key") == 0) {
			take(key, sizeof(key), &x.text, encoded);
		} else if (strcmp(x.path, ROOT "/Upload/UploadId") == 0) {
			take(id, sizeof(id), &x.text, false);
		} else if (strcmp(x.path, ROOT "/Upload") == 0) {
			if (key[0] != '\0' && id[0] != '\0' && is_plain(key) && is_plain(id))
				buf_addf(lines, "%s\t%s\n", key, id);
			key[0] = id[0] = '\0';
		} else if (strcmp(x.path, ROOT "/IsTruncated") == 0) {
			page->more = strcmp(buf_str(&x.text), "true") == 0;
		} else if (strcmp(x.path, ROOT "/NextKeyMarker") == 0) {
			take(page->key_marker, sizeof(page->key_marker), &x.text, encoded);
		} else if (strcmp(x.path, ROOT "/NextUploadIdMarker") == 0) {
			take(page->upload_marker, sizeof(page->upload_marker), &x.text, false);
		}
	}
	s3_xml_close(&x);
	return rc;
}
