"""System checks that report all mistakes in the configuration."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

CONFIGURATION = "configuration"  # the tag; the command `serve` runs these checks first


@register(CONFIGURATION)
def check_environment(app_configs: Any, **options: Any) -> list[Error]:
    """Returns an error for each mistake in the environment variables."""
    return [Error(mistake, id="tribehold.E001") for mistake in settings.CONFIGURATION_MISTAKES]
