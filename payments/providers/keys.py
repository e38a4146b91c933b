"""RSA keys and certificates of a provider, from a setting that holds either the text or the path of a file."""

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_PEM = "-----BEGIN "
# How every DER key starts (a SEQUENCE with a long length), in base64: what Alipay's key tool gives, without PEM lines.
_BARE = "MI"


class KeyUnreadableError(ValueError):
    """A key that cannot be read. Its text never says what was in the setting."""


def text_of(value: str) -> str:
    """The key's text: the value itself, or what is in the file that it names. Line breaks may be written as \\n."""
    value = value.strip()
    if value.startswith((_PEM, _BARE)):
        return value.replace("\\n", "\n")
    try:
        return Path(value).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise KeyUnreadableError("neither a key nor a file that can be read") from None


def private_pem(value: str) -> str:
    """An RSA private key as PKCS #8 PEM, whatever form it came in. Raises KeyUnreadableError."""
    text = text_of(value)
    try:
        if text.startswith(_PEM):
            key = serialization.load_pem_private_key(text.encode(), password=None)
        else:
            key = serialization.load_der_private_key(base64.b64decode(text), password=None)
    except (ValueError, TypeError, binascii.Error):
        raise KeyUnreadableError("not a private key") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnreadableError("not an RSA key")
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(value: str) -> str:
    """An RSA public key as PEM. Raises KeyUnreadableError."""
    text = text_of(value)
    try:
        if text.startswith(_PEM):
            key = serialization.load_pem_public_key(text.encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode(text))
    except (ValueError, binascii.Error):
        raise KeyUnreadableError("not a public key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyUnreadableError("not an RSA key")
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
