"""People in the admin: find, correct, close. Nobody edits a password or signs in as somebody else here."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.contacts import ContactError, parse_login
from accounts.models import User

# The admin's own password form would be a second door without limits: who is not signed in comes through ours.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

admin.site.unregister(Group)
# Contacts are corrected on the person; secrets of second factors are nobody's business.
for _model in (EmailAddress, Authenticator):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Contacts in canonical form; at least one."""

    class Meta:
        model = User
        fields = ["name", "email", "phone", "language", "theme", "is_active", "is_staff", "is_superuser", "groups"]

    def clean_email(self) -> str | None:
        email = self.cleaned_data.get("email")
        return email.lower() if email else None

    def clean_phone(self) -> str | None:
        phone = self.cleaned_data.get("phone")
        if not phone:
            return None
        try:
            contact = parse_login(phone)
        except ContactError as error:
            raise ValidationError(str(error.message)) from error
        if not contact.is_phone:
            raise ValidationError(_("Enter a mobile number."))
        return contact.value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("email") and not data.get("phone"):
            raise ValidationError(_("A person needs an e-mail address or a mobile number to sign in."))
        return data


@admin.register(User)
class UserAdmin(ModelAdmin):  # type: ignore[misc]
    form = PersonForm
    list_display = ["display_name", "email", "phone", "shown_role", "is_active", "has_second_factor", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active", "language", "date_joined"]
    list_filter_submit = True
    search_fields = ["email", "phone", "name", "public_id"]
    search_help_text = _("E-mail address, mobile number, name or id")
    ordering = ["-date_joined", "-pk"]
    date_hierarchy = "date_joined"
    list_per_page = 50
    autocomplete_fields = ["groups"]
    actions = ["close_accounts", "reopen_accounts", "remove_second_factor"]
    readonly_fields = ["public_id", "date_joined", "last_login", "phone_verified_at", "has_second_factor"]
    fieldsets = [
        (None, {"fields": ["name", "email", "phone", "phone_verified_at"]}),
        (_("Preferences"), {"fields": ["language", "theme"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "has_second_factor"]}),
        (_("Record"), {"fields": ["public_id", "date_joined", "last_login"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        second_factors = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(with_second_factor=Exists(second_factors))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only a superuser hands out the rights of one."""
        extra = [] if request.user.is_superuser else ["is_staff", "is_superuser", "groups"]
        return [*super().get_readonly_fields(request, obj), *extra]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        """A person is closed, or erased by themselves; their visits are history and stay."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:
        """A contact that an admin typed is not proven: whoever has it proves it by signing in."""
        if "phone" in form.changed_data:
            obj.phone_verified_at = None
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()

    @display(description=_("Name"), ordering="name")  # type: ignore[untyped-decorator]
    def display_name(self, person: User) -> str:
        return person.display_name

    @display(description=_("Role"), label={"admin": "info", "owner": "success"})  # type: ignore[untyped-decorator]
    def shown_role(self, person: User) -> tuple[str, str]:
        return ("admin", str(_("Platform admin"))) if person.is_staff else ("owner", str(_("Person")))

    @display(description=_("Second factor"), boolean=True)  # type: ignore[untyped-decorator]
    def has_second_factor(self, person: User) -> bool:
        return bool(getattr(person, "with_second_factor", False))

    @admin.action(description=_("Close the selected accounts"), permissions=["change"])
    def close_accounts(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self._set_active(request, people.exclude(pk=request.user.pk or 0), active=False)

    @admin.action(description=_("Reopen the selected accounts"), permissions=["change"])
    def reopen_accounts(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self._set_active(request, people, active=True)

    @admin.action(description=_("Remove the second factor (the person lost their phone)"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        people = self._touchable(request, people)
        Authenticator.objects.filter(user__in=people).delete()
        for person in people:
            self.log_change(request, person, "Second factor removed.")
        self._report(request, len(people))

    def _set_active(self, request: HttpRequest, people: QuerySet[User], *, active: bool) -> None:
        people = self._touchable(request, people)
        for person in people:
            person.is_active = active
            person.save(update_fields=["is_active"])
            self.log_change(request, person, "Reopened." if active else "Closed.")
        self._report(request, len(people))

    @staticmethod
    def _touchable(request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        return people if request.user.is_superuser else people.filter(is_superuser=False)

    def _report(self, request: HttpRequest, count: int) -> None:
        said = ngettext("%(count)d account changed.", "%(count)d accounts changed.", count) % {"count": count}
        self.message_user(request, said, messages.SUCCESS)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Sets of permissions for platform admins who are not superusers."""

    list_display = ["name"]
