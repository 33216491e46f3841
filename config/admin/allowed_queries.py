"""Which query parameters the pages of the admin accept: those that the page itself offers, and no others.

Django hands every parameter of a list's address to the ORM, whatever relations, transforms and lookups it
names: a query language, in which whoever sees a list can ask about each column of the database. Here the
names come from the filters that stand beside the list, so a new `list_filter` needs no second list.
Everything else is a 400, before a query is made of it.
"""

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin import filters
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import (
    IS_FACETS_VAR,
    IS_POPUP_VAR,
    TO_FIELD_VAR,
    IncorrectLookupParameters,
)
from django.contrib.admin.views.main import (
    ALL_VAR,
    ERROR_FLAG,
    ORDER_VAR,
    PAGE_VAR,
    SEARCH_VAR,
    ChangeList,
)
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.utils.timezone import is_naive, make_aware

PRESERVED_FILTERS = "_changelist_filters"  # the list's own address, for the way back to it
MAX_SEARCH_LENGTH = 200  # characters
MAX_URL_LENGTH = 2000  # of a list, as it is preserved
MAX_VALUE_LENGTH = 100  # characters of any other value
FLAG = re.compile(r"(1|True|true)?")
# What each parameter looks like that Django's own templates put into addresses. Filters add theirs.
PATTERNS = {
    SEARCH_VAR: re.compile(rf".{{0,{MAX_SEARCH_LENGTH}}}", re.DOTALL),
    PAGE_VAR: re.compile(r"[1-9][0-9]{0,5}"),
    ORDER_VAR: re.compile(r"(-?[0-9]{1,3}(\.-?[0-9]{1,3})*)?"),
    ALL_VAR: FLAG,
    ERROR_FLAG: FLAG,
    IS_FACETS_VAR: FLAG,
    IS_POPUP_VAR: FLAG,
    TO_FIELD_VAR: re.compile(r"[a-z_]{0,50}"),  # Django checks that the field may be referred to
    PRESERVED_FILTERS: re.compile(rf".{{0,{MAX_URL_LENGTH}}}", re.DOTALL),
    "term": re.compile(rf".{{0,{MAX_SEARCH_LENGTH}}}", re.DOTALL),
}
LIST_PARAMETERS = {
    SEARCH_VAR, PAGE_VAR, ORDER_VAR, ALL_VAR, ERROR_FLAG, IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR,
}  # fmt: skip
ROW_PARAMETERS = {PRESERVED_FILTERS, IS_POPUP_VAR, TO_FIELD_VAR}
AUTOCOMPLETE_PARAMETERS = {"term", "page", "app_label", "model_name", "field_name"}
ANY_VALUE = re.compile(rf".{{0,{MAX_VALUE_LENGTH}}}")
DATE_PATTERNS = {
    "year": r"[1-9][0-9]{3}",
    "month": r"[1-9]|1[0-2]",
    "day": r"[1-9]|[12][0-9]|3[01]",
}
BOOLEANS = {"True", "False", "1", "0"}


def check_values(request: HttpRequest) -> None:
    """Raise BadRequest for a parameter that is given twice, is no text, or does not look like its kind."""
    for name, values in request.GET.lists():
        form = PATTERNS.get(name, ANY_VALUE)
        is_good = ANY_VALUE.fullmatch(name) and is_text(name + values[0])
        if len(values) != 1 or not is_good or not form.fullmatch(values[0]):
            raise BadRequest("A parameter of this address can't be understood.")


def check_selection(request: HttpRequest, view: Any) -> None:
    """Raise ValidationError for selected rows whose keys are none."""
    key = view.__self__.opts.pk
    for value in request.POST.getlist(ACTION_CHECKBOX_NAME):
        key.to_python(value)


def check_names(request: HttpRequest, offered: set[str]) -> None:
    """Raise BadRequest for a parameter that is not offered."""
    if not offered.issuperset(request.GET):
        raise BadRequest("This page does not offer all parameters of this address.")


def check_page(request: HttpRequest, view: Any) -> None:
    """Raise BadRequest for what a page of the admin does not offer. Lists check their names themselves."""
    check_values(request)
    name = getattr(view, "__name__", "")
    if (
        name == "changelist_view" or name == "catch_all_view"
    ):  # the latter asks nothing: it is a 404
        return
    if name == "autocomplete_view":
        check_names(request, AUTOCOMPLETE_PARAMETERS)
    elif not isinstance(getattr(view, "__self__", None), admin.ModelAdmin):
        check_names(request, set())
    else:
        check_names(
            request, ROW_PARAMETERS | {PAGE_VAR} if name == "history_view" else ROW_PARAMETERS
        )


def check_autocomplete(request: HttpRequest, site: admin.AdminSite) -> None:
    """Raise PermissionDenied where no form of the admin has a field that completes what is asked for."""
    asked = tuple(request.GET.get(name) for name in ("app_label", "model_name", "field_name"))
    for model_admin in site._registry.values():
        inlines = [inline(model_admin.model, site) for inline in model_admin.inlines]
        for form in (model_admin, *inlines):
            for field in form.get_autocomplete_fields(request):
                if asked == (form.opts.app_label, form.opts.model_name, field):
                    return
    raise PermissionDenied


def is_text(value: str) -> bool:
    """Whether the database could store it: no NUL, no halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


class AllowedQueriesChangeList(ChangeList):
    """A list that is filtered and sorted by what it offers itself. Raises BadRequest for all else."""

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters, whose names and values are checked before any of them is applied."""
        dates = date_parameters(self.date_hierarchy, request)
        found = super().get_filters(request)
        specs = found[0]
        offered = {str(name): spec for spec in specs for name in spec.expected_parameters()}
        check_names(request, LIST_PARAMETERS | dates | set(offered))
        for name, spec in offered.items():
            if name in request.GET:
                check_filter(spec, name, request.GET[name])
        return found

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        """The order, by columns that can be sorted by, each once."""
        asked = self.params.get(ORDER_VAR)
        columns = [int(part.lstrip("-")) for part in asked.split(".")] if asked else []
        if len(set(columns)) < len(columns) or not all(map(self._sorts, columns)):
            raise BadRequest("This list can't be sorted like this.")
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """The rows; the first page where the one asked for has gone with the rows that were on it."""
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            self.page_num = 1
            super().get_results(request)

    def _sorts(self, column: int) -> bool:
        if column >= len(self.list_display):
            return False
        name = self.list_display[column]
        # Django's template offers to sort by `__str__`, which then changes nothing.
        sorts = self.get_ordering_field(name) or name == "__str__"
        return name in (self.sortable_by or ()) and bool(sorts)


def date_parameters(field: str | None, request: HttpRequest) -> set[str]:
    """The parameters of a date hierarchy: a year, with a month, with a day. Raises BadRequest."""
    if not field:
        return set()
    names = [f"{field}__{part}" for part in DATE_PATTERNS]
    given = [request.GET.get(name) for name in names]
    for value, before, form in zip(given, ["", *given], DATE_PATTERNS.values(), strict=False):
        if value is not None and (before is None or not re.fullmatch(form, value)):
            raise BadRequest("There is no such date.")
    if given[0] == "9999":  # it ends in a year that Python does not know
        raise BadRequest("There is no such date.")
    return set(names)


def check_filter(spec: Any, name: str, value: str) -> None:
    """Raise BadRequest, or what Django refuses, for a value that a filter does not offer.

    Dates may be others than those offered, and are read here: without a time zone they are in UTC.
    """
    if name.endswith("__isnull"):
        is_good = value in BOOLEANS
    elif isinstance(spec, filters.SimpleListFilter):
        is_good = value in {str(choice) for choice, _ in spec.lookup_choices}
    elif isinstance(spec, filters.ChoicesFieldListFilter):
        is_good = value in {str(choice) for choice, _ in spec.field.flatchoices}
    elif isinstance(spec, filters.DateFieldListFilter):
        is_good = bool(value)
        moment = spec.field.to_python(value)
        if isinstance(spec.field, models.DateTimeField) and is_good:
            spec.used_parameters[name] = [make_aware(moment) if is_naive(moment) else moment]
    else:
        is_good = True  # Django reads it as a value of the field, for an exact comparison
    if not is_good:
        raise BadRequest("This filter does not offer this value.")


class AllowedQueriesMixin:
    """What AdminSite puts before each ModelAdmin: its lists accept what they offer.

    A mixin of the class that is registered, so that no ModelAdmin is without it, Django's own included.
    """

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """The class of the list, made strict."""
        usual = super().get_changelist(request, **options)  # type: ignore[misc]
        return type("AllowedQueriesChangeList", (AllowedQueriesChangeList, usual), {})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list; raises BadRequest where Django would lead on to the list without parameters."""
        try:
            found: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc]
        except IncorrectLookupParameters as error:
            raise BadRequest("A value of this address can't be understood.") from error
        return found

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Whether forms may refer to rows by a field; Django fails over relations from elsewhere."""
        columns = {field.name for field in self.opts.concrete_fields}  # type: ignore[attr-defined]
        return to_field in columns and super().to_field_allowed(request, to_field)  # type: ignore[misc]
