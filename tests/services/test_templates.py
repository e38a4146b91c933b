"""Every template compiles, keeps to the content security policy and names only files that exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines

_TOP = Path(settings.BASE_DIR) / "templates"
_TEMPLATES = sorted(str(path.relative_to(_TOP)) for path in _TOP.rglob("*.html"))
# Mail programs know neither stylesheets nor scripts: there, style attributes are the only way.
_PAGES = [name for name in _TEMPLATES if not name.startswith("emails/")]
# A script element whose type is JSON is data for search engines or our modules; browsers do not run it.
_SCRIPT_BODY = r"<script(?![^>]*(?:\ssrc=|json[\"']))[^>]*>\s*\S"
_INLINE = re.compile(rf"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|{_SCRIPT_BODY}", re.IGNORECASE)


@pytest.mark.parametrize("name", _TEMPLATES)
def test_template_compiles(name):
    engines["django"].get_template(name)


@pytest.mark.parametrize("name", _PAGES)
def test_template_has_no_inline_script_or_style(name):
    source = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", (_TOP / name).read_text(), flags=re.DOTALL)

    assert _INLINE.findall(source) == []


@pytest.mark.parametrize("name", _TEMPLATES)
def test_template_names_static_files_that_exist(name):
    named = re.findall(r"""\{% static ["']([^"']+)["']""", (_TOP / name).read_text())

    assert [path for path in named if finders.find(path) is None] == []
