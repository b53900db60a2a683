/* SPDX-License-Identifier: Apache-2.0 */
/* The XML reader, and the pages of uploads that are read with it. */
#include "base/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/s3_listing.h"

static const char *found(const char *document, const char *path)
{
	static char out[256];

	return xml_find(document, strlen(document), path, out, sizeof(out)) ? out : NULL;
}

static void text_is_found_by_its_place(void **state)
{
	const char *d = "<?xml version='1.0'?><!-- <A><B>comment</B></A> -->\n"
			"<A x=\"<B>attribute</B>\" y='>'><C><B>deeper</B></C>"
			"<D>&lt;B&gt;text&lt;/B&gt;</D><ns:B a='1'> one &amp; &#50; &#x33;\xc3\xa9 </ns:B><E/>"
			"<F><![CDATA[<B>&amp;]]></F></A>\n";

	(void)state;
	assert_string_equal(found(d, "/A/B"), " one & 2 3\xc3\xa9 ");
	assert_string_equal(found(d, "/A/C/B"), "deeper");
	assert_string_equal(found(d, "/A/D"), "<B>text</B>");
	assert_string_equal(found(d, "/A/E"), "");
	assert_string_equal(found(d, "/A/F"), "<B>&amp;");
	assert_null(found(d, "/B"));
	assert_null(found(d, "B"));
	assert_true(xml_is(d, strlen(d), "/A"));
	assert_false(xml_is(d, strlen(d), "/A/B"));
}

static void what_is_cut_does_not_overflow(void **state)
{
	char out[4];

	(void)state;
	assert_true(xml_find("<A>123456</A>", 13, "/A", out, sizeof(out)));
	assert_string_equal(out, "123");
}

static void a_broken_document_is_none(void **state)
{
	static const char *const broken[] = {
		"",
		"  ",
		"text",
		"<A>",
		"<A></B>",
		"<A><B></A></B>",
		"<A></A><A></A>",
		"<A></A>text",
		"</A>",
		"<A",
		"<A x='",
		"<A>&nope;</A>",
		"<A>&#0;</A>",
		"<A>&#xD800;</A>",
		"<A>&#x110000;</A>",
		"<A>&amp</A>",
		"<A>&</A>",
		"<A>&",
		"<!DOCTYPE A><A></A>",
		"<A><!-- </A>",
		"<A><![CDATA[x</A>",
		"<></>",
		"<A><?x </A>",
		"<A></A",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (xml_is(broken[i], strlen(broken[i]), "/A"))
			fail_msg("taken: %s", broken[i]);
	assert_true(xml_is("\xef\xbb\xbf \n<A/>", 9, "/A"));
}

static void a_zero_byte_is_no_xml(void **state)
{
	static const char d[] = "<A>x\0</A>", name[] = "<A\0></A>";

	(void)state;
	assert_false(xml_is(d, sizeof(d) - 1, "/A"));
	assert_false(xml_is(name, sizeof(name) - 1, "/A"));
}

static void depth_and_length_have_limits(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 10000; i++)
		buf_adds(&b, "<A>");
	assert_false(xml_is(b.data, b.len, "/A"));
	buf_clear(&b);
	buf_adds(&b, "<A>");
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "</A>");
	assert_false(xml_is(b.data, b.len, "/A"));
	buf_free(&b);
}

/* Whatever is cut off or changed, the reader ends and stays inside. */
static void no_bytes_break_it(void **state)
{
	static const char whole[] = "<?xml version='1.0'?><A x='1'><!-- c --><B>a&lt;&#x41;</B><![CDATA[d]]><C/></A>";
	char *copy;

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		copy = malloc(len + 1);
		memcpy(copy, whole, len);
		for (size_t at = 0; at < len; at++) {
			char kept = copy[at];

			copy[at] = "<>&;/!?'"[(at + len) % 8];
			(void)xml_is(copy, len, "/A");
			copy[at] = kept;
		}
		assert_int_equal(xml_is(copy, len, "/A"), len == sizeof(whole) - 1);
		free(copy);
	}
}

static int read_page(const char *document, struct buf *lines, struct s3_page *page)
{
	buf_init(lines, 1 << 16);
	return s3_page_read(document, strlen(document), lines, page);
}

static void a_page_of_uploads_is_read(void **state)
{
	struct buf lines;
	struct s3_page page;

	(void)state;
	assert_int_equal(
		read_page("<ListMultipartUploadsResult><Upload><Key>a%2Bb+c/%C3%A9</Key><UploadId>u&amp;1"
			  "</UploadId><Initiator><ID>x</ID></Initiator></Upload><Upload><Key>tab%09</Key>"
			  "<UploadId>u2</UploadId></Upload><Upload><Key>k</Key><UploadId>%41</UploadId></Upload>"
			  "<NextKeyMarker>k%2F</NextKeyMarker><NextUploadIdMarker>%41</NextUploadIdMarker>"
			  "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
			  "</ListMultipartUploadsResult>",
			  &lines, &page),
		0);
	assert_string_equal(buf_str(&lines), "a+b c/\xc3\xa9\tu&1\nk\t%41\n");
	assert_true(page.more);
	assert_string_equal(page.key_marker, "k/");
	assert_string_equal(page.upload_marker, "%41");
	buf_free(&lines);
}

static void a_plain_page_is_not_decoded(void **state)
{
	struct buf lines;
	struct s3_page page;

	(void)state;
	assert_int_equal(read_page("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>a%2B+"
				   "</Key><UploadId>u</UploadId></Upload></ListMultipartUploadsResult>",
				   &lines, &page),
			 0);
	assert_string_equal(buf_str(&lines), "a%2B+\tu\n");
	assert_false(page.more);
	buf_free(&lines);
	assert_int_equal(read_page("<ListBucketResult></ListBucketResult>", &lines, &page), -1);
	buf_free(&lines);
}

/* What there is no room for, and a page that says neither that it is the last nor which is the next. */
static void half_a_page_is_none(void **state)
{
	static const char uploads[] =
		"<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId></Upload><Upload><Key>l</Key>"
		"<UploadId>u</UploadId></Upload></ListMultipartUploadsResult>";
	static const char objects[] =
		"<ListBucketResult><Contents><Key>k</Key><Size>1</Size></Contents><Contents><Key>l</Key><Size>1</Size>"
		"</Contents></ListBucketResult>";
	static const char nowhere[] =
		"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken/></ListBucketResult>";
	struct s3_page page;
	struct buf lines;
	char *next;

	(void)state;
	buf_init(&lines, 6);
	assert_int_equal(s3_page_read(uploads, sizeof(uploads) - 1, &lines, &page), -1);
	buf_free(&lines);
	buf_init(&lines, 9);
	assert_int_equal(s3_objects_read(objects, sizeof(objects) - 1, &lines, &next), -1);
	buf_free(&lines);
	buf_init(&lines, 100);
	assert_int_equal(s3_objects_read(nowhere, sizeof(nowhere) - 1, &lines, &next), -1);
	assert_null(next);
	buf_clear(&lines);
	assert_int_equal(s3_page_read(uploads, sizeof(uploads) - 1, &lines, &page), 0);
	assert_string_equal(buf_str(&lines), "k\tu\nl\tu\n");
	buf_clear(&lines);
	assert_int_equal(s3_objects_read(objects, sizeof(objects) - 1, &lines, &next), 0);
	assert_string_equal(buf_str(&lines), "1\t0\tk\n1\t0\tl\n");
	buf_free(&lines);
}

static void a_page_of_objects_is_read(void **state)
{
	static const char page[] =
		"<ListBucketResult><Contents><Key>k</Key><Size>%s</Size><LastModified>%s</LastModified>"
		"</Contents></ListBucketResult>";
	static const struct {
		const char *size, *modified, *line; /* NULL: no such page */
	} cases[] = {
		{ "7", "2026-10-21T07:28:00.5Z", "7\t1792567680500\tk\n" },
		{ "0", "1960-01-01T00:00:00Z", "0\t0\tk\n" },
		{ "-1", "2026-10-21T07:28:00Z", NULL },
		{ "", "2026-10-21T07:28:00Z", NULL },
		{ "7 bytes", "2026-10-21T07:28:00Z", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char document[512], *next;
		struct buf lines;
		int rc;

		snprintf(document, sizeof(document), page, cases[i].size, cases[i].modified);
		buf_init(&lines, 1 << 16);
		rc = s3_objects_read(document, strlen(document), &lines, &next);
		assert_int_equal(rc, cases[i].line != NULL ? 0 : -1);
		assert_string_equal(buf_str(&lines), cases[i].line != NULL ? cases[i].line : "");
		assert_null(next);
		buf_free(&lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_found_by_its_place),   cmocka_unit_test(what_is_cut_does_not_overflow),
		cmocka_unit_test(a_broken_document_is_none),    cmocka_unit_test(a_zero_byte_is_no_xml),
		cmocka_unit_test(depth_and_length_have_limits), cmocka_unit_test(no_bytes_break_it),
		cmocka_unit_test(a_page_of_uploads_is_read),    cmocka_unit_test(a_plain_page_is_not_decoded),
		cmocka_unit_test(a_page_of_objects_is_read),    cmocka_unit_test(half_a_page_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
