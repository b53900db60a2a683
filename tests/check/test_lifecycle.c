/* SPDX-License-Identifier: Apache-2.0 */
/* Which lifecycle rules take away uploads that are left behind. */
#include "check/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DOCUMENT(rules) \
	"<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" rules "</LifecycleConfiguration>"
#define ABORT(days)                                                   \
	"<AbortIncompleteMultipartUpload><DaysAfterInitiation>" #days \
	"</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
#define RULE(filter, what) "<Rule><ID>a</ID>" filter "<Status>Enabled</Status>" what "</Rule>"

static void rules(void **state)
{
	static const struct {
		const char *document;
		int days;
	} cases[] = {
		{ "", 0 },
		{ "no XML", 0 },
		{ DOCUMENT(""), 0 },
		{ DOCUMENT(RULE("<Filter/>", ABORT(7))), 7 },
		{ DOCUMENT(RULE("<Prefix></Prefix>", ABORT(7))), 7 },
		{ DOCUMENT(RULE("<Prefix>raw/</Prefix>", ABORT(7))), 7 },
		{ DOCUMENT(RULE("<Filter><Prefix>ra</Prefix></Filter>", ABORT(1))), 1 },
		{ DOCUMENT(RULE("<Filter><Prefix>raw/orders/</Prefix></Filter>", ABORT(1))), 0 },
		{ DOCUMENT(RULE("<Filter><Prefix>rawer/</Prefix></Filter>", ABORT(1))), 0 },
		{ DOCUMENT("<Rule><Filter/><Status>Disabled</Status>" ABORT(7) "</Rule>"), 0 },
		{ DOCUMENT(RULE("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", ABORT(7))), 0 },
		{ DOCUMENT(RULE(
			  "<Filter><And><Prefix>raw/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And>"
			  "</Filter>",
			  ABORT(7))),
		  0 },
		{ DOCUMENT(RULE("<Filter/>", "<Expiration><Days>3</Days></Expiration>")), 0 },
		{ DOCUMENT(RULE("<Filter/>", ABORT(7)) RULE("<Filter><Prefix>raw/</Prefix></Filter>", ABORT(2))), 2 },
		{ DOCUMENT(RULE("<Filter><Prefix>logs/</Prefix></Filter>", ABORT(7)) RULE("<Filter/>", ABORT(9))), 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int days = lifecycle_abort_days(cases[i].document, strlen(cases[i].document), "raw");

		if (days != cases[i].days)
			fail_msg("%d of %s", days, cases[i].document);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rules) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
