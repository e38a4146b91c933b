"""The browser that journeys use is watched: it serves styles, and reports what a page must not do."""

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.django_db(transaction=True)
def test_live_server_serves_the_built_stylesheet(live_server, page: Page):
    response = page.goto(f"{live_server.url}/static/build/app.css")

    assert response is not None
    assert response.status == 200
