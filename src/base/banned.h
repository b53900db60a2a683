/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Calls that do not compile here: the Makefile includes this header in front of every file. The system's own
 * declarations come first, so that the macros meet callers only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(instead)                                     \
	__extension__({                                     \
		_Static_assert(0, "banned call: " instead); \
		NULL;                                       \
	})

#undef strcpy
#define strcpy(...) BANNED("use snprintf or memcpy instead of strcpy")
#undef strcat
#define strcat(...) BANNED("use struct buf or snprintf instead of strcat")
#undef strncpy
#define strncpy(...) BANNED("use snprintf or memcpy instead of strncpy")
#undef strncat
#define strncat(...) BANNED("use struct buf or snprintf instead of strncat")
#undef sprintf
#define sprintf(...) BANNED("use snprintf instead of sprintf")
#undef vsprintf
#define vsprintf(...) BANNED("use vsnprintf instead of vsprintf")
#undef gets
#define gets(...) BANNED("use getline instead of gets")
#undef strtok
#define strtok(...) BANNED("use strchr or strtok_r instead of strtok")
#undef atoi
#define atoi(...) BANNED("use strtol and look at its end instead of atoi")
#undef atol
#define atol(...) BANNED("use strtol and look at its end instead of atol")
#undef atoll
#define atoll(...) BANNED("use strtoll and look at its end instead of atoll")
#undef atof
#define atof(...) BANNED("use strtod and look at its end instead of atof")
#undef alloca
#define alloca(...) BANNED("use base/mem.h instead of alloca")
#undef localtime
#define localtime(...) BANNED("use localtime_r instead of localtime")
#undef gmtime
#define gmtime(...) BANNED("use gmtime_r instead of gmtime")
#undef ctime
#define ctime(...) BANNED("use strftime instead of ctime")
#undef asctime
#define asctime(...) BANNED("use strftime instead of asctime")
#undef system
#define system(...) BANNED("this program starts no shell")
#undef popen
#define popen(...) BANNED("this program starts no shell")

#endif
