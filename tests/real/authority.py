# SPDX-License-Identifier: Apache-2.0
"""A private certificate authority of the tests."""
import pathlib
import subprocess

NAMES = ["kafka.test", "kafka6.test", "s3.test", "s3-6.test"]
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """A private CA, and one certificate for all the names."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(exist_ok=True)
        self.ca, self.cert, self.key = (str(self.dir / n) for n in ("ca.pem", "server.pem", "server.key"))
        self.both = str(self.dir / "both.pem")
        self._openssl("req", "-x509", *EC, "-keyout", self.dir / "ca.key", "-out", self.ca, "-days", "2",
                      "-subj", "/CN=an authority of the tests", "-addext", "keyUsage=critical,keyCertSign")
        self._sign("server", "s3.test", "subjectAltName=" + ",".join(f"DNS:{n}" for n in NAMES)
                   + ",IP:127.0.0.1,IP:::1")
        pathlib.Path(self.both).write_text(pathlib.Path(self.key).read_text() + pathlib.Path(self.cert).read_text())

    def client(self, name):
        """(certificate, key) of a client."""
        self._sign(name, name, "extendedKeyUsage=clientAuth")
        return str(self.dir / f"{name}.pem"), str(self.dir / f"{name}.key")

    def _sign(self, name, subject, extension):
        key, request, extensions = (self.dir / f"{name}.{end}" for end in ("key", "csr", "extensions"))
        extensions.write_text(extension + "\n")
        self._openssl("req", *EC, "-keyout", key, "-out", request, "-subj", f"/CN={subject}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.dir / "ca.key",
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", self.dir / f"{name}.pem")

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)
