"""Template filters for times."""

import datetime

from django import template
from django.utils import timezone
from django.utils.timesince import timesince

register = template.Library()


@register.filter
def ago(moment: datetime.datetime) -> str:
    """Returns how long ago something was, in one unit: `1 day ago`, not `1 day, 3 hours ago`."""
    if timezone.now() - moment < datetime.timedelta(minutes=1):
        return "just now"
    return f"{timesince(moment, depth=1)} ago"
