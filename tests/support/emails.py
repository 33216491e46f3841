"""Emails that were sent."""

import re
from typing import Any

from django.core import mail

from accounts.identity import emails


def last_letter() -> tuple[Any, str]:
    """The newest letter and the path of its link, once the post has done its round."""
    emails.POST.submit(int).result(5)
    letter = mail.outbox[-1]
    return letter, re.findall(r"http://[^/]+(/\S+)", str(letter.body))[0]
