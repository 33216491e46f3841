"""Forms: text fields by the rules of config.kernel.text, and domain errors shown in a form."""

from collections.abc import Mapping
from typing import Any

from django import forms

from config.kernel import text
from config.kernel.errors import DomainError


class TextField(forms.CharField):
    """Text that obeys a rule of config.kernel.text.TEXT_RULES."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        super().__init__(max_length=text.TEXT_RULES[kind].max_length, **options)

    def clean(self, value: Any) -> Any:
        """Returns the text as it is stored. Raises ValidationError with the reason."""
        value = "" if value is None else str(value)
        if not text.normalize_text(value):
            return super().clean(value)  # which checks whether it is required
        try:
            value = text.check_text(value, self.kind, "")
        except DomainError as error:
            raise forms.ValidationError(error.detail, error.code) from error
        return super().clean(value)


def add_reasons(
    form: forms.BaseForm, error: DomainError, names: Mapping[str, str] | None = None
) -> None:
    """Shows the reasons of a domain error: each at its field, or above the form.

    `names` has the form's names of fields that the action names differently.
    """
    for code, detail, field in error.reasons:
        name = (names or {}).get(field or "", field)
        at_field = name if name in form.fields else None
        form.add_error(at_field, forms.ValidationError(detail, code))
