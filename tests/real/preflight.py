# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 check` with some settings, and what it says."""
import json
import os
import subprocess

from daemon import BINARY, libconfig, merged

RULE = ("<Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><AbortIncompleteMultipartUpload>"
        "<DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>")


class Preflight:
    """One run of the command; its lines by outcome."""

    def __init__(self, directory, settings, *options, env=None):
        self.conf = os.path.join(str(directory), "check.conf")
        with open(self.conf, "w") as f:
            f.writelines(f"{k} = {libconfig(v)};\n" for k, v in settings.items())
        os.chmod(self.conf, 0o600)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run([os.path.abspath(BINARY), "check", "--json", *options, self.conf],
                              env={**clean, "AWS_EC2_METADATA_DISABLED": "true", **(env or {})}, capture_output=True,
                              text=True, timeout=300, check=False)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.stdout.startswith("{"), f"{done.returncode}: {done.stdout}{done.stderr}"
        self.code, self.document = done.returncode, json.loads(done.stdout)
        self.lines = [(c["outcome"], c["check"], c["text"]) for c in self.document["checks"]]
        expected = {"ok": 0, "failed": 1, "not proved": 2}[self.document["result"]]
        assert self.code in (expected, 78), (self.code, self.document["result"])

    def of(self, outcome):
        return {name: text for o, name, text in self.lines if o == outcome}

    def __str__(self):
        return "\n".join(" | ".join(line) for line in self.lines)


def healthy(broker, store, topic, group, **more):
    """Settings that nothing is wrong with: a broker, a scripted S3 that has the bucket "lake"."""
    key, secret = next(iter(store.secrets.items()))
    return merged({
        "kafka": {"brokers": broker.bootstrap, "topics": [topic], "group": group},
        "s3": {"bucket": "lake", "prefix": "raw", "region": "us-east-1", "endpoint": store.endpoint, "path_style": True,
               "access_key_id": key, "secret_access_key": secret},
    }, more)
