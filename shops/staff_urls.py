"""The shop's own pages, mounted at /shop/ in the namespace `shops` (o2o_platform.urls)."""

from django.urls import path

from shops.views import members, resources, settings, week

urlpatterns = [
    path("", settings.my_shops, name="my_shops"),
    path("invitations/<slug:public_id>/", members.invitation, name="invitation"),
    path("<slug:slug>/settings/", settings.profile, name="settings"),
    path("<slug:slug>/settings/hours/", settings.hours, name="hours"),
    path("<slug:slug>/settings/rules/", settings.rules, name="rules"),
    path("<slug:slug>/settings/closures/", settings.closures, name="closures"),
    path("<slug:slug>/settings/closures/<int:pk>/remove/", settings.remove_closure, name="remove_closure"),
    path("<slug:slug>/settings/changes/", settings.changes, name="changes"),
    path("<slug:slug>/settings/bays/", resources.bays, name="bays"),
    path("<slug:slug>/settings/bays/new/", resources.bay, name="new_bay"),
    path("<slug:slug>/settings/bays/<slug:public_id>/", resources.bay, name="bay"),
    path("<slug:slug>/settings/technicians/", resources.technicians, name="technicians"),
    path("<slug:slug>/settings/technicians/new/", resources.technician, name="new_technician"),
    path("<slug:slug>/settings/technicians/<slug:public_id>/", resources.technician, name="technician"),
    path("<slug:slug>/settings/advisors/new/", resources.advisor, name="new_advisor"),
    path("<slug:slug>/settings/advisors/<slug:public_id>/", resources.advisor, name="advisor"),
    path("<slug:slug>/settings/loaners/new/", resources.loaner, name="new_loaner"),
    path("<slug:slug>/settings/loaners/<slug:public_id>/", resources.loaner, name="loaner"),
    path("<slug:slug>/settings/people/<slug:public_id>/shifts/", week.shifts, name="shifts"),
    path("<slug:slug>/settings/off-peak/", week.off_peak, name="off_peak"),
    path(
        "<slug:slug>/settings/technicians/<slug:public_id>/certificates/",
        resources.add_certificate,
        name="add_certificate",
    ),
    path("<slug:slug>/settings/certificates/<int:pk>/remove/", resources.remove_certificate, name="remove_certificate"),
    path("<slug:slug>/settings/resources/<slug:public_id>/retire/", resources.retire, name="retire"),
    path("<slug:slug>/settings/resources/<slug:public_id>/restore/", resources.restore, name="restore"),
    path("<slug:slug>/staff/", members.staff, name="staff"),
    path("<slug:slug>/staff/<int:pk>/role/", members.change_role, name="change_role"),
    path("<slug:slug>/staff/<int:pk>/remove/", members.remove, name="remove_member"),
    path("<slug:slug>/staff/invitations/<slug:public_id>/revoke/", members.revoke, name="revoke"),
]
