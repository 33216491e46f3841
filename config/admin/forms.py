"""Forms of the admin."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from config.http.forms import ActionForm, TextField
from config.kernel.errors import DomainError


class ReasonForm(ActionForm):
    """A form for the reason of a decision. `audience` is a sentence that says who can read it."""

    audience = ""
    reason = TextField("reason", widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["reason"].help_text = self.audience


class CheckedForm(forms.ModelForm[Any]):
    """A form that applies the same rules as for players. `checks` has them by field."""

    checks: Mapping[str, Callable[[Any], Any]] = {}

    def clean(self) -> dict[str, Any] | None:
        """Checks the changed fields. Others may be older than a rule."""
        cleaned = super().clean()
        for name in self.checks.keys() & set(self.changed_data) & self.cleaned_data.keys():
            try:
                self.cleaned_data[name] = self.checks[name](self.cleaned_data[name])
            except DomainError as error:
                self.add_error(name, error.detail)
        return cleaned
