"""Forms of ratings."""

from django import forms

from maps.feedback.rules import MAX_STARS, MIN_STARS


class RatingForm(forms.Form):
    """A number of stars."""

    stars = forms.IntegerField(min_value=MIN_STARS, max_value=MAX_STARS)
