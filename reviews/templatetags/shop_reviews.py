"""What a shop's pages about reviews say that other pages do not."""

from __future__ import annotations

from django import template

from reviews.shown_text import visible

register = template.Library()


@register.filter
def visible_text(text: str) -> str:
    """Words of somebody without characters that turn or hide text."""
    return visible(text)
