"""`make fuzz`: Schemathesis against the running site, with all of its checks.

It reads the site's own schema and sends what fits it and what doesn't: nothing may answer 5xx, nor with
a status or a body that the schema does not tell.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.test_serve import ROOT, open_folder, serving

EXAMPLES = os.environ.get("EXAMPLES", "25")
LEFT_OUT = (
    # Names that are taken, passwords that are common and cursors are rules that no schema can state.
    "positive_data_acceptance",
    # The token goes with every call of a run, also with those that are meant to lack it.
    "missing_required_header",
)


def main() -> int:
    """Fuzz a fresh demo as a player; answers the exit code of Schemathesis."""
    with open_folder() as folder, serving(folder, TRUSTED_PROXIES="1") as site:
        password = site.said.split("password of all three: ")[1].split()[0]
        credentials = {"username": "player", "password": password}
        answer = httpx.post(site.url + "/api/v1/auth/login", json=credentials)
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file=tests/schemathesis.toml",
            "run",
            site.url + "/api/schema",
            "--checks=all",
            f"--exclude-checks={','.join(LEFT_OUT)}",
            f"--max-examples={EXAMPLES}",
            "--phases=examples,coverage,fuzzing",
            "--seed=1",
            "--suppress-health-check=filter_too_much",
            f"--header=Authorization: Bearer {answer.json()['access']}",
        ]
        started = time.monotonic()
        result = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz_hooks"}
        )
        print(f"Fuzzed for {time.monotonic() - started:.0f} s.")  # noqa: T201 - a command
        return result.returncode


if __name__ == "__main__":
    sys.exit(main())
