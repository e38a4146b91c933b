"""Text set as a letter."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Only what an address may have: Chinese text follows one without a space, and Django's `urlize` would link it, too.
_ADDRESS = re.compile(r"""(https?://[\w.~:/?#@&=+%;,*!-]*[\w/=-])""", re.ASCII)


@register.filter
def linked(text: str) -> SafeString:
    """The text, escaped, with its web addresses as links."""
    parts = _ADDRESS.split(str(text))
    return mark_safe(  # noqa: S308  (every part is escaped)
        "".join(
            format_html('<a href="{0}">{0}</a>', part) if number % 2 else conditional_escape(part)
            for number, part in enumerate(parts)
        )
    )
