"""Keys: one pair of the sandbox, one pair that it hands to its only merchant, and a token for the control interface."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

SANDBOX_KEY = "sandbox-private.pem"
SANDBOX_PUBLIC = "sandbox-public.pem"
MERCHANT_KEY = "merchant-private.pem"
MERCHANT_PUBLIC = "merchant-public.pem"
CONTROL_TOKEN = "control-token"  # noqa: S105  (a file's name)


@dataclass(frozen=True)
class Keys:
    """What the sandbox signs with, whom it believes, and who may control it."""

    own: Ed25519PrivateKey
    merchant: Ed25519PublicKey
    control_token: str

    @property
    def key_id(self) -> str:
        """The name of the sandbox's key, sent with every signature: 16 hexadecimal digits."""
        raw = self.own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(raw).hexdigest()[:16]

    def sign(self, text: str) -> str:
        """The sandbox's signature of a text, in base64."""
        return base64.b64encode(self.own.sign(text.encode())).decode()

    def is_from_merchant(self, signature: str, text: str) -> bool:
        """Whether the merchant signed a text."""
        try:
            self.merchant.verify(base64.b64decode(signature, validate=True), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def load_or_make(directory: Path) -> Keys:
    """Read the keys in `directory`; those that are missing are made, readable by their owner only."""
    if not (directory / SANDBOX_KEY).exists():
        _make_pair(directory, SANDBOX_KEY, SANDBOX_PUBLIC)
    if not (directory / MERCHANT_KEY).exists():
        _make_pair(directory, MERCHANT_KEY, MERCHANT_PUBLIC)
    if not (directory / CONTROL_TOKEN).exists():
        _write(directory / CONTROL_TOKEN, secrets.token_urlsafe(32).encode())
    own = load_pem_private_key((directory / SANDBOX_KEY).read_bytes(), None)
    merchant = load_pem_public_key((directory / MERCHANT_PUBLIC).read_bytes())
    if not isinstance(own, Ed25519PrivateKey) or not isinstance(merchant, Ed25519PublicKey):
        raise SystemExit(f"The keys in {directory} are not Ed25519 keys.")
    return Keys(own, merchant, (directory / CONTROL_TOKEN).read_text())


def _make_pair(directory: Path, private_name: str, public_name: str) -> None:
    key = Ed25519PrivateKey.generate()
    # The public half first: the private one says that the pair is whole.
    _write(directory / public_name, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    _write(directory / private_name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    partial.replace(path)
