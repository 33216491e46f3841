"""What the pages of lobbies take from people."""

from typing import Any

from django import forms

from accounts.models import User
from config.http.forms import TextField
from config.kernel.errors import DomainError
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.lobby.actions import ALPHABET, CODE_LENGTH, read_code
from tribes.models import Tribe

SEATS = [(n, f"{n} players") for n in range(MIN_SEATS, MAX_SEATS + 1)]
FREE = [(n, f"{n} or more") for n in range(1, MAX_SEATS)]
WHO = [
    ("yes", "Anyone (listed publicly)"),
    ("no", "Friends only (link or code)"),
]
FRIENDS = WHO[1:]


class RefusableForm(forms.Form):
    """A form that also shows what an activity refuses."""

    renamed = {"tribe_id": "tribe"}  # fields that are called otherwise by the activities

    def refuse(self, refusal: DomainError) -> None:
        """Show all that a refusal says, each at the field that it names."""
        for reason in refusal.reasons:
            field = self.renamed.get(reason.field or "", reason.field)
            self.add_error(field if field in self.fields else None, reason.detail)


class TribeForm(RefusableForm):
    """One of a player's own tribes."""

    tribe = forms.ChoiceField(
        error_messages={
            "required": "Choose a tribe.",
            "invalid_choice": "Choose one of your own tribes.",
        }
    )

    def __init__(self, player: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tribes = list(Tribe.objects.filter(user=player).order_by("created_at", "pk"))
        self.fields["tribe"].choices = [(str(t.pk), t.name) for t in self.tribes]  # type: ignore[attr-defined]

    @property
    def cards(self) -> list[tuple[Tribe, bool]]:
        """The tribes, and which of them is chosen: the first one, unless another is named."""
        wanted = str(self["tribe"].value())
        named = next((tribe for tribe in self.tribes if str(tribe.pk) == wanted), None)
        chosen = named or next(iter(self.tribes), None)
        return [(tribe, tribe is chosen) for tribe in self.tribes]


class SettingsForm(RefusableForm):
    """Who may join, and how many. On a map that isn't published nobody is let in but friends."""

    is_public = forms.TypedChoiceField(
        label="Who may join?",
        choices=WHO,
        coerce=lambda text: text == "yes",
        initial="yes",
        widget=forms.RadioSelect,
    )
    seats = forms.TypedChoiceField(
        label="Seats", choices=SEATS, coerce=int, initial=MAX_SEATS, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, is_map_published: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_map_published:
            self.fields["is_public"].choices = FRIENDS  # type: ignore[attr-defined]
            self.fields["is_public"].initial = "no"


class NewLobbyForm(TribeForm, SettingsForm):
    """A lobby to open."""


class CodeForm(RefusableForm):
    """An invite code, as people type it."""

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
        """The code as it is kept."""
        code = read_code(self.cleaned_data["code"])
        if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
            words = f"A code has {CODE_LENGTH} letters and digits, as in 7KQ2MX."
            raise forms.ValidationError(words)
        return code


class FilterForm(forms.Form):
    """What one looks for among the open lobbies."""

    use_required_attribute = False
    game_map = TextField(
        "search",
        label="Map",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    free = forms.TypedChoiceField(
        label="Free seats",
        required=False,
        choices=FREE,
        coerce=int,
        error_messages={"invalid_choice": "there is no such choice, so any number is shown."},
    )

    def add_prefix(self, field_name: str) -> str:
        """The name in the address, which is for people."""
        return "map" if field_name == "game_map" else field_name
