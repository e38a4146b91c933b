"""The sign-in inside other pages, and the page for who is too quick."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.forms import ContactForm
from tests.accounts.test_second_factor import with_app
from tests.factories.accounts import UserFactory


def test_continue_form_stands_in_any_page(rf: RequestFactory) -> None:
    html = render_to_string("accounts/_continue_form.html", {"next": '/book/"x/', "form": object()}, rf.get("/"))
    assert f'action="{reverse("accounts:continue")}"' in html
    assert 'name="next" value="/book/&quot;x/"' in html
    assert 'name="login"' in html
    assert "csrfmiddlewaretoken" in html


def test_continue_form_keeps_what_was_refused(rf: RequestFactory) -> None:
    refused = ContactForm({"login": "nobody"})
    assert not refused.is_valid()
    html = render_to_string("accounts/_continue_form.html", {"next": "/", "contact_form": refused}, rf.get("/"))
    assert 'value="nobody"' in html
    assert 'aria-invalid="true"' in html


@pytest.mark.django_db
def test_too_many_second_factor_codes_are_refused(client: Client) -> None:
    person = with_app(UserFactory())
    client.force_login(person)
    pages = [client.post(reverse("mfa_reauthenticate"), {"code": "000000"}) for _attempt in range(12)]
    assert pages[0].status_code == 200
    assert pages[-1].status_code == 429
    assert "<main" in pages[-1].content.decode()
