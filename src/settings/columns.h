/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_COLUMNS_H
#define SETTINGS_COLUMNS_H

#include "base/error.h"
#include "settings/settings.h"

/* What the members of columns must look like, as in check.h. All are pure. */
int check_column(const char *value, struct error *e);      /* Source: aws.md 1.1 */
int check_column_type(const char *value, struct error *e); /* Source: aws.md 3.3 */
int check_column_path(const char *value, struct error *e);

/* The columns of a table against each other and against what else is a column of it. key_catalog_check has passed if
 * in_catalog. */
int columns_check(const struct topic_settings *t, bool in_catalog, struct error *e);

#endif
