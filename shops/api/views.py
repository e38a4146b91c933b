"""Reading a shop."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.generics import RetrieveAPIView

from shops.api.serializers import ShopDetailSerializer
from shops.models import Shop
from shops.querysets import ShopQuerySet


@extend_schema(tags=["Shops"], summary="A shop: hours, people, terms")
class ShopDetailView(RetrieveAPIView[Shop]):
    """Everything public about one shop. Prices and free times for a car: `/api/v1/search/`."""

    serializer_class = ShopDetailSerializer
    lookup_field = "slug"
    queryset = Shop.objects.none()

    def get_queryset(self) -> ShopQuerySet:
        """Listed shops, and the unlisted ones at which the person works."""
        return Shop.objects.visible_to(self.request.user).for_page()
