"""Where uploads are kept: outside everything that is served, readable by the application alone."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Files under MEDIA_ROOT that have no address: a view that asked for permission opens them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700, **options)

    def url(self, name: str | None) -> str:
        """Always raises ValueError: a link to the file itself would be a link for everybody."""
        raise ValueError(f"{name} is private and has no address.")
