"""Reads settings from environment variables. Imported by the settings, so Django is not configured yet.

A mistake is recorded, and a harmless value is returned instead, so that config/checks.py can report all
mistakes at once. Commands that serve or write anything do not run if there is a mistake.
"""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ

MIN_SECRET_LENGTH = 50
MIN_PREVIOUS_SECRET_LENGTH = 32
COMMAND = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'


class Environment:
    """The environment variables and the mistakes in them.

    Messages about URLs and secrets never repeat the value, which may have a password.
    """

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self._env = environ.Env()

    def report(self, mistake: str) -> None:
        """Records a mistake: one or two sentences that say what to do."""
        self.mistakes.append(mistake)

    def text(self, name: str, default: str = "") -> str:
        """Returns a variable, or the default if it is missing or empty."""
        value: str = self._env.str(name, default="")
        return value or default

    def items(self, name: str) -> list[str]:
        """Returns the parts of a variable that has commas between them."""
        parts: list[str] = self._env.list(name, default=[])
        return parts

    def boolean(self, name: str, default: bool) -> bool:
        """Returns a variable as a boolean."""
        value: bool = self._env.bool(name, default=default)
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Returns one of the choices, or the first if the variable is missing."""
        value = self.text(name, choices[0])
        if value in choices:
            return value
        self.report(f"{name} is '{value}': it must be {' or '.join(map(repr, choices))}.")
        return choices[0]

    def integer(self, name: str, default: int, minimum: int, maximum: int, meaning: str) -> int:
        """Returns a variable as an integer within bounds."""
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit() and len(text) < 10 and minimum <= int(text) <= maximum:
            return int(text)
        self.report(f"{name} must be from {minimum} to {maximum}: {meaning}")
        return default

    def required(self, name: str, reason: str) -> str:
        """Returns a variable that must be set."""
        value = self.text(name)
        if not value:
            self.report(f"{name} is not set. {reason}")
        return value

    def parsed(self, name: str, text: str, parse: Callable[[str], Any], default: Any) -> Any:
        """Returns a parsed text. The ValueError of `parse` is a sentence without its subject, the name."""
        try:
            return parse(text)
        except ValueError as error:
            self.report(f"{name} {error}")
        return default

    def url(self, name: str, text: str, parse: Callable[[str], Any], default: Any) -> Any:
        """Returns a URL parsed by django-environ. Ignores its messages, which may repeat the URL."""
        try:
            return parse(text)
        except (ValueError, environ.ImproperlyConfigured):
            self.report(f"{name} is not a valid URL.")
        return default

    def secret(self, name: str, *, is_production: bool, folder: Path) -> str:
        """Returns a secret. The demo creates its own at the first start, in a file of the folder."""
        value = self.text(name)
        if is_production and not value:
            self.report(f"{name} is not set. Give it a random value of its own: {COMMAND}")
        elif is_production and len(value) < MIN_SECRET_LENGTH:
            self.report(f"{name} is too short: give it {MIN_SECRET_LENGTH} random characters.")
        if value or is_production:
            # Django rejects an empty one before checks run.
            return value or secrets.token_urlsafe(50)
        return _stored_secret(folder / name.lower())

    def previous_secrets(self, name: str, *, is_production: bool) -> list[str]:
        """Returns secrets that are still accepted but no longer used for signing."""
        keys = self.items(name)
        if is_production and any(len(key) < MIN_PREVIOUS_SECRET_LENGTH for key in keys):
            self.report(f"{name} has a key of less than {MIN_PREVIOUS_SECRET_LENGTH} characters.")
        return keys


def _stored_secret(file: Path) -> str:
    """Returns the secret in a file. Creates the file atomically if it is missing. Raises OSError."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, file)
        unfinished.unlink()
    return file.read_text()
