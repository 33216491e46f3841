"""Players, at the moderators' desk."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.forms import StaffSignInForm
from accounts.models import User
from accounts.moderation import set_active

admin.site.login_form = StaffSignInForm
FOR_MODERATORS: Any = (
    (None, {"fields": ("username",)}),
    ("Play", {"fields": ("level", "total_games_played", "created_at")}),
    ("State", {"fields": ("is_active", "is_staff")}),
)
FOR_ADMINISTRATORS: Any = (
    (None, {"fields": ("username", "email", "password")}),
    ("Play", {"fields": ("level", "total_games_played", "created_at", "last_login")}),
    ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
)


class NewUserForm(AdminUserCreationForm[User]):
    """Asks an administrator for the address too: no account goes without one."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")


@admin.register(User)
class PlayerAdmin(UserAdmin[User]):
    """Moderators look, deactivate and reactivate; administrators do everything."""

    list_display = (
        "username",
        "level",
        "total_games_played",
        "is_active",
        "is_staff",
        "created_at",
    )
    list_filter = ("is_active", "is_staff", "groups")
    ordering = ("-created_at",)
    readonly_fields = ("created_at", "last_login")
    list_per_page = 50
    show_full_result_count = False  # counts the whole table a second time
    add_form = NewUserForm
    add_fieldsets = (
        (None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),
    )
    actions = ("deactivate", "reactivate")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Without what is confidential, for whoever is no administrator."""
        if obj is None:
            return self.add_fieldsets
        return FOR_ADMINISTRATORS if request.user.is_superuser else FOR_MODERATORS

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Names; addresses too for administrators."""
        return ("username", "email") if request.user.is_superuser else ("username",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the list may be filtered by: a filter on addresses would tell them letter by letter."""
        confidential = lookup.startswith(("email", "last_login", "password"))
        if confidential and not request.user.is_superuser:
            return False
        return super().lookup_allowed(lookup, value, request)

    def has_deactivate_permission(self, request: HttpRequest) -> bool:
        """Who may close accounts."""
        return request.user.has_perm("accounts.deactivate_user")

    @admin.action(description="Deactivate selected players", permissions=["deactivate"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Close accounts."""
        self._set_active(request, queryset, active=False)

    @admin.action(description="Reactivate selected players", permissions=["deactivate"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Open accounts again."""
        self._set_active(request, queryset, active=True)

    def _set_active(self, request: HttpRequest, players: QuerySet[User], *, active: bool) -> None:
        assert isinstance(request.user, User)
        asked = players.count()
        changed = set_active(moderator=request.user, players=players, active=active)
        done = "Reactivated." if active else "Deactivated."
        for player in changed:
            self.log_change(request, player, done)
        left = asked - len(changed)
        self.message_user(
            request,
            f"{len(changed)} of {asked} players: {done}"
            + (f" {left} left as they were: so already, staff, or yourself." if left else ""),
            messages.WARNING if left else messages.SUCCESS,
        )
