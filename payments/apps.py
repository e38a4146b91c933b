from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("payments")

    def ready(self) -> None:
        # They read settings and models, so not before these are complete.
        from payments import alarm_mail, checks, message_kinds, messages, privacy, shop_messages, waking
        from payments.disputes import messages as dispute_messages

        checks.register()
        waking.connect()
        message_kinds.connect()
        messages.connect()
        shop_messages.connect()
        dispute_messages.connect()
        privacy.connect()
        alarm_mail.connect()
