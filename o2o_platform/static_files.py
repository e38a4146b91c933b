"""Static files of a deployment."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class DeployedStaticFilesConfig(StaticFilesConfig):
    """Leaves out static/src: only its compiled form is served, and its imports mean nothing to browsers."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "src"]
