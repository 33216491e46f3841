"""What the map pages take from people."""

from django import forms

from maps.querysets import ORDERS
from maps.rating import FEWEST, MOST

ORDER_NAMES = {"new": "New", "top": "Top", "plays": "Most played"}
assert ORDER_NAMES.keys() == ORDERS.keys()


class BrowseForm(forms.Form):
    """Search words and an order. Anything it can't use falls back to the usual."""

    q = forms.CharField(max_length=200, required=False)
    sort = forms.ChoiceField(choices=list(ORDER_NAMES.items()), required=False)


class RatingForm(forms.Form):
    """Stars."""

    stars = forms.IntegerField(min_value=FEWEST, max_value=MOST)
