from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import (  # their models need the apps to be loaded
            durations,
            notifications,
            planned_visits,
            privacy,
            waiting,
        )

        durations.connect()
        notifications.connect()
        planned_visits.connect()
        privacy.connect()
        waiting.connect()
