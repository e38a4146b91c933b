"""Settings common to every environment. Anything that differs between machines comes from the environment."""

from email.utils import parseaddr
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab, schedule
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from core import vapid_keys
from core.strict_templates import Missing
from o2o_platform.settings.admin import UNFOLD  # noqa: F401  (Unfold reads it from the settings)
from o2o_platform.settings.payment_providers import from_environment as payment_providers

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = False
# Whether invented shops and people may be loaded; local and test settings turn it on.
DEMO_DATA = False
ALLOWED_HOSTS: list[str] = []
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
SITE_NAME = _("CarKeeper")

INSTALLED_APPS = [
    # Unfold's admin replaces templates of django.contrib.admin, so it stands before it.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "o2o_platform.admin_app.PlatformAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "js_lib_leaflet",
    "core",
    "accounts",
    "notifications",
    "vehicles",
    "shops",
    "catalog",
    "payments",
    "bookings",
    "reviews",
    "reminders",
    "o2o_platform",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.PrivatePagesMiddleware",
    "core.middleware.RejectNulBytesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "accounts.middleware.DeviceMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "core.middleware.BodySizeMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shops.middleware.StaffAccessMiddleware",
    "o2o_platform.admin_site.AdminDoorMiddleware",
]

ROOT_URLCONF = "o2o_platform.urls"
WSGI_APPLICATION = "o2o_platform.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "core.context_processors.site",
            ],
        },
    },
    # What people are told: a variable that is missing raises instead of leaving a hole.
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "NAME": "messages",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"string_if_invalid": Missing()},
    },
]

# --- Data ---------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///carkeeper")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        # Lives on without its server: then each process counts limits for itself.
        "BACKEND": "core.caching.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
# Sessions live in PostgreSQL: a person stays signed in, and a hold stays theirs, with the cache wiped.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 90
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The whole of a request's body, files and JSON too (core.middleware); a price list has 2 MB at most. Views that take
# photos allow more (core.photo_fields).
MAX_BODY_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 30

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "notifications.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "phone", "password1"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# A contact is proven by a code before it gets an account (accounts.codes), so allauth need not verify it again.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_RATE_LIMITS = {
    # amount/time/per; "key" is the contact. The first keeps COOL_DOWN in accounts.codes.
    "code_cooldown": "1/30s/key",
    "code_quota": "6/h/key,20/d/key,30/m/ip,300/h/ip",
    # "key" is one code: five attempts, then another code is needed.
    "code_check": "5/10m/key,60/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    # Slots held from one address (bookings.limits): a family or an office, not a machine that empties a calendar.
    "hold": "20/10m/ip",
    # Links to a visit that open nothing (bookings.owner_views.doors): more than a mistyped one or an old message.
    "visit_link_missed": "30/10m/ip",
    # Coupon codes tried by one person, and payments they start (payments.limits): nobody guesses codes, and a provider
    # is not called in a loop.
    "coupon": "20/h/user",
    "pay": "30/10m/user",
}
# How many proxies in front of us append to X-Forwarded-For; 0: the address of the connection counts.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CarKeeper"
ACCOUNT_FORMS = {
    "login": "accounts.entrance_forms.LoginForm",
    "set_password": "accounts.entrance_forms.SetPasswordForm",
    "change_password": "accounts.entrance_forms.ChangePasswordForm",
    "reauthenticate": "accounts.entrance_forms.PasswordReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "accounts.entrance_forms.AuthenticateForm",
    "reauthenticate": "accounts.entrance_forms.ReauthenticateForm",
    "activate_totp": "accounts.entrance_forms.ActivateTOTPForm",
}
# Platform admins need a second factor for /admin/.
ADMIN_REQUIRES_MFA = env.bool("ADMIN_REQUIRES_MFA", default=False)
HEADLESS_CLIENTS = ("app",)

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["o2o_platform.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Who says how long a drive takes: anything with the method of `shops.routing.RoutingEngine`.
ROUTING_ENGINE = "shops.routing.GreatCircle"
# Asked by pages that stand open every few seconds, or by providers of payments and messages, and answered without
# words: neither session nor person is read.
PATHS_WITHOUT_READER = ("/live/", "/payments/notices/", "/notices/")
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Files --------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Uploads are private: no MEDIA_URL, no route; views open them for those who may see them (core.photos).
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / ".data" / "uploads")))
STORAGES = {
    "default": {"BACKEND": "core.private_files.PrivateStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Security -----------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
# The map's tile server, "https://tiles.example/{z}/{x}/{y}.png"; empty: the map draws distance rings instead.
MAP_TILE_URL = env.str("MAP_TILE_URL", default="")
MAP_TILE_HOST = env.str("MAP_TILE_HOST", default="")
_TILE_HOSTS = [MAP_TILE_HOST] if MAP_TILE_HOST else []
CONTENT_SECURITY_POLICY = {
    # The admin's and the API docs' own policies are set beside their URLs (o2o_platform/urls.py).
    "EXCLUDE_URL_PREFIXES": [],
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:", *_TILE_HOSTS],
        "manifest-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "worker-src": [SELF],
    },
}

# --- Messages -----------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="CarKeeper <no-reply@carkeeper.example>")
# Messages go through notifications. Without a mail server or gateway they stay in the delivery log.
# EMAIL_URL: smtp+tls://user:password@host:587, smtp+ssl://…:465
_EMAIL_URL = env.str("EMAIL_URL", default="")
if _EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
    if _EMAIL_URL.startswith("smtp"):
        EMAIL_BACKEND = "notifications.channels.smtp.SmtpBackend"
else:
    EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
EMAIL_TIMEOUT = 10
# Where letters come back to that cannot be delivered, "bounces+{id}@mail.example": {id} is the message's number. Empty:
# to DEFAULT_FROM_EMAIL.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
# With what a mail service signs the letters that it returns to /notices/mail/; empty: there is no such address.
BOUNCE_SECRET = env.str("BOUNCE_SECRET", default="")
# The folder of the local mail server; only on a developer's machine.
MAIL_FOLDER = ""
# A class of notifications.channels.gateways.
SMS_GATEWAY = env.str("SMS_GATEWAY", default="notifications.channels.gateways.outbox.OutboxGateway")
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_TOKEN = env.str("SMS_GATEWAY_TOKEN", default="")
# Thousandths of a yuan for a part of a text: an estimate for the delivery log.
SMS_PRICE_LI = env.int("SMS_PRICE_LI", default=45)
ALIYUN_SMS = {
    "access_key_id": env.str("ALIYUN_ACCESS_KEY_ID", default=""),
    "access_key_secret": env.str("ALIYUN_ACCESS_KEY_SECRET", default=""),
    "sign_name": env.str("ALIYUN_SMS_SIGN_NAME", default=""),
    "template": env.str("ALIYUN_SMS_TEMPLATE", default=""),
    "templates": env.dict("ALIYUN_SMS_TEMPLATES", default={}),
    "endpoint": env.str("ALIYUN_SMS_ENDPOINT", default="https://dysmsapi.aliyuncs.com"),
}
# Part of the address to which the gateway reports (/notices/sms/<secret>/…); empty: there is none.
SMS_REPORTS_SECRET = env.str("SMS_REPORTS_SECRET", default="")
# Push messages to browsers: `manage.py make_push_key` makes the private key; empty: there are none. The subject is whom
# push services write to when something is wrong.
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", default="")
VAPID_PUBLIC_KEY = vapid_keys.public_of(VAPID_PRIVATE_KEY) if VAPID_PRIVATE_KEY else ""
VAPID_SUBJECT = env.str("VAPID_SUBJECT", default=f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}")
# Whether browsers may give addresses on this machine as their push service (notifications.channels.strangers).
STRANGERS_MAY_BE_LOCAL = False
# What stands behind each channel: classes of notifications.channels.base.Sender.
NOTICE_SENDERS = {
    "email": "notifications.channels.email.EmailSender",
    "sms": "notifications.channels.sms.SmsSender",
    "push": "notifications.channels.push.PushSender",
}

# --- Payments -----------------------------------------------------------------------------------

# Options by provider; one that is not configured is not here (docs/payments-providers.md).
PAYMENT_PROVIDERS: dict[str, dict[str, str]] = payment_providers(env.ENVIRON)
# What the environment names and these settings do not offer (production: test money).
REFUSED_PAYMENT_PROVIDERS: list[str] = []

# --- API ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.Pagination",
    "PAGE_SIZE": 20,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": "600/min"},
    # Without it a throttle would believe whatever address a client writes into X-Forwarded-For.
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "EXCEPTION_HANDLER": "core.api.problem_details",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "CarKeeper API",
    "DESCRIPTION": (
        "Find the right shop for a car and a job, hold a real slot, book it, follow it; and run a shop's day.\n\n"
        "**Sign in**: `POST /api/v1/auth/code/` sends six digits to an e-mail address or mobile number,"
        " `POST /api/v1/auth/token/` turns them into a token for the `Authorization: Bearer` header.\n\n"
        "**Money** is integer fen (1/100 yuan). **Times** are ISO 8601 with an offset. **Errors** are problem documents"
        " (RFC 9457) with a stable `code` and, for bad input, `errors` by field."
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/favicon.svg",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_NAME_OVERRIDES": {
        "BookingStatusEnum": "bookings.choices.Status",
        "ShopKindEnum": "shops.choices.ShopKind",
        "PowertrainEnum": "vehicles.choices.Powertrain",
        "ConfidenceEnum": "vehicles.choices.Confidence",
        "HandoverEnum": "bookings.choices.Handover",
        "StateEnum": "bookings.choices.LineState",
        "StageEnum": "bookings.choices.Stage",
        "HandoverWishEnum": "bookings.choices.HANDOVER_WISHES",
        "UrgencyEnum": "bookings.choices.Urgency",
        "AdviceVerdictEnum": "catalog.choices.AdviceVerdict",
        "OverMaintenanceVerdictEnum": "catalog.choices.OverMaintenanceVerdict",
        "ReviewStatusEnum": "reviews.choices.ReviewStatus",
        "ReviewVersionStatusEnum": "reviews.choices.VersionStatus",
        "ReviewAppealStatusEnum": "reviews.choices.AppealStatus",
        "ReviewReasonEnum": "reviews.choices.ReasonCode",
        "FollowUpStatusEnum": "reviews.choices.FollowUpStatus",
        "FollowUpOfferStatusEnum": "reviews.choices.OfferStatus",
        "DueItemStateEnum": "reminders.choices.ItemState",
        "ReminderStageEnum": "reminders.choices.Stage",
        "DueSourceEnum": "reminders.choices.Source",
        "DismissReasonEnum": "reminders.choices.DismissReason",
    },
}

# Where a drill kills a process, once for a file that does not exist yet (core.faults). Never in a deployment.
FAULT_POINT = ""
FAULT_MARK = ""

# --- Celery -------------------------------------------------------------------------------------
# A task is only a wake-up for rows in the database: losing every message loses no work (the sweeps find it again).

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the hard time limit, so that a running task is never delivered twice.
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # A request that finds no broker goes on at once: its event waits in the database for the sweep.
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    # A killed worker's task comes back within seconds instead of the default's minutes.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
# Money has a queue of its own, so that a worker of its own can be given to it (docs/running.md).
CELERY_TASK_ROUTES = {"payments.tasks.*": {"queue": "money"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "core-dispatch-outbox": {"task": "core.tasks.dispatch_outbox", "schedule": schedule(10)},
    "bookings-expire-holds": {"task": "bookings.tasks.expire_holds", "schedule": schedule(30)},
    "notifications-sweep": {
        "task": "notifications.tasks.sweep",
        "schedule": schedule(10),
        "options": {"expires": 10},
    },
    "notifications-forget-old": {"task": "notifications.tasks.forget_old", "schedule": crontab(hour=19, minute=30)},
    "core-clear-sessions": {"task": "core.tasks.clear_sessions", "schedule": schedule(6 * 3600)},
    "core-forget-answers": {"task": "core.tasks.forget_answers", "schedule": schedule(6 * 3600)},
    "accounts-forget-devices": {"task": "accounts.tasks.forget_devices", "schedule": crontab(hour=19, minute=20)},
    "core-sweep-photos": {"task": "core.tasks.sweep_photos", "schedule": crontab(hour=19, minute=40)},
    "bookings-serve-waiting-lists": {"task": "bookings.tasks.serve_waiting_lists", "schedule": schedule(60)},
    "bookings-tell-tomorrow": {"task": "bookings.tasks.tell_tomorrow", "schedule": schedule(300)},
    "bookings-extend-overruns": {"task": "bookings.tasks.extend_overruns", "schedule": schedule(60)},
    "bookings-refresh-figures": {"task": "bookings.tasks.refresh_figures", "schedule": crontab(minute=25)},
    # A wake-up that is late is worth nothing: the next one has come.
    "payments-sweep": {
        "task": "payments.tasks.collecting.sweep",
        "schedule": schedule(15),
        "options": {"expires": 15},
    },
    "payments-watch-freezes": {
        "task": "payments.tasks.collecting.watch_freezes",
        "schedule": crontab(hour=1, minute=10),
    },
    "payments-forget-notices": {
        "task": "payments.tasks.collecting.forget_notices",
        "schedule": crontab(hour=19, minute=50),
    },
    "bookings-learn-durations": {"task": "bookings.tasks.learn_durations", "schedule": crontab(hour=19, minute=10)},
    "payments-settle-due": {"task": "payments.tasks.settling.settle_due", "schedule": schedule(60)},
    "payments-send-payouts": {"task": "payments.tasks.settling.send_payouts", "schedule": schedule(60)},
    "payments-close-statements": {
        "task": "payments.tasks.stating.close_statements",
        "schedule": crontab(hour=18, minute=0),
    },
    # 03:00 in China: visits settled on a day are paid out on the next.
    "payments-make-payouts": {"task": "payments.tasks.settling.make_payouts", "schedule": crontab(hour=19, minute=0)},
    # From 10:30 in China, when the providers' bills of the day before are there; a late one is found an hour later.
    "payments-reconcile": {
        "task": "payments.tasks.reconciling.reconcile",
        "schedule": crontab(hour="2-15", minute=30),
    },
    "payments-check-books": {"task": "payments.tasks.reconciling.check_books", "schedule": crontab(minute=50)},
    "payments-check-books-fully": {
        "task": "payments.tasks.reconciling.check_books_fully",
        "schedule": crontab(hour=20, minute=20),
    },
    # A turn of it takes a minute at the most: on a great day one follows the other.
    "reminders-send-letters": {
        "task": "reminders.tasks.send_letters",
        "schedule": schedule(60),
        "options": {"expires": 60},
    },
    "reminders-send-campaigns": {"task": "reminders.tasks.send_campaigns", "schedule": schedule(300)},
    "reviews-refresh-scores": {"task": "reviews.tasks.refresh_scores", "schedule": schedule(600)},
    "reviews-search-signals": {"task": "reviews.tasks.search_signals", "schedule": crontab(minute=40)},
    "reviews-check-counts": {"task": "reviews.tasks.check_counts", "schedule": crontab(hour=20, minute=35)},
    "reviews-sweep-follow-ups": {"task": "reviews.tasks.sweep_follow_ups", "schedule": schedule(300)},
    "reviews-send-invitations": {"task": "reviews.tasks.send_invitations", "schedule": schedule(120)},
    "reminders-compute-due": {
        "task": "reminders.tasks.compute_due",
        "schedule": schedule(30),
        "options": {"expires": 30},
    },
    "reminders-find-new-cars": {"task": "reminders.tasks.find_new_cars", "schedule": crontab(hour=18, minute=30)},
}
