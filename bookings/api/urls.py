from django.urls import path

from bookings.api import comebacks, floor_views, owner_floor_views, shop_detail, shop_views, views, waiting
from bookings.floor_lists import api as floor_lists

app_name = "bookings_api"
visit = "shops/<slug:slug>/bookings/<str:public_id>"
inspection = f"{visit}/inspections/<int:pk>"
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
    path("bookings/<str:public_id>/lines/", owner_floor_views.Lines.as_view(), name="lines"),
    path("bookings/<str:public_id>/decisions/", owner_floor_views.Decisions.as_view(), name="decisions"),
    path("bookings/<str:public_id>/messages/", owner_floor_views.Messages.as_view(), name="messages"),
    path("bookings/<str:public_id>/check-in/", owner_floor_views.CheckInSheet.as_view(), name="own_check_in"),
    path("bookings/<str:public_id>/handover/", owner_floor_views.Handover.as_view(), name="own_handover"),
    path("waiting/", waiting.Places.as_view(), name="waiting"),
    path("waiting/<str:public_id>/leave/", waiting.Leave.as_view(), name="leave"),
    path("shops/<slug:slug>/bookings/", shop_views.ShopDay.as_view(), name="shop_day"),
    path("shops/<slug:slug>/walk-ins/", shop_views.WalkIns.as_view(), name="walk_ins"),
    path("shops/<slug:slug>/requests/", shop_views.ShopRequests.as_view(), name="shop_requests"),
    path("shops/<slug:slug>/my-day/", floor_lists.MyDayView.as_view(), name="my_day"),
    path("shops/<slug:slug>/pipeline/", floor_lists.PipelineView.as_view(), name="pipeline"),
    path("shops/<slug:slug>/parts/", floor_lists.PartsView.as_view(), name="parts"),
    path(f"{visit}/accept/", shop_views.Accept.as_view(), name="accept"),
    path(f"{visit}/decline/", shop_views.Decline.as_view(), name="decline"),
    path(f"{visit}/swap/", shop_views.Swap.as_view(), name="swap"),
    path(f"{visit}/check-in/", shop_views.CheckIn.as_view(), name="check_in"),
    path(f"{visit}/check-in-sheet/", floor_views.CheckInSheet.as_view(), name="check_in_sheet"),
    path(f"{visit}/check-in-sheet/photos/", floor_views.CheckInPhotos.as_view(), name="check_in_photos"),
    path(f"{visit}/confirm-odometer/", floor_views.ConfirmOdometer.as_view(), name="confirm_odometer"),
    path(f"{visit}/inspections/", floor_views.Inspections.as_view(), name="inspections"),
    path(f"{inspection}/", floor_views.InspectionDetail.as_view(), name="inspection"),
    path(f"{inspection}/finish/", floor_views.FinishInspection.as_view(), name="finish_inspection"),
    path(f"{inspection}/points/<slug:key>/", floor_views.InspectionPoint.as_view(), name="inspection_point"),
    path(f"{inspection}/points/<slug:key>/photos/", floor_views.InspectionPhotos.as_view(), name="inspection_photos"),
    path(f"{visit}/start/", shop_views.Start.as_view(), name="start"),
    path(f"{visit}/ready/", shop_views.Ready.as_view(), name="ready"),
    path(f"{visit}/hand-over/", shop_views.HandOver.as_view(), name="hand_over"),
    path(f"{visit}/no-show/", shop_views.NoShow.as_view(), name="no_show"),
    path(f"{visit}/cancel/", shop_views.ShopCancel.as_view(), name="shop_cancel"),
    path(f"{visit}/move/", shop_views.Move.as_view(), name="move"),
]
