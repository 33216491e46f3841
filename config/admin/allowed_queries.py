"""Restricts the query parameters of admin pages to those that the page itself offers.

Django passes every parameter of a list to the ORM, with all relations, transforms and lookups. So staff who
see one list could read every column of the database. Here the allowed names are those of the list's filters,
so a new `list_filter` needs no other change. Everything else is a 400.
"""

import re
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import filters
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.utils.timezone import is_naive, make_aware

MAX_VALUE_LENGTH = 100  # characters, unless a pattern allows more
# The patterns of the parameters of Django's own templates. Filters add theirs.
SEARCH = re.compile(r".{0,200}", re.DOTALL)
FLAG = re.compile(r"(1|True|true)?")
LIST_PATTERNS = {
    "q": SEARCH,
    "p": re.compile(r"[1-9][0-9]{0,5}"),  # the page
    "o": re.compile(r"(-?[0-9]{1,3}(\.-?[0-9]{1,3})*)?"),  # the order
    "all": FLAG,
    "e": FLAG,  # an error
    "_facets": FLAG,
    "_popup": FLAG,
    "_to_field": re.compile(r"[a-z_]{0,50}"),  # Django checks that the field may be referred to
}
# The query of the list, for the link back to it.
PRESERVED = {"_changelist_filters": re.compile(r".{0,2000}", re.DOTALL)}
PATTERNS = LIST_PATTERNS | PRESERVED | {"term": SEARCH}
ROW_PARAMETERS = {"_changelist_filters", "_popup", "_to_field"}
AUTOCOMPLETE_PARAMETERS = {"term", "page", "app_label", "model_name", "field_name"}
ANY_VALUE = re.compile(rf".{{0,{MAX_VALUE_LENGTH}}}")
DATE_PATTERNS = {
    "year": r"[1-9][0-9]{3}",
    "month": r"[1-9]|1[0-2]",
    "day": r"[1-9]|[12][0-9]|3[01]",
}
BOOLEANS = {"True", "False", "1", "0"}


def check_values(request: HttpRequest) -> None:
    """Raises BadRequest for a parameter that is duplicate, not text, or malformed."""
    for name, values in request.GET.lists():
        pattern = PATTERNS.get(name, ANY_VALUE)
        is_valid = ANY_VALUE.fullmatch(name) and is_text(name + values[0])
        if len(values) != 1 or not is_valid or not pattern.fullmatch(values[0]):
            raise BadRequest("A parameter of this URL is malformed.")


def check_selection(request: HttpRequest, view: Any) -> None:
    """Raises ValidationError for selected rows with malformed keys."""
    key = view.__self__.opts.pk
    for value in request.POST.getlist("_selected_action"):
        key.to_python(value)


def check_names(request: HttpRequest, offered: set[str]) -> None:
    """Raises BadRequest for a parameter that is not in `offered`."""
    if not offered.issuperset(request.GET):
        raise BadRequest("This page does not accept all parameters of this URL.")


def check_page(request: HttpRequest, view: Any) -> None:
    """Raises BadRequest for parameters that a page does not offer. Lists check names themselves."""
    check_values(request)
    name = getattr(view, "__name__", "")
    if name in ("changelist_view", "catch_all_view"):  # the second is always a 404
        return
    if name == "autocomplete_view":
        check_names(request, AUTOCOMPLETE_PARAMETERS)
    elif not isinstance(getattr(view, "__self__", None), admin.ModelAdmin):
        check_names(request, set())
    else:
        check_names(request, ROW_PARAMETERS | ({"p"} if name == "history_view" else set()))


def check_autocomplete(request: HttpRequest, site: admin.AdminSite) -> None:
    """Raises PermissionDenied if no form of the admin has such a field."""
    wanted = tuple(request.GET.get(name) for name in ("app_label", "model_name", "field_name"))
    for model in filter(site.is_registered, apps.get_models()):
        model_admin = site.get_model_admin(model)
        inlines = [inline(model_admin.model, site) for inline in model_admin.inlines]
        for form in (model_admin, *inlines):
            for field in form.get_autocomplete_fields(request):
                if wanted == (form.opts.app_label, form.opts.model_name, field):
                    return
    raise PermissionDenied


def is_text(value: str) -> bool:
    """Returns whether the database can store a value: it has no NUL and no lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


class AllowedQueriesChangeList(ChangeList):
    """A list that filters and sorts only by what it offers. Raises BadRequest for everything else."""

    def get_filters(self, request: HttpRequest) -> Any:
        """Returns the filters. Their names and values are checked before any of them is applied."""
        dates = date_parameters(self.date_hierarchy, request)
        result = super().get_filters(request)
        specs = result[0]
        offered = {str(name): spec for spec in specs for name in spec.expected_parameters()}
        check_names(request, LIST_PATTERNS.keys() | dates | set(offered))
        for name, spec in offered.items():
            if name in request.GET:
                check_filter(spec, name, request.GET[name])
        return result

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        """Returns the order. Each column must be sortable, and occur once."""
        wanted = self.params.get("o")
        columns = [int(part.lstrip("-")) for part in wanted.split(".")] if wanted else []
        if len(set(columns)) < len(columns) or not all(map(self._is_sortable, columns)):
            raise BadRequest("This list can't be sorted in this way.")
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """Reads the rows of the page, or of the last page if it no longer exists, as after a decision."""
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
            self.page_num = paginator.num_pages
            super().get_results(request)

    def _is_sortable(self, column: int) -> bool:
        if column >= len(self.list_display):
            return False
        name = self.list_display[column]
        # Django's template has a link to sort by `__str__`, which changes nothing.
        has_order = self.get_ordering_field(name) or name == "__str__"
        return name in (self.sortable_by or ()) and bool(has_order)


def date_parameters(field: str | None, request: HttpRequest) -> set[str]:
    """Returns the parameters of a date hierarchy: year, month, day. Raises BadRequest for a wrong date."""
    if not field:
        return set()
    names = [f"{field}__{part}" for part in DATE_PATTERNS]
    values = [request.GET.get(name) for name in names]
    for value, before, pattern in zip(values, ["", *values], DATE_PATTERNS.values(), strict=False):
        if value is not None and (before is None or not re.fullmatch(pattern, value)):
            raise BadRequest("There is no such date.")
    if values[0] == "9999":  # Python can't represent the year after it
        raise BadRequest("There is no such date.")
    return set(names)


def check_filter(spec: Any, name: str, value: str) -> None:
    """Raises BadRequest, or an error of Django, for a value that a filter does not offer.

    Other dates than the offered ones are allowed. Without a time zone they are in UTC.
    """
    if name.endswith("__isnull"):
        is_valid = value in BOOLEANS
    elif isinstance(spec, filters.SimpleListFilter):
        is_valid = value in {str(choice) for choice, _ in spec.lookup_choices}
    elif isinstance(spec, filters.ChoicesFieldListFilter):
        is_valid = value in {str(choice) for choice, _ in spec.field.flatchoices}
    elif isinstance(spec, filters.DateFieldListFilter):
        is_valid = bool(value)
        moment = spec.field.to_python(value)
        if isinstance(spec.field, models.DateTimeField) and is_valid:
            spec.used_parameters[name] = [make_aware(moment) if is_naive(moment) else moment]
    else:
        is_valid = True  # Django only compares the field with it
    if not is_valid:
        raise BadRequest("This filter does not offer this value.")


class AllowedQueriesMixin:
    """Makes the list of a ModelAdmin accept only what it offers.

    AdminSite adds it to every class that is registered, also to Django's own.
    """

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Returns the class of the list, with the checks."""
        base = super().get_changelist(request, **options)  # type: ignore[misc]
        return type("AllowedQueriesChangeList", (AllowedQueriesChangeList, base), {})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Returns the list. Raises BadRequest instead of redirecting to the list without parameters."""
        try:
            changelist: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc]
        except IncorrectLookupParameters as error:
            raise BadRequest("A value of this URL is malformed.") from error
        return changelist

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Returns whether forms may refer to rows by a field. Django raises for fields of other models."""
        columns = {field.name for field in self.opts.concrete_fields}  # type: ignore[attr-defined]
        return to_field in columns and super().to_field_allowed(request, to_field)  # type: ignore[misc]
