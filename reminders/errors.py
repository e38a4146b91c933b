"""Refusals of this room."""

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict


class ItemClosedError(Conflict):
    """Somebody said something about it already, or it was done meanwhile."""

    code = "item_closed"
    message = _("This has been settled meanwhile. Reload the page to see how.")


class NotReopenableError(Conflict):
    """Only what the owner put off or dismissed comes back at their word; what the record says is corrected there."""

    code = "not_reopenable"
    message = _("This was not put off or dismissed. If it was not done, correct the entry in the record.")
