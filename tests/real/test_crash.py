# SPDX-License-Identifier: Apache-2.0
"""What is left of a daemon that crashes over a record."""
import os
import re
import signal
import subprocess

from rows import stock_rows

CRASH_AT = 17
# Stands before the Kafka client: a record whose value says so ends the process while it is looked at.
CRASHES = b'{"crash":1}'
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <string.h>

rd_kafka_resp_err_t rd_kafka_message_headers(const rd_kafka_message_t *m, rd_kafka_headers_t **headers)
{
	rd_kafka_resp_err_t (*real)(const rd_kafka_message_t *, rd_kafka_headers_t **) =
		dlsym(RTLD_NEXT, "rd_kafka_message_headers");

	if (m->len == CRASHES_LEN && memcmp(m->payload, CRASHES, m->len) == 0)
		raise(SIGSEGV);
	return real(m, headers);
}
"""


def shim(directory):
    """The library, made for this test."""
    source, made = directory / "shim.c", directory / "shim.so"
    source.write_text(SHIM)
    value = CRASHES.decode().replace('"', '\\"')
    subprocess.run(["gcc", "-shared", "-fPIC", f'-DCRASHES="{value}"', f"-DCRASHES_LEN={len(CRASHES)}", "-o", made,
                    source, "-ldl"], check=True)
    return made


def test_a_crash_names_the_record_that_was_in_hand(case, tmp_path):
    """And dies by its signal, with a build id and a backtrace; the next one lands it."""
    topic = case.topic()
    case.produce(topic, [CRASHES if n == CRASH_AT else row for n, row in enumerate(stock_rows(100))])
    d = case.daemon(topic, start=False, output={"metadata": ["kafka_headers"]})
    d.env = {"LD_PRELOAD": str(shim(tmp_path))}
    d.start()
    d.expected_up = False
    assert d.process.wait_end(90) == -signal.SIGSEGV
    assert re.search(rf'had in hand: topic {re.escape(topic)} partition 0 offset {CRASH_AT}; .*'
                     rf'kafka.skip = \[ "{re.escape(topic)}:0:{CRASH_AT}" \]', d.log())
    build_id = subprocess.run(["readelf", "-n", d.binary], check=True, capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", build_id).group(1)
    assert re.search(rf"crashed: signal 11 \(SIGSEGV\), thread uploader, build id {build_id}", d.log())
    assert f"{os.path.basename(d.binary)}(+0x" in d.log()
    assert not case.keys()
    d.env = {}
    d.start()
    case.wait_landed(topic, seconds=60)
    assert d.terminate(60) == 0
    assert case.judge(topic, metadata=["kafka_headers"]).rows == 100
