"""What the admin pages of visits have in common."""

from __future__ import annotations

from django.http import HttpRequest


class ReadOnly:
    """Rows that people look at. Platform admins may; nobody adds, edits or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002  (Django asks so)
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002  (Django asks so)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002  (Django asks so)
        return False
