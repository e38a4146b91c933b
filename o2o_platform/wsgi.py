"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from core.wsgi import Utf8Only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "o2o_platform.settings.production")

application = Utf8Only(get_wsgi_application())
