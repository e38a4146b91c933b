"""What is wrong with kilometres that somebody typed, in words."""

from django.utils.translation import gettext as _

from vehicles.limits import MAX_ODOMETER_KM
from vehicles.record.typed import Fault, TypedKmError


def typed_words(error: TypedKmError) -> str:
    """One or two short sentences in the reader's language, with the reading that was probably meant."""
    values = {"number": f"{error.number:,}", "limit": f"{MAX_ODOMETER_KM:,}", "likely": f"{error.likely or 0:,}"}
    match error.fault:
        case Fault.MILES if error.likely is not None:
            return _("Enter kilometres. %(number)s miles are about %(likely)s km.") % values
        case Fault.MILES:
            return _("Enter kilometres, not miles.")
        case Fault.DECIMALS if error.likely is not None:
            return _("Enter whole kilometres, for example %(likely)s.") % values
        case Fault.DECIMALS:
            return _("Enter whole kilometres.")
        case Fault.NEGATIVE:
            return _("An odometer never shows less than 0 km.")
        case Fault.TOO_MANY_DIGITS if error.likely is not None:
            return (
                _("An odometer shows at most %(limit)s km. Is there a digit too many? Perhaps you mean %(likely)s.")
                % values
            )
        case Fault.TOO_MANY_DIGITS:
            return _("An odometer shows at most %(limit)s km. Is there a digit too many?") % values
    return _("Enter a number of kilometres, for example 58,240.")
