"""Secrets in links and codes: 130 random bits, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets

from core.ids import ALPHABET

LENGTH = 26  # of 32 characters each: 130 bits
_READ_WRONGLY = str.maketrans("oil", "011")


def new_token() -> str:
    """A new secret of 26 characters without look-alikes, for an address or to be typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def token_hash(token: str) -> str:
    """What is kept of a token. No salt is needed: nobody can try 2^130 of them."""
    return hashlib.sha256(normalise(token).encode()).hexdigest()


def normalise(typed: str) -> str:
    """A token as it was made, from what somebody typed: spaces and hyphens go, look-alikes become what they must be."""
    return re.sub(r"[^0-9a-z]", "", typed[:200].lower()).translate(_READ_WRONGLY)


def grouped(token: str) -> str:
    """The token in groups, to be read out: "k3v9 …"."""
    return " ".join(token[start : start + 4] for start in range(0, len(token), 4))
