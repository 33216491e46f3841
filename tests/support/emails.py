"""Emails that were sent."""

import re
from typing import Any

from django.core import mail

from tests.support.task_queue import run_tasks


def last_email() -> tuple[Any, str]:
    """Returns the newest email and the path of its link, once all are sent."""
    run_tasks()
    message = mail.outbox[-1]
    return message, re.findall(r"http://[^/]+(/\S+)", str(message.body))[0]
