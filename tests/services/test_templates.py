"""Every template compiles, keeps to the content security policy and names only files that exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines

_TOP = Path(settings.BASE_DIR) / "templates"
_TEMPLATES = sorted(str(path.relative_to(_TOP)) for path in _TOP.rglob("*.html"))
# Mail programs know neither stylesheets nor scripts: there, style attributes are the only way.
_PAGES = [name for name in _TEMPLATES if not name.startswith("emails/")]
# A script element whose type is JSON is data for search engines or our modules; browsers do not run it.
_SCRIPT_BODY = r"<script(?![^>]*(?:\ssrc=|json[\"']))[^>]*>\s*\S"
_INLINE = re.compile(rf"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|{_SCRIPT_BODY}", re.IGNORECASE)


# Hundreds of templates, and a test's own setting up takes longer than reading one: each test goes through them all.


def test_templates_are_found():
    assert len(_PAGES) > 100
    assert len(_TEMPLATES) > len(_PAGES)


def test_every_template_compiles():
    faults = {}
    for name in _TEMPLATES:
        try:
            engines["django"].get_template(name)
        except (TemplateSyntaxError, TemplateDoesNotExist) as error:
            faults[name] = str(error)

    assert faults == {}


def test_no_page_has_an_inline_script_or_style():
    found = {name: _INLINE.findall(_without_comments((_TOP / name).read_text())) for name in _PAGES}

    assert {name: parts for name, parts in found.items() if parts} == {}


def _without_comments(source):
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", source, flags=re.DOTALL)


@pytest.mark.parametrize("source", ["<p style='x'>", "<style>", '<a onclick="x">', "<script>x()</script>"])
def test_an_inline_script_or_style_is_seen(source):
    assert _INLINE.search(_without_comments(source))
    assert not _INLINE.search(_without_comments(f"{{# {source} #}}"))


def test_every_template_names_static_files_that_exist():
    missing = {}
    for name in _TEMPLATES:
        named = re.findall(r"""\{% static ["']([^"']+)["']""", (_TOP / name).read_text())
        if absent := [path for path in named if finders.find(path) is None]:
            missing[name] = absent

    assert missing == {}
