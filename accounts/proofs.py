"""Who wants to know that somebody proved a contact by a code: an address that was given up works again.

proofs.register(addresses.proven)   # in the higher room's AppConfig.ready()
"""

from __future__ import annotations

from collections.abc import Callable

from accounts.contacts import Contact

Hears = Callable[[Contact], object]

_hearers: list[Hears] = []


def register(hears: Hears) -> None:
    """Call `hears` with each contact that is proven, in the transaction that writes it down; twice is once."""
    if hears not in _hearers:
        _hearers.append(hears)


def tell(contact: Contact) -> None:
    """A code that was sent to the contact came back."""
    for hears in _hearers:
        hears(contact)
