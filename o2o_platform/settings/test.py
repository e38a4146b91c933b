"""Settings of `make test`: like production where behaviour matters, quick where it does not."""

from o2o_platform.settings.base import *  # noqa: F403  (settings modules refine one another by star import)

SECRET_KEY = "test-only-not-a-secret"  # noqa: S105  (production refuses to start with it)
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# A database to copy instead of running every migration; without it they are run.
DATABASES["default"]["TEST"] = {"TEMPLATE": env.str("TEST_DATABASE_TEMPLATE", default=None)}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEMO_DATA = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# A misspelt icon name fails the test that renders it.
UI_STRICT_ICONS = True
