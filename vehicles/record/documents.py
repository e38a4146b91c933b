"""Photos of papers that belong to a record: receipts above all. They show names and prices, so they are their holder's
alone and go when the holder goes; a shop reads them only by a grant."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core import photos
from core.errors import Conflict
from core.photos import CleanPhoto
from vehicles.models import HealthEntry, HealthRecord, RecordDocument

MAX_DOCUMENTS = 200  # of one holder on one record (product decision)


class TooManyDocumentsError(Conflict):
    code = "too_many_documents"


@transaction.atomic
def add_document(
    *,
    record: HealthRecord,
    photo: CleanPhoto,
    by: User,
    at: datetime,
    title: str = "",
    entry: HealthEntry | None = None,
) -> RecordDocument:
    """Keep a cleaned photo of a paper. Raises TooManyDocumentsError."""
    HealthRecord.objects.select_for_update().get(pk=record.pk)
    if record.documents.filter(holder=by).count() >= MAX_DOCUMENTS:
        raise TooManyDocumentsError(
            _("There are %(count)d documents already. Remove one first.") % {"count": MAX_DOCUMENTS}
        )
    document = RecordDocument(
        record=record, entry=entry, holder=by, title=title.strip(), uploaded_at=at, uploaded_by=by
    )
    return photos.store(document, photo)


def remove_document(*, document: RecordDocument) -> None:
    """Delete a document and its files. An entry that names its hash keeps the hash."""
    document.delete()
