#!/usr/bin/env python
"""The command line of Tribehold: `manage.py serve`, `migrate`, `seed`, `shell` …

Each command uses the database of DATABASE_URL and the Redis of REDIS_URL. If they are not set, it starts
embedded servers (config/embedded).
"""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config import embedded


def main() -> None:
    """Runs a management command. Prints one sentence, without a traceback, if it can't start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        with embedded.running():
            execute_from_command_line(sys.argv)
    except (embedded.StartError, ImproperlyConfigured) as error:
        sys.exit(f"Tribehold can't start: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
