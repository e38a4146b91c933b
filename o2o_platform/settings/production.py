"""Settings of a deployment. Refuses to start half-configured: a wrong secret or DEBUG stops it with one clear line."""

from django.core.exceptions import ImproperlyConfigured

from o2o_platform.settings.base import *  # noqa: F403  (settings modules refine one another by star import)
from o2o_platform.settings.base import INSTALLED_APPS, PAYMENT_PROVIDERS, REST_FRAMEWORK, STORAGES, env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")
if len(SECRET_KEY) < 50 or "not-a-secret" in SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to a random string of at least 50 characters.")
for _name in ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SITE_URL"):
    if not env.str(_name, default=""):
        raise ImproperlyConfigured(f"Set {_name}: production has no default for it.")
if not env.str("EMAIL_URL", default="") and not env.str("SMS_GATEWAY", default=""):
    raise ImproperlyConfigured("Set EMAIL_URL or SMS_GATEWAY: without one of them nobody gets a code to sign in.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
# Behind one proxy, which production needs for TLS, the client's address is the last one in X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)
REST_FRAMEWORK = {**REST_FRAMEWORK, "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT}
ADMIN_REQUIRES_MFA = env.bool("ADMIN_REQUIRES_MFA", default=True)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True

# Only here: test servers look for the plain name to know that they have static files to serve.
_DEPLOYED = {"django.contrib.staticfiles": "core.static_files.StaticFiles"}
INSTALLED_APPS = [_DEPLOYED.get(app, app) for app in INSTALLED_APPS]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Test money is never offered to people, whatever the environment says; `check --deploy` names it.
REFUSED_PAYMENT_PROVIDERS = [key for key in PAYMENT_PROVIDERS if key == "sandbox"]
PAYMENT_PROVIDERS = {key: options for key, options in PAYMENT_PROVIDERS.items() if key != "sandbox"}
