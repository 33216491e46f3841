"""The filters of the browser of maps."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from maps.search import language
from maps.search.language import FILTERS
from maps.terrain.grid import TERRAINS

ORDER_LABELS = {
    "hot": "Hot",
    "top": "Top",
    "new": "New",
    "plays": "Most played",
    "random": "Surprise me",
}
ANY_CHOICE = ("", "any")
AT_LEAST, CELLS = "{} or more", "{} cells"


class Facet(forms.ChoiceField):
    """A choice of values for a condition. If the address has another value, it is added as a choice.

    `label_format` formats the label of a value that has none in `values`.
    """

    def __init__(
        self, values: Mapping[str, str] | str, label_format: str = "{}", **options: Any
    ) -> None:
        if isinstance(values, str):
            values = {value: label_format.format(value) for value in values.split()}
        self.values, self.label_format = values, label_format
        super().__init__(choices=[ANY_CHOICE, *values.items()], **options)

    def add_choice(self, control: str, text: str) -> None:
        """Adds the value of an address, as it is written there. An invalid value is not added."""

        def parse(value: str) -> Any:
            return language.parse_condition(*FILTERS[control], value.strip()).value

        try:
            parsed = parse(text)
        except language.InvalidCondition:
            return
        listed = {parse(value): (value, label) for value, label in self.values.items()}
        # It may be listed in another spelling: `Lava` and `4.0` are lava and 4.
        is_listed = parsed in listed
        label = listed[parsed][1] if is_listed else self.label_format.format(parsed)
        listed[parsed] = (text, label)
        keys = listed if is_listed else sorted(listed)
        self.choices = [ANY_CHOICE, *(listed[key] for key in keys)]


class FacetForm(forms.Form):
    """The controls beside the search box. They only show the parameters; maps.search.language parses them.

    So the parameters are initial values: a form with data would check them, and would announce each empty
    control as invalid.
    """

    use_required_attribute = False
    author = forms.CharField(widget=forms.TextInput(attrs={"maxlength": 50, "autocomplete": "off"}))
    terrain = Facet({name.lower(): name for name in TERRAINS})
    rating_min = Facet("3 3.5 4 4.5", AT_LEAST, label="Stars")
    size_min = Facet("30 50 75", CELLS, label="Size from")
    size_max = Facet("25 30 50 75", CELLS, label="Size up to")
    plays_min = Facet("10 100 1000", AT_LEAST, label="Plays")

    def __init__(self, parameters: QueryDict) -> None:
        super().__init__(initial=parameters.dict(), label_suffix="")
        for name, field in self.fields.items():
            if isinstance(field, Facet):
                field.add_choice(name, parameters.get(name, ""))

    def active(self, parameters: QueryDict) -> dict[str, str]:
        """Returns the labels of the active filters by name. An invalid value is not a filter."""
        labels = {}
        for name, field in self.fields.items():
            value = parameters.get(name, "")
            offered: Any = getattr(field, "choices", [(value, value.strip())])
            choices = dict(offered)
            if value.strip() and value in choices:
                labels[name] = f"{self[name].label}: {choices[value]}"
        return labels


class PersonalFacetForm(FacetForm):
    """The facets for a signed-in player."""

    played = Facet({"yes": "played", "no": "not played yet"})
    favourite = Facet({"yes": "my favourites", "no": "others"}, label="Favourites")
