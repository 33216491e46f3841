"""The forms of the pages of lobbies."""

from typing import Any

from django import forms

from accounts.models import User
from config.http.forms import ActionForm, TextField
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.lobby.invite_codes import CODE_LENGTH, is_code, normalize_code
from tribes.actions import own_tribes
from tribes.models import Tribe

SEAT_CHOICES = [(n, f"{n} players") for n in range(MIN_SEATS, MAX_SEATS + 1)]
FREE_SEAT_CHOICES = [(n, f"{n} or more") for n in range(1, MAX_SEATS)]
PUBLIC_CHOICE = ("yes", "Anyone (listed publicly)")
PRIVATE_CHOICE = ("no", "Friends only (link or code)")


class ChooseTribeForm(ActionForm):
    """A choice of one of the player's own tribes."""

    field_names = {"tribe_id": "tribe"}
    tribe = forms.ChoiceField(
        error_messages={
            "required": "Choose a tribe.",
            "invalid_choice": "Choose one of your own tribes.",
        }
    )

    def __init__(self, player: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tribes = list(own_tribes(player))
        self.fields["tribe"].choices = [(str(t.pk), t.name) for t in self.tribes]  # type: ignore[attr-defined]

    @property
    def cards(self) -> list[tuple[Tribe, bool]]:
        """The tribes by name, and whether each is chosen. The default is the oldest one."""
        value = str(self["tribe"].value())
        chosen = next((tribe for tribe in self.tribes if str(tribe.pk) == value), None)
        oldest = min(self.tribes, key=lambda tribe: (tribe.created_at, tribe.pk), default=None)
        chosen = chosen or oldest
        return [(tribe, tribe is chosen) for tribe in self.tribes]


class SettingsForm(ActionForm):
    """Who may join, and how many seats there are. A lobby on a map that is not published is private."""

    is_public = forms.TypedChoiceField(
        label="Who may join?",
        choices=[PUBLIC_CHOICE, PRIVATE_CHOICE],
        coerce=lambda text: text == "yes",
        initial="yes",
        widget=forms.RadioSelect,
    )
    seats = forms.TypedChoiceField(
        label="Seats", choices=SEAT_CHOICES, coerce=int, initial=MAX_SEATS, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, is_map_published: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_map_published:
            self.fields["is_public"].choices = [PRIVATE_CHOICE]  # type: ignore[attr-defined]
            self.fields["is_public"].initial = "no"


class NewLobbyForm(ChooseTribeForm, SettingsForm):
    """A new lobby."""


class InviteCodeForm(ActionForm):
    """An invite code in any spelling."""

    code = TextField(
        "code",
        label="Invite code",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "size": 10,
            }
        ),
    )

    def clean_code(self) -> str:
        """Returns the code as it is stored."""
        code = normalize_code(self.cleaned_data["code"])
        if not is_code(code):
            message = f"A code has {CODE_LENGTH} letters and digits, as in 7KQ2MX."
            raise forms.ValidationError(message)
        return code


class FilterForm(forms.Form):
    """The filters of the list of open lobbies."""

    use_required_attribute = False
    game_map = TextField(
        "search", label="Map", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    free = forms.TypedChoiceField(
        label="Free seats",
        required=False,
        choices=FREE_SEAT_CHOICES,
        coerce=int,
        error_messages={"invalid_choice": "this is not a valid number, so all lobbies are shown."},
    )

    def add_prefix(self, field_name: str) -> str:
        """Returns the name of a field in the address."""
        return "map" if field_name == "game_map" else field_name
