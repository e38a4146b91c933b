"""The ten-line program that verifies an export, as the pages show it."""

from __future__ import annotations

from functools import cache

from django.conf import settings


@cache
def verifier_lines() -> str:
    """The program's text, from `static/verify_record.py`."""
    return (settings.BASE_DIR / "static" / "verify_record.py").read_text(encoding="utf-8").strip()
