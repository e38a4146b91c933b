"""A code that a provider's app scans, drawn as SVG."""

from __future__ import annotations

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from qrcode.exceptions import DataOverflowError

# What a provider's app scans is an address; longer than this nothing readable can be drawn on a telephone.
MAX_TEXT = 600
# Light modules round the code, as the standard asks (ISO/IEC 18004).
_QUIET = 4


def svg(text: str) -> SafeString:
    """The QR code of `text`, dark on light in both themes; "" where nothing can be drawn."""
    if not text or len(text) > MAX_TEXT:
        return SafeString("")
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(text)
    try:
        rows = code.get_matrix()
    except DataOverflowError:
        return SafeString("")
    size = len(rows) + 2 * _QUIET
    return format_html(
        '<svg class="pay-code" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges"'
        ' focusable="false"><rect class="pay-code-light" width="{size}" height="{size}"/>'
        '<path class="pay-code-dark" d="{path}"/></svg>',
        size=size,
        label=_("Code to scan with the app"),
        path=" ".join(_runs(rows)),
    )


def _runs(rows: list[list[bool]]) -> list[str]:
    """Dark modules, as far as they touch in a row drawn as one."""
    parts = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            parts.append(f"M{start + _QUIET} {y + _QUIET}h{x - start}v1h-{x - start}z")
    return parts
