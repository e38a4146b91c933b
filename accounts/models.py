"""People. One account per person, known by an e-mail address, a mobile number, or both."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import Theme
from core.ids import PublicIdModel


class UserManager(BaseUserManager["User"]):
    """Creates people; `username` is not a thing here."""

    def create_user(self, *, email: str | None = None, phone: str | None = None, **fields: Any) -> User:
        """Create a person known by `email` or `phone` (E.164). Without a password they sign in by code."""
        password = fields.pop("password", None)
        user = self.model(email=self.normalize_email(email) if email else None, phone=phone, **fields)
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, **fields: Any) -> User:
        """Create a platform admin with every permission."""
        return self.create_user(**{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(PublicIdModel, AbstractBaseUser, PermissionsMixin):
    """A person: owner of cars, member of shops (`shops.ShopMember`), platform admin (`is_staff`), or several."""

    email = models.EmailField(_("e-mail address"), null=True, blank=True, unique=True)
    phone = models.CharField(_("mobile number"), max_length=20, null=True, blank=True, help_text=_("E.164"))
    phone_verified_at = models.DateTimeField(_("number verified at"), null=True, blank=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    is_staff = models.BooleanField(_("platform admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.UniqueConstraint(fields=["phone"], name="user_phone_unique"),
            models.CheckConstraint(condition=Q(email__isnull=False) | Q(phone__isnull=False), name="user_reachable"),
            models.CheckConstraint(condition=~Q(email="") & ~Q(phone=""), name="user_contact_null_not_empty"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name they gave, else the address or the number they are known by."""
        return self.name or self.email or self.phone or str(self.public_id)

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class KnownDevice(models.Model):
    """A browser that somebody used while signed in (`accounts.devices`): a keyed hash of a random key."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices", verbose_name=_("person")
    )
    key_hash = models.CharField(_("keyed hash"), max_length=64)
    first_seen_at = models.DateTimeField(_("first seen at"))
    last_seen_at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        ordering = ["-last_seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key_hash"], name="device_once_per_person"),
            models.CheckConstraint(condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"), name="device_key_hashed"),
            models.CheckConstraint(
                condition=Q(last_seen_at__gte=models.F("first_seen_at")), name="device_seen_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["key_hash"], name="device_shared"),
            models.Index(fields=["last_seen_at"], name="device_age"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key_hash[:8]}"
