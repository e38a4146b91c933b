"""Settings of `make run`: a developer's machine, DEBUG on, every message shown in the developer outbox."""

import environ

from o2o_platform.services.paths import ENVIRONMENT_FILE

# While `make run` runs, this file says where its PostgreSQL and Valkey are, so that `manage.py` by hand finds them.
# What the environment says itself goes before it.
if ENVIRONMENT_FILE.exists():
    environ.Env.read_env(ENVIRONMENT_FILE)

from o2o_platform.settings.base import *  # noqa: F403  (reads the environment, so it comes after the file)
from o2o_platform.settings.base import TEMPLATES, env

DEBUG = True
DEMO_DATA = True
SECRET_KEY = "local-only-not-a-secret"  # noqa: S105  (production refuses to start with it)
ALLOWED_HOSTS = ["*"]
INTERNAL_IPS = ["127.0.0.1"]
STRANGERS_MAY_BE_LOCAL = True
# Where the launcher's mail server keeps letters; the developer outbox shows them.
MAIL_FOLDER = env.str("MAIL_FOLDER", default="")

# The launcher's terminal puts the process's name before each line.
CELERY_WORKER_LOG_FORMAT = CELERY_BEAT_LOG_FORMAT = "%(levelname)s %(message)s"
CELERY_WORKER_TASK_LOG_FORMAT = "%(levelname)s %(task_name)s %(message)s"

# The sweeps run every few seconds; a line for each would bury everything else. Failures are still logged.
_QUIET = {"level": "WARNING"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"celery.worker.strategy": _QUIET, "celery.app.trace": _QUIET, "celery.beat": _QUIET},
}

if env.bool("RELOAD", default=False):
    # Templates are read anew for each page; gunicorn notices changed Python by itself.
    _LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
    _OPTIONS = TEMPLATES[0]["OPTIONS"]
    TEMPLATES = [{**TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {**_OPTIONS, "loaders": _LOADERS}}, *TEMPLATES[1:]]
