# SPDX-License-Identifier: Apache-2.0
"""One Trino, the engine that Athena's version 3 derives from: Glue is its metastore, our S3 its storage. Queries go by
its HTTP protocol; what Athena would answer with an error is one here."""
import json
import os
import time
import urllib.request

from gateway import ACCESS_KEY, REGION, SECRET_KEY
from process import Process, free_port
from waiting import until

CATALOG = "lake"

JVM = """
-Xmx3g -XX:+UseG1GC -XX:-UsePerfData --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
-Dnode.environment=test -Dnode.id=one
""".split()


class QueryError(Exception):
    """What the engine says of a query; name is as HIVE_BAD_DATA."""

    def __init__(self, error):
        super().__init__(f"{error['errorName']}: {error.get('message')}")
        self.name = error["errorName"]


class Trino:
    def __init__(self, directory, home, glue_endpoint, s3_endpoint):
        """home: what tools/testbed-setup has made; in it "java" is a Java that is new enough."""
        self.dir, self.home = str(directory), str(home)
        self.port = free_port()
        self.log_path = os.path.join(self.dir, "trino.log")
        self.process = None
        etc = os.path.join(self.dir, "etc")
        self._write(f"{etc}/config.properties", {
            "coordinator": "true", "node-scheduler.include-coordinator": "true",
            "http-server.http.port": self.port, "discovery.uri": f"http://127.0.0.1:{self.port}",
            "plugin.dir": f"{self.home}/plugin", "catalog.config-dir": f"{etc}/catalog",
            "node.internal-address": "127.0.0.1", "query.max-memory": "1GB", "task.concurrency": "2",
            "catalog.management": "static",
        })
        self._write(f"{etc}/catalog/{CATALOG}.properties", {
            "connector.name": "hive", "hive.metastore": "glue", "hive.metastore.glue.endpoint-url": glue_endpoint,
            "hive.metastore.glue.region": REGION, "hive.metastore.glue.aws-access-key": ACCESS_KEY,
            "hive.metastore.glue.aws-secret-key": SECRET_KEY,
            "hive.metastore.glue.partitions-segments": "1",     # moto ignores segments: each would hold all
            "hive.partition-projection-enabled": "true", "hive.table-statistics-enabled": "false",
            "hive.recursive-directories": "true", "hive.metastore-cache-ttl": "0s",
            "fs.native-s3.enabled": "true", "s3.endpoint": s3_endpoint, "s3.region": REGION,
            "s3.path-style-access": "true", "s3.aws-access-key": ACCESS_KEY, "s3.aws-secret-key": SECRET_KEY,
        })

    @staticmethod
    def _write(path, properties):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.writelines(f"{k}={v}\n" for k, v in properties.items())

    def start(self):
        self.process = Process(
            [f"{self.home}/java/bin/java", *JVM, f"-Dnode.data-dir={self.dir}/data",
             f"-Dconfig={self.dir}/etc/config.properties", "-cp", f"{self.home}/lib/*",
             "io.trino.server.TrinoServer"], self.log_path, cwd=self.dir)
        until(lambda: f"Trino, {self.process.tail()}", self._answers, 120, every=0.5)

    def _answers(self):
        if not self.process.running():
            raise AssertionError(f"Trino ended, {self.process.tail()}")
        try:
            return self.rows("SELECT 1") == [[1]]
        except (OSError, QueryError):
            return False

    def rows(self, sql):
        """All rows of the answer, values as JSON has them; tables are named with their database. It answers some
        seconds before it has announced its catalog to itself."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self._rows(sql)
            except QueryError as error:
                if error.name != "NO_NODES_AVAILABLE" or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def _rows(self, sql):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/statement", sql.encode(),
            {"X-Trino-User": "test", "X-Trino-Catalog": CATALOG})
        found = []
        while True:
            with urllib.request.urlopen(request, timeout=120) as answer:
                page = json.load(answer)
            if "error" in page:
                raise QueryError(page["error"])
            found += page.get("data", [])
            if "nextUri" not in page:
                return found
            request = page["nextUri"]
