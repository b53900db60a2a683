/* SPDX-License-Identifier: Apache-2.0 */
/* What one value must look like, in the words of whoever wrote it. Pure. */
#include "settings/check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "settings/access_point.h"
#include "settings/skip.h"

#define TOPIC_MAX 249
#define GROUP_MAX 249
#define PREFIX_MAX 512
#define TABLE_MAX 255
#define ACCOUNT_DIGITS 12
#define CRAWLER_MAX 255
#define WORKGROUP_MAX 128
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool begins_with(const char *s, const char *begin)
{
	return strncmp(s, begin, strlen(begin)) == 0;
}

int check_word(const char *value, struct error *e)
{
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return error_set(e, ERROR_GIVE_UP, 0,
					 "there is a blank or a control character in it; take it out");
	return 0;
}

/* HOST, HOST:PORT, [IPv6]:PORT; len bytes. */
static bool is_host_port(const char *p, size_t len, bool need_port)
{
	const char *end = p + len, *port;
	size_t host, digits;

	if (len > 0 && *p == '[') {
		host = strspn(p + 1, DIGITS "abcdefABCDEF:.%") + 1;
		if (p + host >= end || p[host] != ']')
			return false;
		host++;
	} else {
		host = strspn(p, LOWER UPPER DIGITS "-._");
	}
	if (host == 0 || host > len)
		return false;
	if (host == len)
		return !need_port;
	port = p + host + 1;
	digits = strspn(port, DIGITS);
	return p[host] == ':' && digits > 0 && digits <= 5 && port + digits == end && strtol(port, NULL, 10) > 0 &&
	       strtol(port, NULL, 10) <= 65535;
}

int check_brokers(const char *value, struct error *e)
{
	for (const char *p = value;; p++) {
		const char *scheme = strstr(p, "://");
		size_t len = strcspn(p, ",");
		size_t skip = scheme != NULL && scheme < p + len ? (size_t)(scheme + 3 - p) : 0;

		if (!is_host_port(p + skip, len - skip, false))
			return error_set(e, ERROR_GIVE_UP, 0,
					 "\"%.*s\" is no HOST:PORT; separate brokers by commas without blanks",
					 (int)len, p);
		p += len;
		if (*p == '\0')
			return 0;
	}
}

int check_topic_name(const char *value, struct error *e)
{
	size_t len = strlen(value);

	if (len > TOPIC_MAX)
		return error_set(e, ERROR_GIVE_UP, 0, "a topic's name has at most %d characters", TOPIC_MAX);
	if (strspn(value, LOWER UPPER DIGITS "._-") != len || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"\"%s\" is no topic: names are of letters, digits, '.', '_' and '-'; an expression begins with '^'",
			value);
	return 0;
}

int check_topic_pattern(const char *value, struct error *e)
{
	regex_t regex;
	char text[128];
	int rc;

	if (value[0] != '^')
		return check_topic_name(value, e);
	rc = regcomp(&regex, value, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		regfree(&regex);
		return 0;
	}
	regerror(rc, &regex, text, sizeof(text));
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no POSIX extended regular expression: %s", value, text);
}

int check_skip(const char *value, struct error *e)
{
	size_t topic_len;
	int32_t partition;
	int64_t offset;

	return skip_parse(value, &topic_len, &partition, &offset, e);
}

/* It goes into user metadata of the objects, which is ASCII. */
int check_group(const char *value, struct error *e)
{
	if (strlen(value) > GROUP_MAX)
		return error_set(e, ERROR_GIVE_UP, 0, "a group's name has at most %d characters here", GROUP_MAX);
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" holds more than printable ASCII without blanks",
					 value);
	return 0;
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	/* NOLINTNEXTLINE(clang-analyzer-core.*): digits_at has bounded the month */
	return y * 365 + y / 4 - y / 100 + y / 400 + before[month - 1] + (month > 2 && leap ? 1 : 0) + day - 1 - 719162;
}

/* A number of exactly width digits. */
static bool digits_at(const char **p, int width, int low, int high, int *n)
{
	*n = 0;
	for (int i = 0; i < width; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*n = *n * 10 + (**p - '0');
	}
	return *n >= low && *n <= high;
}

static bool char_at(const char **p, const char *set)
{
	if (**p == '\0' || strchr(set, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

static int days_in(int year, int month)
{
	return (int)(days_of(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - days_of(year, month, 1));
}

/* "Z", "+01:00", "-05:30": minutes east of UTC. */
static bool zone_at(const char **p, int *minutes)
{
	int hour, minute;
	bool west = **p == '-';

	*minutes = 0;
	if (char_at(p, "Zz"))
		return true;
	if (!char_at(p, "+-") || !digits_at(p, 2, 0, 23, &hour) || !char_at(p, ":") || !digits_at(p, 2, 0, 59, &minute))
		return false;
	*minutes = (west ? -1 : 1) * (hour * 60 + minute);
	return true;
}

/* RFC 3339 as ms since 1970; digits behind the third of a fraction are cut. */
static bool parse_time(const char *p, int64_t *ms)
{
	int year, month, day, hour, minute, second, zone, fraction = 0;

	if (!digits_at(&p, 4, 1970, 9999, &year) || !char_at(&p, "-") || !digits_at(&p, 2, 1, 12, &month) ||
	    !char_at(&p, "-") || !digits_at(&p, 2, 1, days_in(year, month), &day) || !char_at(&p, "Tt ") ||
	    !digits_at(&p, 2, 0, 23, &hour) || !char_at(&p, ":") || !digits_at(&p, 2, 0, 59, &minute) ||
	    !char_at(&p, ":") || !digits_at(&p, 2, 0, 59, &second))
		return false;
	if (char_at(&p, ".")) {
		if (!isdigit((unsigned char)*p))
			return false;
		for (int scale = 100; isdigit((unsigned char)*p); p++, scale /= 10)
			fraction += (*p - '0') * scale;
	}
	if (!zone_at(&p, &zone) || *p != '\0')
		return false;
	*ms = ((days_of(year, month, day) * 24 + hour) * 60 + minute - zone) * 60000 + second * 1000 + fraction;
	return *ms >= 0;
}

int start_parse(const char *value, int64_t *ms, struct error *e)
{
	if (strcmp(value, "earliest") == 0) {
		*ms = -2;
		return 0;
	}
	if (strcmp(value, "latest") == 0) {
		*ms = -1;
		return 0;
	}
	if (value[0] != '\0' && strspn(value, DIGITS) == strlen(value) && strlen(value) <= 15) {
		*ms = strtoll(value, NULL, 10);
		return 0;
	}
	if (parse_time(value, ms))
		return 0;
	return error_set(
		e, ERROR_GIVE_UP, 0,
		"\"%s\" is none of \"earliest\", \"latest\", a time since 1970 such as \"2026-01-02T03:04:05Z\", "
		"milliseconds since 1970",
		value);
}

int check_start(const char *value, struct error *e)
{
	int64_t ms;

	return start_parse(value, &ms, e);
}

static int bad_bucket(const char *value, const char *why, struct error *e)
{
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no legal name of a bucket: %s", value, why);
}

int check_bucket(const char *value, struct error *e)
{
	size_t len = strlen(value);
	struct access_point point;
	struct in_addr address;

	if (access_point_is(value))
		return access_point_parse(value, &point, e);
	if (begins_with(value, "s3://"))
		return bad_bucket(value, "leave out \"s3://\", and give a folder as s3.prefix", e);
	if (len < 3 || len > 63)
		return bad_bucket(value, "it has 3 to 63 characters", e);
	if (strspn(value, LOWER DIGITS "-.") != len)
		return bad_bucket(value, "it is of lower-case letters, digits, '-' and '.'", e);
	if (!isalnum((unsigned char)value[0]) || !isalnum((unsigned char)value[len - 1]))
		return bad_bucket(value, "it begins and ends with a letter or a digit", e);
	if (strstr(value, "..") != NULL)
		return bad_bucket(value, "no two dots stand side by side", e);
	if (inet_pton(AF_INET, value, &address) == 1)
		return bad_bucket(value, "it does not look like an IP address", e);
	if (begins_with(value, "xn--") || begins_with(value, "sthree-") || begins_with(value, "amzn-s3-demo-"))
		return bad_bucket(value, "this beginning is reserved by S3", e);
	if (ends_in(value, "--x-s3") || ends_in(value, "--xa-s3"))
		return bad_bucket(value, "directory buckets (S3 Express) are not supported", e);
	if (ends_in(value, ".mrap"))
		return bad_bucket(value, "multi-region access points are not supported", e);
	if (ends_in(value, "--ol-s3") || ends_in(value, "--table-s3"))
		return bad_bucket(value, "this ending is reserved by S3", e);
	return 0;
}

/* Folders of a key. Source: S3 user guide, "object key naming guidelines". */
static int check_folders(const char *value, struct error *e)
{
	if (strlen(value) > PREFIX_MAX)
		return error_set(e, ERROR_GIVE_UP, 0, "this is longer than %d bytes", PREFIX_MAX);
	for (const char *p = value;; p++) {
		size_t len = strcspn(p, "/");

		if (len == 0)
			return error_set(e, ERROR_GIVE_UP, 0,
					 "\"%s\" has an empty folder; leave out slashes at the ends and double ones",
					 value);
		if (strspn(p, ".") == len && len <= 2)
			return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" has the folder \"%.*s\"; take it out", value,
					 (int)len, p);
		p += len;
		if (*p == '\0')
			break;
	}
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || strchr("\\{}", *p) != NULL)
			return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" holds a control character, '\\', '{' or '}'",
					 value);
	return 0;
}

int check_prefix(const char *value, struct error *e)
{
	if (begins_with(value, "s3://"))
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\": give the bucket as s3.bucket, and here what follows it",
				 value);
	return check_folders(value, e);
}

int check_dead_letter_prefix(const char *value, struct error *e)
{
	return check_folders(value, e);
}

int check_table(const char *value, struct error *e)
{
	size_t len = strlen(value);

	if (len > TABLE_MAX || strspn(value, LOWER DIGITS "_") != len)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "\"%s\" is no legal table: at most %d lower-case letters, digits and '_'", value,
				 TABLE_MAX);
	if (value[0] == '_')
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" begins with '_', which Athena does not see", value);
	return 0;
}

int check_database(const char *value, struct error *e)
{
	size_t len = strlen(value);

	if (len <= TABLE_MAX && strspn(value, LOWER DIGITS "_") == len)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0,
			 "\"%s\" is no legal database: at most %d lower-case letters, digits and '_'", value,
			 TABLE_MAX);
}

int check_account(const char *value, struct error *e)
{
	if (strlen(value) == ACCOUNT_DIGITS && strspn(value, DIGITS) == ACCOUNT_DIGITS)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no AWS account: it has %d digits", value, ACCOUNT_DIGITS);
}

int check_crawler(const char *value, struct error *e)
{
	if (strlen(value) > CRAWLER_MAX)
		return error_set(e, ERROR_GIVE_UP, 0, "a crawler's name has at most %d characters", CRAWLER_MAX);
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return error_set(e, ERROR_GIVE_UP, 0, "there is a control character in it; take it out");
	return 0;
}

int check_workgroup(const char *value, struct error *e)
{
	size_t len = strlen(value);

	if (len <= WORKGROUP_MAX && strspn(value, LOWER UPPER DIGITS "._-") == len)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no workgroup: at most %d letters, digits, '.', '_' and '-'",
			 value, WORKGROUP_MAX);
}

int check_s3_folder(const char *value, struct error *e)
{
	static const char scheme[] = "s3://";
	const char *slash = begins_with(value, scheme) ? strchr(value + strlen(scheme), '/') : NULL;
	char bucket[64];
	size_t len;

	if (slash == NULL || !ends_in(value, "/"))
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no folder in S3: write \"s3://BUCKET/FOLDER/\"",
				 value);
	len = (size_t)(slash - value) - strlen(scheme);
	len = len < sizeof(bucket) ? len : sizeof(bucket) - 1;
	memcpy(bucket, value + strlen(scheme), len);
	bucket[len] = '\0';
	if (check_bucket(bucket, e) < 0)
		return -1;
	return strstr(slash, "//") == NULL ? check_word(value, e)
					   : error_set(e, ERROR_GIVE_UP, 0, "\"%s\" has an empty folder", value);
}

static int bad_address(const char *value, const char *why, struct error *e)
{
	const char *at = strrchr(value, '@');

	/* What stands before the "@" is a password. */
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s%s\" is no legal address: %s", at != NULL ? "***" : "",
			 at != NULL ? at : value, why);
}

int check_endpoint(const char *value, struct error *e)
{
	const char *host;

	if (begins_with(value, "https://"))
		host = value + strlen("https://");
	else if (begins_with(value, "http://"))
		host = value + strlen("http://");
	else
		return bad_address(value, "it begins with \"https://\" or \"http://\"", e);
	if (strchr(host, '/') != NULL)
		return bad_address(value, "it ends behind HOST:PORT, without a path or a slash", e);
	if (!is_host_port(host, strlen(host), false))
		return bad_address(value, "write \"https://HOST:PORT\"", e);
	return 0;
}

int check_proxy(const char *value, struct error *e)
{
	static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://" };
	const char *host = NULL, *at;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && host == NULL; i++)
		if (begins_with(value, schemes[i]))
			host = value + strlen(schemes[i]);
	if (host == NULL)
		return bad_address(value, "it begins with \"http://\", \"https://\", \"socks5://\" or \"socks5h://\"",
				   e);
	at = strrchr(host, '@');
	host = at != NULL ? at + 1 : host;
	if (!is_host_port(host, strlen(host), false))
		return bad_address(value, "write \"http://HOST:PORT\"", e);
	return 0;
}

int check_delimiter(const char *value, struct error *e)
{
	if (strlen(value) == 1 && (value[0] & 0x80) == 0 && strchr("\"\r\n", value[0]) == NULL)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is not one ASCII character other than a quote or a line end",
			 value);
}
