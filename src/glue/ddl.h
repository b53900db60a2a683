/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_DDL_H
#define GLUE_DDL_H

#include "settings/settings.h"

/* The command "ddl": prints the statement that makes each table, with the columns that it has, and what projection does
 * not see of what has landed. topic NULL: all that the settings name. Returns the exit code: 65 no columns are known,
 * 69 the bucket or Glue cannot be asked, 78 no table can be made of these folders. Thread: main. */
int ddl_command(const struct settings *s, const char *topic);

#endif
