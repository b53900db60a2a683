/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_SHOW_H
#define OFFSETS_SHOW_H

#include <stdio.h>

#include "offsets/plan.h"

/* Where partitions stand, and what is planned for them, in words and as JSON. Pure, but for what it prints to. */

void show_text(const struct plan_world *w, FILE *out);
void show_json(const struct plan_world *w, FILE *out);

/* A line for each plan. */
void show_plans(const struct plan *plans, size_t n, FILE *out);

#endif
