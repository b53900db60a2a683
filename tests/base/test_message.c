/* SPDX-License-Identifier: Apache-2.0 */
/* Each event, and so each reason to wait, is explained: once in the catalog, once in the runbook, and nothing else is.
 */
#include "base/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wait.h"

static char catalog[1 << 18], page[1 << 18];

static void read_file(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		fail_msg("%s: no such file", path);
	n = fread(to, 1, size - 1, f);
	assert_true(n > 0 && n < size - 1);
	to[n] = '\0';
	fclose(f);
}

static int set_up(void **state)
{
	(void)state;
	read_file("systemd/kafka2s3.catalog", catalog, sizeof(catalog));
	read_file("man/kafka2s3-runbook.7", page, sizeof(page));
	return 0;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void test_ids_are_unique(void **state)
{
	(void)state;
	for (int i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
		const struct message_facts *m = message_facts((enum message_id)i);

		assert_int_equal(strlen(m->journal_id), 32);
		assert_int_equal(strspn(m->journal_id, "0123456789abcdef"), 32);
		assert_true(strlen(m->name) > 1 &&
			    strlen(m->name) == strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789-"));
		for (int k = MESSAGE_NONE + 1; k < i; k++) {
			assert_string_not_equal(m->journal_id, message_facts((enum message_id)k)->journal_id);
			assert_string_not_equal(m->name, message_facts((enum message_id)k)->name);
		}
	}
}

static void test_each_is_in_the_catalog(void **state)
{
	char entry[256];

	(void)state;
	for (int i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
		const struct message_facts *m = message_facts((enum message_id)i);

		snprintf(entry, sizeof(entry), "\n\n# %s\n-- %s\nSubject: ", m->name, m->journal_id);
		if (count(catalog, entry) != 1)
			fail_msg("systemd/kafka2s3.catalog: no entry, or two:%s", entry);
	}
	assert_int_equal(count(catalog, "\n-- "), MESSAGES - 1);
	assert_int_equal(count(catalog, "\n\nDo: "), MESSAGES - 1);
}

/* Of what is no mere news: what it means, what to look at, what to do, in this order. */
static void test_each_trouble_says_what_to_look_at(void **state)
{
	(void)state;
	for (int i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
		const struct message_facts *m = message_facts((enum message_id)i);
		const char *entry = strstr(catalog, m->journal_id), *meaning, *look, *deed;

		if (m->level > LOG_LEVEL_WARNING && strncmp(m->name, "waits-", 6) != 0)
			continue;
		assert_non_null(entry);
		meaning = strstr(entry, "\n\n");
		look = strstr(entry, "\n\nLook at: ");
		deed = strstr(entry, "\n\nDo: ");
		if (meaning == NULL || look == NULL || deed == NULL || look <= meaning || deed <= look)
			fail_msg("systemd/kafka2s3.catalog: nothing to look at: %s", m->name);
	}
}

static void test_each_is_in_the_runbook(void **state)
{
	const char *events = strstr(page, ".Sh EVENTS\n");
	char section[256];

	(void)state;
	assert_non_null(events);
	for (int i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
		snprintf(section, sizeof(section), "\n.Ss %s\n", message_facts((enum message_id)i)->name);
		if (count(events, section) != 1)
			fail_msg("man/kafka2s3-runbook.7 differs from the table: run tools/runbook:%s", section);
	}
	assert_int_equal(count(events, "\n.Ss "), MESSAGES - 1);
}

static void test_each_wait_is_an_event(void **state)
{
	int waits = 0;

	(void)state;
	assert_int_equal(wait_reason_message(WAIT_NOTHING), MESSAGE_NONE);
	for (int w = WAIT_NOTHING + 1; w < WAIT_REASONS; w++) {
		const char *event = message_facts(wait_reason_message((enum wait_reason)w))->name;

		assert_int_equal(strncmp(event, "waits-", 6), 0);
		assert_string_equal(event + 6, wait_reason_word((enum wait_reason)w));
		assert_true(strlen(wait_reason_name((enum wait_reason)w)) > 8);
	}
	for (int i = MESSAGE_NONE + 1; i < MESSAGES; i++)
		waits += strncmp(message_facts((enum message_id)i)->name, "waits-", 6) == 0;
	assert_int_equal(waits, WAIT_REASONS - 1);
	assert_true(waits <= 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_are_unique),
		cmocka_unit_test(test_each_is_in_the_catalog),
		cmocka_unit_test(test_each_trouble_says_what_to_look_at),
		cmocka_unit_test(test_each_is_in_the_runbook),
		cmocka_unit_test(test_each_wait_is_an_event),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
