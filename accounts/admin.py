"""Players and groups of staff in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.identity import email_addresses, passwords
from accounts.identity.forms import StaffSignInForm
from accounts.models import User, UserDecision
from accounts.moderation.actions import EFFECTS, Action, decide
from accounts.second_factor import actions as second_factor
from config.admin.forms import CheckedForm, ReasonForm
from config.admin.options import ChangedFieldsAdmin, DecisionAdmin, DecisionInline
from config.db.functions import sort_key
from config.http.client import client_of
from config.kernel.text import check_text

admin.site.login_form = StaffSignInForm
admin.site.unregister(TOTPDevice)  # its form would show the secret
admin.site.unregister(Group)  # its form accepts any text as a name
MAX_SHOWN = 50  # names on the page of a decision
MODERATOR_FIELDSETS: Any = (
    (None, {"fields": ("username",)}),
    ("Play", {"fields": ("level", "total_games_played", "created_at")}),
    (
        "State",
        {
            "fields": (
                "is_active",
                "is_staff",
                "rating_suspended_until",
                "publishing_suspended_until",
            )
        },
    ),
)
ADMINISTRATOR_FIELDSETS: Any = (
    (None, {"fields": ("username", "email", "password")}),
    ("Play", {"fields": ("level", "total_games_played", "created_at", "last_login")}),
    ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
)


class GroupForm(CheckedForm):
    """A group of staff."""

    checks = {"name": lambda name: check_text(name, "group_name", "name")}


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin):
    """Groups of staff and their permissions."""

    form = GroupForm
    ordering = (sort_key("name"),)


class PlayerDecisionForm(ReasonForm):
    """The reason of a decision, and the date if the action has one."""

    audience = "The player reads it on the account's page."
    until = forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), help_text="In UTC."
    )

    def __init__(self, data: Any = None, *, action: Action) -> None:
        super().__init__(data)
        if not EFFECTS[action].until:
            del self.fields["until"]


class UserDecisionInline(DecisionInline):
    """Earlier decisions about a player."""

    model = UserDecision
    fk_name = "user"
    fields = readonly_fields = ("created_at", "moderator", "action", "reason", "until")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns whether the user may read decisions: everybody who may decide."""
        return request.user.has_perm("accounts.deactivate_user")


class NewUserForm(AdminUserCreationForm[User]):
    """A new account, with an email address."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg] # takes none at runtime
    """Sets a password like players do: other devices are signed out, and the player gets an email."""

    def save(self, commit: bool = True) -> User:
        """Saves the password. Returns the player."""
        user: User = super().save(commit=False)
        if commit:
            passwords.save_password(user)
        return user


def _player_action(action: Action) -> Any:
    """Returns the action of the list for one row of the table of effects."""

    @admin.action(description=f"Selected players: {action.label} …", permissions=["deactivate"])
    def run_action(
        self: "PlayerAdmin", request: HttpRequest, queryset: QuerySet[User]
    ) -> HttpResponse | None:
        return self._decide(request, queryset, action)

    run_action.__name__ = action.value
    return run_action


@admin.register(User)
class PlayerAdmin(DecisionAdmin, ChangedFieldsAdmin, UserAdmin[User]):
    """Moderators view, suspend and ban players. Administrators may do everything."""

    list_display = (
        "label",
        "level",
        "total_games_played",
        "is_active",
        "is_staff",
        "created_at",
    )
    list_filter = ("is_active", "is_staff", "groups")
    ordering = ("-created_at",)
    # `is_active` changes only by a decision, which requires a reason and is recorded.
    readonly_fields = ("created_at", "last_login", "is_active")
    list_per_page = 50
    show_full_result_count = False  # counts the whole table a second time
    add_form = NewUserForm
    change_password_form = PasswordForm
    add_fieldsets = (
        (None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),
    )
    inlines = (UserDecisionInline,)
    actions = [*(_player_action(action) for action in EFFECTS), "reset_second_factor"]

    @admin.display(description="username", ordering=sort_key("username"))
    def label(self, player: User) -> str:
        """Returns the name, by which the list is sorted as people sort names."""
        return player.username

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Returns the decisions; nothing on the form for a new player."""
        return super().get_inlines(request, obj) if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Returns the fields; only administrators see confidential ones."""
        if obj is None:
            return self.add_fieldsets
        return ADMINISTRATOR_FIELDSETS if request.user.is_superuser else MODERATOR_FIELDSETS

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Returns the username; for administrators the email address, too."""
        return ("username", "email") if request.user.is_superuser else ("username",)

    def has_deactivate_permission(self, request: HttpRequest) -> bool:
        """Returns whether the user may suspend and ban."""
        return request.user.has_perm("accounts.deactivate_user")

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """Returns whether the user is an administrator."""
        return request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Saves a player. A new email address must be confirmed, as after a change by its owner."""
        is_new_email = change and "email" in form.changed_data
        if is_new_email:
            obj.email_verified_at = None
            obj.save(update_fields=["email_verified_at"])
        super().save_model(request, obj, form, change)
        if is_new_email:
            email_addresses.notify_of_change(
                client=client_of(request), user=obj, previous=form.initial["email"]
            )

    @admin.action(description="Selected staff: reset two-step sign-in", permissions=["administer"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Removes the authenticator app and the recovery codes of staff who have lost them."""
        for user in queryset:
            second_factor.remove(user)
            self.log_change(request, user, "Two-step sign-in reset")
        self.message_user(
            request,
            "Two-step sign-in is reset. The selected staff set up a new app at their next sign-in.",
        )

    def _decide(
        self, request: HttpRequest, players: QuerySet[User], action: Action
    ) -> HttpResponse | None:
        """Shows the form of a decision, or decides about all selected players."""
        assert isinstance(request.user, User)
        players = self.selected_rows(request, players)
        form = PlayerDecisionForm(request.POST if "decide" in request.POST else None, action=action)
        if form.is_valid():
            data = form.cleaned_data
            with form.show_errors():
                changed = decide(
                    moderator=request.user,
                    players=players,
                    action=action,
                    reason=data["reason"],
                    until=data.get("until"),
                )
                self._report(request, players.count(), changed, action, data["reason"])
                return None
        context = self.decision_context(request) | {
            "title": f"Players to be {action.label}",
            "form": form,
            "players": players[:MAX_SHOWN],
            "more": max(0, players.count() - MAX_SHOWN),
            "action": action.value,
        }
        return TemplateResponse(request, "admin/accounts/decide.html", context)

    def _report(
        self, request: HttpRequest, selected: int, changed: list[User], action: Action, reason: str
    ) -> None:
        for player in changed:
            self.log_change(request, player, f"{action.label.capitalize()}: {reason}")
        left = selected - len(changed)
        text = f"{len(changed)} of {selected} players: {action.label}."
        if left:
            text += f" {left} unchanged: the decision already applies, or it is staff or your own account."
        self.message_user(request, text, messages.WARNING if left else messages.SUCCESS)
