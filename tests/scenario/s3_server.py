"""An S3 server for scenarios: s3rver, which the build installs from npm."""

import shutil
import subprocess

from harness import ACTORS, PATIENCE, free_port, is_listening, wait_until


class S3Server:
    """On a free port of loopback; both its keys are `key`. Stops with the test."""

    key = "S3RVER"

    def __init__(self, test):
        program = ACTORS.parent / "s3/node_modules/s3rver/bin/s3rver.js"
        node = shutil.which("node")
        if not node or not program.exists():
            raise AssertionError(f"the S3 server is missing ({program}): run scripts/setup.sh test")
        self.port = free_port()
        folder = test.folder / "s3"
        folder.mkdir()
        self._process = subprocess.Popen(
            [node, str(program), "-d", str(folder), "-a", "127.0.0.1", "-p", str(self.port),
             "--silent", "--no-vhost-buckets"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        test.addCleanup(self.kill)
        wait_until(lambda: is_listening(self.port), "s3rver")

    def kill(self):
        self._process.kill()
        self._process.wait(PATIENCE)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"
