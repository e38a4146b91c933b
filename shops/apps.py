from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    verbose_name = _("Shops")

    def ready(self) -> None:
        from shops import notifications, privacy, record_names  # their models need the apps to be loaded

        notifications.connect()
        privacy.connect()
        record_names.connect()
