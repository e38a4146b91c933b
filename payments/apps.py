from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("payments")

    def ready(self) -> None:
        from payments import checks, messages, waking  # they read settings and models, so not before these are complete

        checks.register()
        waking.connect()
        messages.connect()
