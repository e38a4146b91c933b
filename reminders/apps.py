from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RemindersConfig(AppConfig):
    name = "reminders"
    verbose_name = _("Reminders")

    def ready(self) -> None:
        # their models need the apps to be loaded
        from reminders import calendar, message_kinds
        from reminders.computing import staleness
        from reminders.sending import returns

        calendar.connect()
        message_kinds.register()
        returns.connect()
        staleness.connect()
