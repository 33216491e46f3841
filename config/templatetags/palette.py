"""Colours in templates, where a style sheet can't give them."""

from django import template

from config.kernel.palette import COLOURS

register = template.Library()


@register.simple_tag
def colour(name: str) -> str:
    """The colour of the palette with this name, as `#rrggbb`."""
    return COLOURS[name]
