/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Time is a parameter everywhere else: only loops read a clock, and pass what they read.
 * boot_ms: CLOCK_BOOTTIME, for ages, deadlines and back-offs (goes on in suspend, protocol.md "looked at and sound").
 * real_ms: wall clock since 1970, for signing and for records without a timestamp of their own. */
int64_t clock_boot_ms(void);
int64_t clock_real_ms(void);

#endif
