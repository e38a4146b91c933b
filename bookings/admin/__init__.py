"""Visits in the admin, and what happened to their cars on the workshop floor."""

from bookings.admin import floor, visits

__all__ = ["floor", "visits"]
