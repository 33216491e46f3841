#!/usr/bin/env python
"""The command line of Tribehold: `manage.py serve`, `migrate`, `seed`, `shell` …

Whatever the command, the database and Redis behind it are running while it works: the ones that
DATABASE_URL and REDIS_URL name, or embedded ones (see config/embedded).
"""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config import embedded


def main() -> None:
    """Run one management command; a start that fails ends in one sentence, not in a traceback."""
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
