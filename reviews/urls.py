"""Owners' and readers' addresses (mounted at the root)."""

from reviews.follow_up_pages import urls as follow_up_urls
from reviews.owner_pages import urls as owner_urls
from reviews.public_pages import urls as public_urls

app_name = "reviews"
urlpatterns = [*owner_urls.urlpatterns, *public_urls.urlpatterns, *follow_up_urls.urlpatterns]
