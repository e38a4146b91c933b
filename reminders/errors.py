"""Refusals of this room."""

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict


class ItemClosedError(Conflict):
    """Somebody said something about it already, or it was done meanwhile."""

    code = "item_closed"
    message = _("This has been settled meanwhile. Reload the page to see how.")
