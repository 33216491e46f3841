"""What the map pages take from people."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from config.http.forms import TextField
from config.kernel.errors import DomainError
from maps.feedback.ratings import FEWEST, MOST
from maps.search import language
from maps.search.language import CONTROLS
from maps.terrain.grid import TERRAINS

ORDER_NAMES = {
    "hot": "Hot",
    "top": "Top",
    "new": "New",
    "plays": "Most played",
    "random": "Surprise me",
}
ANY = ("", "any")
AT_LEAST, CELLS = "{} or more", "{} cells"


class Facet(forms.ChoiceField):
    """A choice of values for a condition, and of another one where an address asks for it.

    `words` say what a value means that has none of its own in `values`.
    """

    def __init__(self, values: Mapping[str, str] | str, words: str = "{}", **more: Any) -> None:
        if isinstance(values, str):
            values = {value: words.format(value) for value in values.split()}
        self.values, self.words = values, words
        super().__init__(choices=[ANY, *values.items()], **more)

    def show(self, control: str, asked: str) -> None:
        """Offer what is asked for, as it is written there. What means nothing is not offered."""

        def meaning(value: str) -> Any:
            return language.condition(*CONTROLS[control], value.strip()).value

        try:
            wanted = meaning(asked)
        except language.Nonsense:
            return
        listed = {meaning(value): (value, words) for value, words in self.values.items()}
        is_listed = (
            wanted in listed
        )  # maybe written otherwise, as lava and 4 are by `Lava` and `4.0`
        listed[wanted] = (asked, listed[wanted][1] if is_listed else self.words.format(wanted))
        self.choices = [ANY, *(listed[key] for key in (listed if is_listed else sorted(listed)))]


class FacetForm(forms.Form):
    """The controls beside the search box. They only show what is asked for: maps.search.language reads it."""

    use_required_attribute = False
    author = forms.CharField(widget=forms.TextInput(attrs={"maxlength": 50, "autocomplete": "off"}))
    terrain = Facet({name.lower(): name for name in TERRAINS})
    rating_min = Facet("3 3.5 4 4.5", AT_LEAST, label="Stars")
    size_min = Facet("30 50 75", CELLS, label="Size from")
    size_max = Facet("25 30 50 75", CELLS, label="Size up to")
    plays_min = Facet("10 100 1000", AT_LEAST, label="Plays")

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked, label_suffix="")
        for name, field in self.fields.items():
            if isinstance(field, Facet):
                field.show(name, asked.get(name, ""))

    def active(self, asked: QueryDict) -> dict[str, str]:
        """The filters that are in force, by name, in words for people. What means nothing is in none."""
        words = {}
        for name, field in self.fields.items():
            value = asked.get(name, "")
            offered: Any = getattr(field, "choices", [(value, value.strip())])
            choices = dict(offered)
            if value.strip() and value in choices:
                words[name] = f"{self[name].label}: {choices[value]}"
        return words


class PersonalFacetForm(FacetForm):
    """The same, for somebody who is signed in."""

    played = Facet({"yes": "played", "no": "not played yet"})
    favourite = Facet({"yes": "my favourites", "no": "others"}, label="Favourites")


class RatingForm(forms.Form):
    """Stars."""

    stars = forms.IntegerField(min_value=FEWEST, max_value=MOST)


class CollectionForm(forms.Form):
    """A collection. maps.collections.actions checks it once more, by the rules that the API has too."""

    name = TextField("collection_name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    description = TextField(
        "collection_description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def refuse(self, refusal: DomainError) -> None:
        """Show what the activity has found at the fields that it names."""
        for _, detail, field in refusal.reasons:
            self.add_error(field if field in self.fields else None, detail)


class NewCollectionForm(CollectionForm):
    """A collection to make; from a map's page also with that map to begin with."""

    is_public = forms.BooleanField(
        label="Public: anyone with the link can see it", label_suffix="", required=False
    )
    first_map = forms.UUIDField(required=False, widget=forms.HiddenInput)
