from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    verbose_name = _("Shops")

    def ready(self) -> None:
        # their models need the apps to be loaded
        from shops import message_kinds, notifications, privacy, record_names

        message_kinds.connect()
        notifications.connect()
        privacy.connect()
        record_names.connect()
