"""Settings of the measured server: production's behaviour, without throttles, that would measure themselves."""

from o2o_platform.settings.base import *  # noqa: F403  (settings modules refine one another by star import)
from o2o_platform.settings.base import REST_FRAMEWORK

SECRET_KEY = "benchmark-only-not-a-secret"
ALLOWED_HOSTS = ["127.0.0.1"]
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
# Silent but for answers of 5xx, which must not happen: their tracebacks are shown.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": True,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
