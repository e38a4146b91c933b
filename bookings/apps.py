from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        # their models need the apps to be loaded
        from bookings import (
            floor_notifications,
            message_kinds,
            notifications,
            planned_visits,
            privacy,
            record_links,
            shop_notifications,
            waiting,
        )
        from bookings.engine import durations
        from bookings.floor import deferred
        from bookings.money import paying

        deferred.connect()
        durations.connect()
        paying.connect()
        message_kinds.connect()
        notifications.connect()
        shop_notifications.connect()
        floor_notifications.connect()
        planned_visits.connect()
        privacy.connect()
        record_links.connect()
        waiting.connect()
