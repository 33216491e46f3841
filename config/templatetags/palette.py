"""Colours in templates, where a style sheet can't set them."""

from django import template

from config.kernel.palette import COLOURS

register = template.Library()


@register.simple_tag
def colour(name: str) -> str:
    """Returns a colour of the palette, as `#rrggbb`."""
    return COLOURS[name]
