"""Maps in the admin, for moderators and administrators."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from accounts.models import User
from config.admin.forms import CheckedForm, ReasonForm
from config.admin.options import ChangedFieldsAdmin, DecisionAdmin, DecisionInline
from config.db.functions import sort_key
from config.kernel.errors import DomainError, NotFound
from maps.browse.queries import find_map_ids
from maps.editing.actions import TEXT_CHECKS
from maps.models import GameMap, MapDecision
from maps.models.conditions import LARGE_COLUMNS, PUBLISHED
from maps.moderation.actions import decide
from maps.terrain import waves

Action = MapDecision.Action
MAX_DECISIONS_AT_ONCE = 200  # more would exceed the number of form fields that Django accepts


class DecisionForm(ReasonForm):
    """The reason of a decision about maps."""

    audience = "The author reads it on the map's page."


class MapTextForm(CheckedForm):
    """The name and description of a map."""

    checks = TEXT_CHECKS


class StateFilter(admin.SimpleListFilter):
    """Filters maps by their state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Returns the choices."""
        return [
            ("public", "Public"),
            ("private", "Private"),
            ("hidden", "Hidden by a moderator"),
            ("removed", "Removed by its author"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GameMap]) -> QuerySet[GameMap]:
        """Returns the maps in the chosen state."""
        chosen = {
            "public": PUBLISHED,
            "private": Q(is_public=False, hidden_at__isnull=True, removed_at__isnull=True),
            "hidden": Q(hidden_at__isnull=False),
            "removed": Q(removed_at__isnull=False),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class MapDecisionInline(DecisionInline):
    """Earlier decisions about a map."""

    model = MapDecision
    fields = readonly_fields = ("created_at", "moderator", "action", "reason")


@admin.register(GameMap)
class GameMapAdmin(DecisionAdmin, ChangedFieldsAdmin):
    """Moderators view, hide and restore maps. Administrators also edit the texts and delete."""

    form = MapTextForm
    list_display = (
        "thumbnail",
        "label",
        "user",
        "size",
        "state",
        "stars",
        "play_count",
        "created_at",
    )
    list_display_links = ("thumbnail", "label")
    list_filter = (StateFilter, "created_at")
    list_per_page = 30
    list_select_related = ("user",)
    show_full_result_count = False  # counts the whole table a second time
    ordering = ("-created_at",)
    search_fields = ("name",)
    search_help_text = (
        "As in the browser of maps: words, names of authors, conditions such as rating>4"
    )
    readonly_fields = (
        "picture", "user", "state", "size", "stars", "play_count", "created_at", "wave_table",
    )  # fmt: skip
    fields = ("picture", "name", "description", *readonly_fields[1:])
    inlines = (MapDecisionInline,)
    actions = ("hide", "restore")
    change_form_template = "admin/maps/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Returns False, because only players create maps."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Returns whether the user may hide and restore maps."""
        return request.user.has_perm("maps.moderate_gamemap")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GameMap]:
        """Defers the documents: those of one page would need tens of megabytes."""
        return super().get_queryset(request).select_related("user").defer(*LARGE_COLUMNS)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GameMap], search_term: str
    ) -> tuple[QuerySet[GameMap], bool]:
        """Searches like the browser of maps, with conditions and authors. Shows what was left out."""
        try:
            matches, notes = find_map_ids(search_term)
        except DomainError as error:
            matches, notes = None, (error.detail,)
        if request.method == "GET":  # not again for an action on the list
            for note in notes:
                self.message_user(request, note, messages.WARNING)
        return queryset if matches is None else queryset.filter(pk__in=matches), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **options: Any
    ) -> HttpResponse:
        """Adds the button that hides or restores the map, if the user may do that."""
        context["may_moderate"] = self.has_moderate_permission(request)
        return super().render_change_form(request, context, *arguments, **options)

    # ---- Columns --------------------------------------------------------------------------------

    @admin.display(description="name", ordering=sort_key("name"))
    def label(self, game_map: GameMap) -> str:
        """Returns the name, by which the list is sorted as people sort names."""
        return game_map.name

    @admin.display(description="picture")
    def thumbnail(self, game_map: GameMap) -> str:
        """Returns the small picture."""
        return render_to_string(
            "admin/maps/picture.html", {"url": game_map.card_picture, "name": game_map.name}
        )

    @admin.display(description="picture")
    def picture(self, game_map: GameMap) -> str:
        """Returns the large picture."""
        return render_to_string(
            "admin/maps/picture.html",
            {"url": game_map.page_picture, "name": game_map.name, "large": True},
        )

    @admin.display(description="waves")
    def wave_table(self, game_map: GameMap) -> str:
        """Returns the waves as a table."""
        rows = waves.summarize(game_map.wave_config)
        return render_to_string("maps/_waves.html", {"waves": rows, "enemies": waves.ENEMY_TYPES})

    @admin.display
    def size(self, game_map: GameMap) -> str:
        """Returns the cells from west to east and from north to south."""
        return f"{game_map.width} × {game_map.height}"

    @admin.display
    def state(self, game_map: GameMap) -> str:
        """Returns the state of a map."""
        if game_map.removed_at:
            return "Removed"
        if game_map.hidden_at:
            return "Hidden"
        return "Public" if game_map.is_public else "Private"

    @admin.display(ordering="top_score")
    def stars(self, game_map: GameMap) -> str:
        """Returns the mean and number of ratings."""
        return f"{game_map.rating} ({game_map.rating_count})" if game_map.rating_count else "–"

    # ---- Decisions -------------------------------------------------------------------------------

    @admin.action(description="Hide selected maps …", permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[GameMap]) -> HttpResponse | None:
        """Shows the form of a decision, or hides the maps."""
        return self._decide(request, queryset, Action.HIDE)

    @admin.action(description="Restore selected maps …", permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[GameMap]) -> HttpResponse | None:
        """Shows the form of a decision, or restores the maps."""
        return self._decide(request, queryset, Action.RESTORE)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[GameMap], action: Action
    ) -> HttpResponse | None:
        queryset = self.selected_rows(request, queryset)
        if queryset.count() > MAX_DECISIONS_AT_ONCE:
            detail = f"Select at most {MAX_DECISIONS_AT_ONCE} maps at once."
            self.message_user(request, detail, messages.ERROR)
            return None
        form = DecisionForm(request.POST if "decide" in request.POST else None)
        if not form.is_valid():
            context = self.decision_context(request) | {
                "title": f"{action.value.capitalize()} maps",
                "form": form,
                "maps": queryset,
                "action": action.value,
            }
            return TemplateResponse(request, "admin/maps/decide.html", context)
        results = [
            self._decide_one(request, game_map, action, form.cleaned_data["reason"])
            for game_map in queryset
        ]
        changed = results.count(True)
        detail = f"{changed} map{'s'[: changed != 1]} {action.label}."
        if unchanged := results.count(False):
            detail += f" {unchanged} unchanged."
        self.message_user(request, detail)
        return None

    def _decide_one(
        self, request: HttpRequest, game_map: GameMap, action: Action, reason: str
    ) -> bool | None:
        """Decides about one map. Returns whether it changed; None after an error, which is displayed."""
        assert isinstance(request.user, User)
        try:
            changed = decide(
                moderator=request.user, map_id=game_map.pk, action=action, reason=reason
            )
        except DomainError as error:
            detail = "It was deleted." if isinstance(error, NotFound) else error.detail
            self.message_user(request, f"{game_map}: {detail}", messages.ERROR)
            return None
        if changed:
            self.log_change(request, game_map, f"{action.label.capitalize()}: {reason}")
        return changed
