from django.urls import path

from bookings.api import comebacks, shop_detail, shop_views, views, waiting

app_name = "bookings_api"
visit = "shops/<slug:slug>/bookings/<str:public_id>"
urlpatterns = [
    path("shops/", views.ShopSearch.as_view(), name="shop_search"),
    path("shops/<slug:slug>/", shop_detail.ShopDetail.as_view(), name="shop"),
    path("free-shops/", views.FreeShops.as_view(), name="free_shops"),
    path("shops/<slug:slug>/slots/", views.ShopSlots.as_view(), name="slots"),
    path("holds/", views.Holds.as_view(), name="holds"),
    path("bookings/", views.Bookings.as_view(), name="bookings"),
    path("bookings/<str:public_id>/", views.BookingDetail.as_view(), name="booking"),
    path("bookings/<str:public_id>/events/", views.BookingEvents.as_view(), name="events"),
    path("bookings/<str:public_id>/reschedule/", views.Reschedule.as_view(), name="reschedule"),
    path("bookings/<str:public_id>/cancellation/", views.Cancellation.as_view(), name="cancellation"),
    path("bookings/<str:public_id>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("bookings/<str:public_id>/comeback/", comebacks.Comeback.as_view(), name="comeback"),
    path("waiting/", waiting.Places.as_view(), name="waiting"),
    path("waiting/<str:public_id>/leave/", waiting.Leave.as_view(), name="leave"),
    path("shops/<slug:slug>/bookings/", shop_views.ShopDay.as_view(), name="shop_day"),
    path("shops/<slug:slug>/walk-ins/", shop_views.WalkIns.as_view(), name="walk_ins"),
    path("shops/<slug:slug>/requests/", shop_views.ShopRequests.as_view(), name="shop_requests"),
    path(f"{visit}/accept/", shop_views.Accept.as_view(), name="accept"),
    path(f"{visit}/decline/", shop_views.Decline.as_view(), name="decline"),
    path(f"{visit}/swap/", shop_views.Swap.as_view(), name="swap"),
    path(f"{visit}/check-in/", shop_views.CheckIn.as_view(), name="check_in"),
    path(f"{visit}/start/", shop_views.Start.as_view(), name="start"),
    path(f"{visit}/ready/", shop_views.Ready.as_view(), name="ready"),
    path(f"{visit}/hand-over/", shop_views.HandOver.as_view(), name="hand_over"),
    path(f"{visit}/no-show/", shop_views.NoShow.as_view(), name="no_show"),
    path(f"{visit}/cancel/", shop_views.ShopCancel.as_view(), name="shop_cancel"),
    path(f"{visit}/move/", shop_views.Move.as_view(), name="move"),
]
