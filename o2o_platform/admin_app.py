"""Django's admin on the platform's own site."""

from django.contrib.admin.apps import AdminConfig


class PlatformAdminConfig(AdminConfig):
    """Stands in INSTALLED_APPS for django.contrib.admin."""

    default_site = "o2o_platform.admin_site.PlatformSite"
