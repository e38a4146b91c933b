from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    SYSTEM = "system", _("Like my device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class ContactKind(models.TextChoices):
    """How a person is reached and known."""

    EMAIL = "email", _("E-mail address")
    PHONE = "phone", _("Mobile number")


class CodePurpose(models.TextChoices):
    """What a code proves a contact for."""

    SIGN_IN = "sign_in", _("Sign in")
    ADD_CONTACT = "add_contact", _("Add a contact")
