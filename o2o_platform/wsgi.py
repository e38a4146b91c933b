"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from core import secret_addresses
from core.wsgi import Utf8Only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "o2o_platform.settings.production")

application = Utf8Only(get_wsgi_application())
# Here and not in a server's options: a deployment that switches its access log on cannot forget it.
secret_addresses.keep_out_of_logs()
