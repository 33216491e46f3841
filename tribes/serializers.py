"""Fields of tribes in documents of the REST API."""

from rest_framework import serializers

from tribes.bonuses import SLIDERS, bonus_of

MAX_BONUSES = {slider.name: float(bonus_of(slider.max_points)) for slider in SLIDERS}


def bonus_share(slider: str) -> serializers.FloatField:
    """Returns a field for the bonus of a slider."""
    words = slider.replace("_", " ")
    return serializers.FloatField(
        min_value=0, max_value=MAX_BONUSES[slider], help_text=f"Added share of {words}."
    )
