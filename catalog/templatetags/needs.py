"""Filters of the pages of a plan."""

from __future__ import annotations

from datetime import date

from django import template

from catalog.needs import words
from core import day_words
from vehicles.record.odometer import Rate

register = template.Library()


@register.filter
def month_year(day: date | None) -> str:
    """Apr 2027 / 2027年4月."""
    return day_words.month_year(day) if day else ""


@register.filter
def full_day(day: date | None) -> str:
    """21 Nov 2026 / 2026年11月21日."""
    return day_words.full_day(day) if day else ""


@register.filter
def a_month(rate: Rate) -> int:
    """Kilometres a month, in tens."""
    return words.km_a_month(rate)
