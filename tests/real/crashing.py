# SPDX-License-Identifier: Apache-2.0
"""A record that ends the daemon each time it is looked into."""
import subprocess

from rows import stock_rows

CRASH_AT = 17
# A value that is no object is moved into one: the shim, which stands before the C library, ends the process there.
CRASHES = b'"crash"'
SHIM = r"""
#include <signal.h>
#include <string.h>

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n == CRASHES_LEN && memcmp(from, CRASHES, n) == 0)
		raise(SIGSEGV);
	for (size_t i = 0; t <= f && i < n; i++)
		t[i] = f[i];
	for (size_t i = n; t > f && i > 0; i--)
		t[i - 1] = f[i - 1];
	return to;
}
"""


def shim(directory):
    """The library, made for this test."""
    source, made = directory / "shim.c", directory / "shim.so"
    source.write_text(SHIM)
    value = CRASHES.decode().replace('"', '\\"')
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-fno-tree-loop-distribute-patterns", f'-DCRASHES="{value}"',
                    f"-DCRASHES_LEN={len(CRASHES)}", "-o", made, source], check=True)
    return made


def crashing_rows(count):
    return [CRASHES if n == CRASH_AT else row for n, row in enumerate(stock_rows(count))]
