"""Public identifiers: unguessable, short enough for a URL, free of look-alike characters."""

import secrets

from django.db import models

# Crockford's base 32 in lower case: no i, l, o, u, so that an id read out over the phone is not misheard.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 16  # 80 bits: guessing one of 10^9 ids at 1,000 tries a second takes about 40,000 years


def new_public_id() -> str:
    """Return a new random public id of 16 characters (80 bits)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


class PublicIdModel(models.Model):
    """A row that the outside world knows by `public_id`, never by its primary key."""

    public_id = models.CharField(max_length=LENGTH, unique=True, editable=False, default=new_public_id)

    class Meta:
        abstract = True
