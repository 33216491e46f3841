"""Forms: text fields with the rules of config.kernel.text, domain errors shown in a form, values restored."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Self

from django import forms
from django.http import QueryDict

from config.kernel import text
from config.kernel.errors import AccessDenied, DomainError
from config.kernel.validators import parse_id


class TextField(forms.CharField):
    """Text that obeys a rule of config.kernel.text.TEXT_RULES."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        super().__init__(max_length=text.TEXT_RULES[kind].max_length, **options)

    def clean(self, value: Any) -> Any:
        """Returns the text as it is stored. Raises ValidationError with the reason."""
        value = "" if value is None else str(value)
        if not text.normalize_text(value):
            return super().clean(value)  # Django checks whether it is required
        try:
            value = text.check_text(value, self.kind, "")
        except DomainError as error:
            raise forms.ValidationError(error.detail, error.code) from error
        return super().clean(value)


class IdField(forms.UUIDField):
    """An id, in the same form as in paths."""

    def to_python(self, value: Any) -> Any:
        """Returns the id. Raises ValidationError for other spellings of a UUID."""
        if value in self.empty_values:
            return None
        found = parse_id(str(value))
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid")
        return found


class ErrorCatcher:
    """Catches the domain error of a `with` block, so that the page can show it.

    It does not catch AccessDenied, which has an error page. `detail` is the sentence of the error, or empty.
    `show` is called with the error.
    """

    detail = ""

    def __init__(self, show: Callable[[DomainError], object] | None = None) -> None:
        self.show = show

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, DomainError) or isinstance(error, AccessDenied):
            return False
        self.detail = error.detail
        if self.show:
            self.show(error)
        return True


CSRF_FIELD = "csrfmiddlewaretoken"


class SubmittedValues:
    """What was entered in a stale form (config.http.stale_forms).

    `restored` has the names of the values that a form has, so that the others are not lost.
    """

    def __init__(self, data: QueryDict) -> None:
        self.data = data
        self.restored = {CSRF_FIELD}

    def restore(self, form: forms.BaseForm) -> dict[str, Any]:
        """Returns initial values for a form, without passwords. Empty for a form with other fields."""
        names = {form.add_prefix(name): name for name in form.fields}
        if names.keys().isdisjoint(self.data):
            return {}
        self.restored.update(names)
        widgets = {name: form.fields[name].widget for name in names.values()}
        return {
            name: widgets[name].value_from_datadict(self.data, {}, key)
            for key, name in names.items()
            if not isinstance(widgets[name], forms.PasswordInput)
            and not widgets[name].value_omitted_from_data(self.data, {}, key)
        }


# While the page of a stale form is shown again: what was entered.
SUBMITTED: ContextVar[SubmittedValues | None] = ContextVar("submitted", default=None)


class RestoredForm(forms.Form):
    """A form that restores what was entered before it was stale."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        submitted = SUBMITTED.get()
        if submitted and not self.is_bound:
            self.initial = {**self.initial, **submitted.restore(self)}


class ActionForm(RestoredForm):
    """A form for an action that checks the values itself.

    `field_names` maps the action's field names to those of the form, where they differ.
    """

    field_names: Mapping[str, str] = {}

    def show_errors(self) -> ErrorCatcher:
        """Catches the domain error of a `with` block, and shows each reason in the form."""
        return ErrorCatcher(self.add_reasons)

    def add_reasons(self, error: DomainError) -> None:
        """Shows the reasons of a domain error."""
        for code, detail, field in error.reasons:
            name = self.field_names.get(field or "", field)
            at_field = name if name in self.fields else None
            self.add_error(at_field, forms.ValidationError(detail, code))
