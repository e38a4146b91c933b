from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from accounts import privacy, proofs
        from notifications import addresses, keeping, push_views

        proofs.register(addresses.proven)
        push_views.connect()
        # Erased from the last to the first: messages find their person by the notices that the inbox keeps.
        privacy.register("inbox", export=keeping.export_inbox, erase=keeping.erase_inbox)
        privacy.register("messages", export=keeping.export, erase=keeping.erase)
        privacy.register("message_channels", export=keeping.export_preference, erase=keeping.erase_preference)
