"""Reviews in the admin: everything to be seen, nothing to be edited. Moderation has pages of its own."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.admin import ReadOnlyAdmin
from reviews.models import (
    Affiliation,
    Appeal,
    Counts,
    FollowUp,
    FollowUpEvent,
    FollowUpOffer,
    HelpfulVote,
    Hint,
    Listing,
    ModerationEvent,
    ModerationItem,
    ModerationPolicy,
    MonthTally,
    RankingMonth,
    Removal,
    Reply,
    Review,
    ReviewInvitation,
    ReviewPerson,
    ReviewPhoto,
    ReviewVersion,
    Signal,
    Subject,
    VisitAnswer,
)
from shops.standings import ShopStanding


class _SeenAdmin(ReadOnlyAdmin):
    """A list to be read; `hidden` fields are files and the like."""

    hidden: ClassVar[frozenset[str]] = frozenset()
    list_per_page = 50
    show_full_result_count = False

    def __init__(self, model: type[Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.fields = [field.name for field in model._meta.fields if field.name not in self.hidden | {"id"}]
        self.readonly_fields = self.fields


class _OfReview(_SeenAdmin):
    list_select_related = ["review"]
    search_fields = ["review__public_id", "review__booking__number"]
    search_help_text = _("Number of the visit")


@admin.register(Review)
class ReviewAdmin(_SeenAdmin):
    list_display = ["public_id", "shop", "service", "author", "status", "visit_month", "helpful_count", "created_at"]
    list_select_related = ["shop", "service", "author"]
    list_filter = ["status", "created_at"]
    search_fields = ["public_id", "booking__number", "shop__name_zh", "shop__name_en", "author__name"]
    search_help_text = _("Number of the visit, shop or author")


@admin.register(ReviewVersion)
class ReviewVersionAdmin(_OfReview):
    list_display = ["review", "number", "stars", "status", "risk", "written_at", "decided_at"]
    list_filter = ["status", "stars", "written_at"]
    ordering = ["-written_at", "-pk"]


@admin.register(ReviewPerson)
class ReviewPersonAdmin(_OfReview):
    list_display = ["review", "person", "role"]
    list_select_related = ["review", "person"]
    list_filter = ["role"]


@admin.register(ReviewPhoto)
class ReviewPhotoAdmin(_OfReview):
    list_display = ["public_id", "review", "uploaded_at"]
    hidden = frozenset({"file", "thumbnail"})
    ordering = ["-uploaded_at", "-pk"]


@admin.register(Reply)
class ReplyAdmin(_OfReview):
    list_display = ["review", "number", "status", "risk", "by", "written_at"]
    list_select_related = ["review", "by"]
    list_filter = ["status", "written_at"]
    ordering = ["-written_at", "-pk"]


@admin.register(HelpfulVote)
class HelpfulVoteAdmin(_OfReview):
    list_display = ["review", "user", "at", "counts"]
    list_select_related = ["review", "user"]
    list_filter = ["counts", "at"]
    ordering = ["-at", "-pk"]


class _CountsAdmin(_SeenAdmin):
    @display(description=_("published reviews"))  # type: ignore[untyped-decorator]
    def reviews(self, row: Counts) -> int:
        return row.reviews


@admin.register(Subject)
class SubjectAdmin(_CountsAdmin):
    list_display = ["shop", "technician", "service", "model", "reviews", "score_milli", "updated_at"]
    list_select_related = ["shop", "technician", "service", "model__make"]
    search_fields = ["shop__name_zh", "shop__name_en"]
    search_help_text = _("Shop")


@admin.register(MonthTally)
class MonthTallyAdmin(_CountsAdmin):
    list_display = ["subject", "month", "reviews"]
    list_select_related = ["subject"]
    search_fields = ["subject__shop__name_zh", "subject__shop__name_en"]
    search_help_text = _("Shop")
    list_filter = ["month"]


@admin.register(Listing)
class ListingAdmin(_OfReview):
    list_display = ["subject", "review", "published_at", "stars", "helpful_count"]
    list_select_related = ["subject", "review"]


@admin.register(RankingMonth)
class RankingMonthAdmin(_SeenAdmin):
    list_display = ["month", "mean_milli", "reviews", "fixed_at"]
    search_fields = ["month"]


@admin.register(ShopStanding)
class ShopStandingAdmin(_SeenAdmin):
    list_display = ["shop", "score_milli", "reviews", "follow_ups", "put_right", "updated_at"]
    list_select_related = ["shop"]
    search_fields = ["shop__name_zh", "shop__name_en"]
    search_help_text = _("Shop")
    ordering = ["-score_milli", "pk"]


@admin.register(Hint)
class HintAdmin(_SeenAdmin):
    list_display = ["kind", "points", "version", "reply"]
    list_select_related = ["version", "reply"]
    list_filter = ["kind"]
    search_fields = ["version__review__booking__number", "reply__review__booking__number"]
    search_help_text = _("Number of the visit")
    ordering = ["-pk"]


@admin.register(ModerationItem)
class ModerationItemAdmin(_OfReview):
    list_display = ["public_id", "kind", "shop", "risk", "waiting_since", "outcome", "decided_by", "decided_at"]
    list_select_related = ["shop", "decided_by"]
    list_filter = ["kind", "band", "outcome", "waiting_since"]


@admin.register(ModerationEvent)
class ModerationEventAdmin(_OfReview):
    list_display = ["at", "review", "version_number", "act", "reason", "by", "note"]
    list_select_related = ["review", "by"]
    list_filter = ["act", "reason", "at"]


@admin.register(ModerationPolicy)
class ModerationPolicyAdmin(_SeenAdmin):
    list_display = ["set_at", "set_by", "auto_publish", "max_risk", "min_published", "sample_percent", "note"]
    list_select_related = ["set_by"]
    search_fields = ["note"]


@admin.register(Appeal)
class AppealAdmin(_OfReview):
    list_display = ["public_id", "review", "side", "reason", "status", "made_at", "decided_by", "decided_at"]
    list_select_related = ["review", "decided_by"]
    list_filter = ["side", "status", "reason", "made_at"]


@admin.register(Removal)
class RemovalAdmin(_OfReview):
    list_display = ["public_id", "review", "reason", "status", "proposed_by", "proposed_at", "decided_by"]
    list_select_related = ["review", "proposed_by", "decided_by"]
    list_filter = ["status", "reason", "proposed_at"]


@admin.register(Affiliation)
class AffiliationAdmin(_SeenAdmin):
    list_display = ["shop", "user", "contact", "kind", "since", "until", "declared_by"]
    list_select_related = ["shop", "user", "declared_by"]
    list_filter = ["kind", "since"]
    search_fields = ["shop__name_zh", "shop__name_en", "contact"]
    search_help_text = _("Shop or contact")


@admin.register(Signal)
class SignalAdmin(_SeenAdmin):
    list_display = ["kind", "shop", "points", "first_seen_at", "last_seen_at", "closed_at", "closed_by"]
    list_select_related = ["shop", "closed_by"]
    list_filter = ["kind", "closed_at"]
    search_fields = ["shop__name_zh", "shop__name_en", "key"]
    search_help_text = _("Shop")


@admin.register(ReviewInvitation)
class ReviewInvitationAdmin(_SeenAdmin):
    list_display = ["booking", "due_at", "sent_at", "remind_at", "reminded_at", "ended_at"]
    list_select_related = ["booking"]
    search_fields = ["booking__number"]
    search_help_text = _("Number of the visit")


@admin.register(VisitAnswer)
class VisitAnswerAdmin(_SeenAdmin):
    list_display = ["booking", "is_happy", "at"]
    list_select_related = ["booking"]
    list_filter = ["is_happy", "at"]
    search_fields = ["booking__number"]
    search_help_text = _("Number of the visit")


@admin.register(FollowUp)
class FollowUpAdmin(_SeenAdmin):
    list_display = ["public_id", "shop", "cause", "status", "opened_at", "contact_due_at", "contacted_at", "closed_at"]
    list_select_related = ["shop"]
    list_filter = ["status", "cause", "opened_at"]
    search_fields = ["public_id", "booking__number", "shop__name_zh", "shop__name_en"]
    search_help_text = _("Number of the visit, or shop")


class _OfFollowUp(_SeenAdmin):
    list_select_related = ["follow_up"]
    search_fields = ["follow_up__public_id", "follow_up__booking__number"]
    search_help_text = _("Number of the visit")


@admin.register(FollowUpEvent)
class FollowUpEventAdmin(_OfFollowUp):
    list_display = ["follow_up", "at", "step", "side", "text"]
    list_filter = ["step", "side", "at"]
    ordering = ["-at", "-pk"]


@admin.register(FollowUpOffer)
class FollowUpOfferAdmin(_OfFollowUp):
    list_display = ["public_id", "follow_up", "kind", "status", "amount_fen", "made_at", "stands_until"]
    list_filter = ["kind", "status", "made_at"]
    ordering = ["-made_at", "-pk"]
