"""Who has to prove more than a code: platform admins, where the settings ask for it."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from accounts.models import User


def lacks_second_factor(user: User | AnonymousUser) -> bool:
    """Whether a platform admin still has to set up an authenticator app (`ADMIN_REQUIRES_MFA`); one query at most."""
    if not settings.ADMIN_REQUIRES_MFA or not user.is_authenticated or not user.is_staff:
        return False
    return not is_mfa_enabled(user)
