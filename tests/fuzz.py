"""`make fuzz`: Schemathesis against the running site, with all of its checks.

It reads the schema of the site, and sends valid and invalid requests: no response may be a 5xx, or have
a status or a body that the schema does not describe.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.support.processes import ROOT, open_folder, running_server

EXAMPLES = os.environ.get("EXAMPLES", "10")
SEED = os.environ.get("SEED") or str(random.randrange(2**32))


def main() -> int:
    """Fuzzes a fresh demo as a player; returns the exit code of Schemathesis."""
    with open_folder() as folder, running_server(folder, TRUSTED_PROXIES="1") as site:
        facts = {
            "SCHEMATHESIS_HOOKS": "tests.fuzz_hooks",
            "FUZZED": site.url,
            "FUZZED_PASSWORD": site.said.split("password of all three: ")[1].split()[0],
        }
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file=tests/schemathesis.toml",
            "run",
            site.url + "/api/schema",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--suppress-health-check=filter_too_much",
        ]
        started = time.monotonic()
        result = subprocess.run(command, cwd=ROOT, env=os.environ | facts)
        print(f"Fuzzed for {time.monotonic() - started:.0f} s.")  # noqa: T201 - a command
        return result.returncode


if __name__ == "__main__":
    sys.exit(main())
