"""What the map pages take from people."""

from django import forms

from config.refusals import Refused
from maps.collecting import LONGEST_DESCRIPTION, LONGEST_NAME
from maps.rating import FEWEST, MOST
from maps.terrain import TERRAINS

ORDER_NAMES = {
    "hot": "Hot",
    "top": "Top",
    "new": "New",
    "plays": "Most played",
    "random": "Surprise me",
}
ANY = ("", "any")


class FacetForm(forms.Form):
    """The controls beside the search box. They only show what is asked for: maps.query reads it."""

    use_required_attribute = False
    author = forms.CharField(widget=forms.TextInput(attrs={"maxlength": 50, "autocomplete": "off"}))
    terrain = forms.ChoiceField(choices=[ANY, *((name.lower(), name) for name in TERRAINS)])
    rating_min = forms.ChoiceField(
        label="Stars", choices=[ANY, *((n, f"{n} and more") for n in ("3", "3.5", "4", "4.5"))]
    )
    size_min = forms.ChoiceField(
        label="Size from", choices=[ANY, *((n, f"{n} cells") for n in ("30", "50", "75"))]
    )
    size_max = forms.ChoiceField(
        label="Size up to", choices=[ANY, *((n, f"{n} cells") for n in ("25", "30", "50", "75"))]
    )
    plays_min = forms.ChoiceField(
        label="Plays", choices=[ANY, *((n, f"{n} and more") for n in ("10", "100", "1000"))]
    )


class PersonalFacetForm(FacetForm):
    """The same, for somebody who is signed in."""

    played = forms.ChoiceField(choices=[ANY, ("yes", "played"), ("no", "not played yet")])
    favourite = forms.ChoiceField(
        label="Favourites", choices=[ANY, ("yes", "my favourites"), ("no", "others")]
    )


class RatingForm(forms.Form):
    """Stars."""

    stars = forms.IntegerField(min_value=FEWEST, max_value=MOST)


class CollectionForm(forms.Form):
    """A collection. maps.collecting checks it once more, by the rules that the API has too."""

    name = forms.CharField(
        max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    description = forms.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def refuse(self, refusal: Refused) -> None:
        """Show what the activity has found at the fields that it names."""
        for _, detail, field in refusal.reasons:
            self.add_error(field if field in self.fields else None, detail)


class NewCollectionForm(CollectionForm):
    """A collection to make; from a map's page also with that map to begin with."""

    is_public = forms.BooleanField(
        label="Public: anyone with the link can see it", label_suffix="", required=False
    )
    first_map = forms.UUIDField(required=False, widget=forms.HiddenInput)
