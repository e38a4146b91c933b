"""Which of our static files a deployment collects."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    """Leaves the style sheet's sources (`static/src/`) at home: only Tailwind understands their imports."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "src"]
