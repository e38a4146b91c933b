"""Pages that belong to no trade."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: explain and offer the way back instead of Django's bare page."""
    return render(request, "403.html", {"csrf": True, "reason": reason}, status=403)
