from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        # their models need the apps to be loaded
        from reviews import affiliations, invitations, message_kinds, notifications, privacy, shop_notifications
        from reviews.follow_ups import subscriptions

        affiliations.connect()
        invitations.connect()
        message_kinds.connect()
        notifications.connect()
        privacy.connect()
        shop_notifications.connect()
        subscriptions.connect()
