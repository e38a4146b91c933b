from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("payments")

    def ready(self) -> None:
        from payments import checks  # reads settings, so not before they are complete

        checks.register()
