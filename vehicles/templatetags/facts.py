"""How the source of a fact is shown."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def source_lines(text: str) -> list[str]:
    """The sources of a fact, one a line, for the reader: of a line "中文 | English" the half in their language."""
    index = 0 if (get_language() or "zh").startswith("zh") else -1
    return [line.split(" | ")[index] for line in text.splitlines()]
