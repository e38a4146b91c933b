"""The key by which push services know the platform (VAPID, RFC 8292): 32 bytes of P-256 in URL-safe base 64.

Settings import this, so it imports nothing of Django.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make() -> str:
    """A new private key."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _text(number.to_bytes(32, "big"))


def public_of(private: str) -> str:
    """The public key that browsers are given. Raises ValueError for what is no private key."""
    raw = urlsafe_b64decode(private + "=" * (-len(private) % 4))
    if len(raw) != 32:
        raise ValueError("A private key has 32 bytes.")
    key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()).public_key()
    return _text(key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
