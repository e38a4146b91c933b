from typing import Any

from django.core.management.base import BaseCommand

from core import vapid_keys


class Command(BaseCommand):
    """Make the key by which push services know the platform. Whoever has it can write to every browser; a new one ends
    all subscriptions."""

    help = "Make a private key for push messages (VAPID)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print it as it belongs into the environment."""
        self.stdout.write(f"VAPID_PRIVATE_KEY={vapid_keys.make()}")
