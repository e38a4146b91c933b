from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        # their models need the apps to be loaded
        from bookings import floor_notifications, notifications, planned_visits, privacy, record_links, waiting
        from bookings.engine import durations
        from bookings.floor import deferred
        from bookings.money import paying

        deferred.connect()
        durations.connect()
        paying.connect()
        notifications.connect()
        floor_notifications.connect()
        planned_visits.connect()
        privacy.connect()
        record_links.connect()
        waiting.connect()
