"""States of money and the moves between them. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderKey(models.TextChoices):
    """Through whom money comes and goes."""

    ALIPAY = "alipay", _("Alipay")
    WECHAT = "wechat", _("WeChat Pay")
    STRIPE = "stripe", _("Bank card (Stripe)")
    SANDBOX = "sandbox", _("Test payment")
    SHOP = "shop", _("At the shop")
    BANK = "bank", _("Bank transfer")


# Those that owners can pay with online, in the order in which they are offered.
ONLINE = (ProviderKey.ALIPAY, ProviderKey.WECHAT, ProviderKey.STRIPE, ProviderKey.SANDBOX)
