"""Which field a violated constraint is about.

The rules of a row are constraints of its table. Forms and the API check the same constraints before they
write, and report each at its field.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

from config.kernel.errors import DomainError, InvalidInput, Reason


def find_field(constraint: models.BaseConstraint) -> str:
    """Returns the field of a constraint, or NON_FIELD_ERRORS if it has several."""
    fields: set[str] = set()
    if isinstance(constraint, models.UniqueConstraint):
        fields.update(constraint.fields)
        for expression in constraint.expressions:
            fields.update(_columns(expression))
    elif isinstance(constraint, models.CheckConstraint):
        fields.update(models.Q(constraint.condition).referenced_base_fields)
    return fields.pop() if len(fields) == 1 else NON_FIELD_ERRORS


def _columns(expression: Any) -> set[str]:
    return {str(vars(part)["name"]) for part in expression.flatten() if isinstance(part, models.F)}


class ConstrainedModel(models.Model):
    """A model that reports violated constraints at their fields."""

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Checks the constraints of this row. Raises ValidationError with the first error of each field."""
        errors: dict[str, Any] = {}
        for constraint in self._meta.constraints:
            field = find_field(constraint)
            if field in errors:
                continue
            try:
                constraint.validate(type(self), self, exclude=set(exclude or ()))
            except ValidationError as error:
                errors[field] = error.error_list
        if errors:
            raise ValidationError(errors)


def find_faults(row: models.Model, fields: Sequence[str]) -> list[Reason]:
    """Returns what is wrong with these fields of a row: violated validators and constraints."""
    others = {field.name for field in row._meta.fields} - set(fields)
    try:
        row.full_clean(exclude=others)
    except ValidationError as error:
        return reasons_of(error)
    return []


def reasons_of(error: ValidationError, field: str | None = None) -> list[Reason]:
    """Returns the reasons of a ValidationError. `field` is for one that names no fields itself."""
    errors = error.error_dict if hasattr(error, "error_dict") else {field: error.error_list}
    return [
        Reason(part.code or "invalid", " ".join(part.messages), name)
        for name, parts in errors.items()
        for part in parts
    ]


def save_checked(row: models.Model, fields: Sequence[str], **options: Any) -> None:
    """Saves a row whose fields were checked.

    Raises InvalidInput with the faults if a constraint is violated, because somebody else took the value
    since.
    """
    try:
        with transaction.atomic():
            row.save(**options)
    except IntegrityError as error:
        unknown = [Reason("invalid", "Something went wrong. Please try again.")]
        raise InvalidInput.combine(find_faults(row, fields) or unknown) from error


def save_with_unique_name(row: models.Model, kind: str) -> None:
    """Saves a checked row whose name must be unique for its owner.

    Raises DomainError (409) if a constraint is violated: after the checks, only the name can be wrong.
    """
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        detail = f"You already have a {kind} with this name."
        raise DomainError("name_taken", detail, field="name") from error
