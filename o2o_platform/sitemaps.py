"""What search engines should find: the pages about the platform, the services, the shops."""

from __future__ import annotations

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from catalog.models import Service
from shops.models import Shop


class PageSitemap(Sitemap):  # type: ignore[type-arg]  # not subscriptable at run time
    """Pages without a database row."""

    changefreq = "weekly"

    def items(self) -> list[str]:
        services = ["catalog:service_list", "catalog:not_needed", "catalog:advice_rules"]
        return ["home", "about", "help", "bookings:search", *services, "reviews:ratings", "reviews:rules"]

    def location(self, item: str) -> str:
        return reverse(item)


class ServiceSitemap(Sitemap):  # type: ignore[type-arg]  # not subscriptable at run time
    """One page for each service."""

    changefreq = "monthly"

    def items(self) -> QuerySet[Service]:
        return Service.objects.listed().order_by("position", "key")

    def location(self, item: Service) -> str:
        return reverse("catalog:service_detail", args=[item.key])


class ShopSitemap(Sitemap):  # type: ignore[type-arg]  # not subscriptable at run time
    """One page for each listed shop."""

    changefreq = "daily"

    def items(self) -> QuerySet[Shop]:
        return Shop.objects.listed().order_by("pk")

    def location(self, item: Shop) -> str:
        return reverse("shops:detail", args=[item.slug])


class ShopReviewsSitemap(ShopSitemap):
    """The reviews of each listed shop that has any, by the count at hand: no review is read."""

    def items(self) -> QuerySet[Shop]:
        return super().items().filter(standing__reviews__gt=0)

    def location(self, item: Shop) -> str:
        return reverse("reviews:shop_reviews", args=[item.slug])


SITEMAPS = {
    "pages": PageSitemap,
    "services": ServiceSitemap,
    "shops": ShopSitemap,
    "reviews": ShopReviewsSitemap,
}
