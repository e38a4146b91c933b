"""Why an odometer reading is questioned, in words."""

from django.utils.translation import gettext as _

from vehicles.record.odometer import Doubt


def doubt_words(doubt: Doubt) -> str:
    """One short sentence in the reader's language."""
    return {
        Doubt.FUTURE: _("Its date lies in the future."),
        Doubt.ROLLBACK: _("It is below an earlier reading."),
        Doubt.FACTOR_TEN: _("It looks like a digit too many or too few."),
        Doubt.JUMP: _("It is further than anybody drives in that time."),
        Doubt.CORRECTED: _("It was corrected."),
    }[doubt]
