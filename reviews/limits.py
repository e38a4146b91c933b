"""The measures of reviews, in one place. Product decisions; `docs/rules/reviews.md` says them in words."""

from datetime import timedelta

from shops import standings

# --- Writing ---------------------------------------------------------------------------------------
# How long after the handover a visit can be reviewed: a repair shows its worth within weeks, and memory fades.
REVIEW_WITHIN = timedelta(days=60)
# How long after the handover the review can be changed, and after its follow-up was closed if that is later.
EDIT_WITHIN = timedelta(days=90)
EDIT_AFTER_FOLLOW_UP = timedelta(days=30)
MAX_TEXT = 4000
MAX_PHOTOS = 6
MAX_VERSIONS = 20
MAX_REPLY_TEXT = 2000
MAX_REPLIES = 20
# --- Inviting --------------------------------------------------------------------------------------
INVITE_AFTER = timedelta(hours=3)
REMIND_AFTER = timedelta(days=6)
# --- Reading ---------------------------------------------------------------------------------------
# Fewer reviews than this are read, but no score is made of them (as with prices and integrity figures, small).
FEW = standings.FEW
PAGE = 20
# --- Appeals and removal ---------------------------------------------------------------------------
APPEAL_WITHIN = timedelta(days=30)
MAX_APPEAL_TEXT = 2000
# --- Moderation ------------------------------------------------------------------------------------
UNDO_WITHIN = timedelta(seconds=30)
# A person looks within this time; older ones are over the service level.
SERVICE_LEVEL = timedelta(hours=24)
# --- Winning back ----------------------------------------------------------------------------------
# At this total or below, the shop is asked to make contact.
LOW_STARS = 2
CONTACT_WITHIN = timedelta(hours=24)
# After the owner was asked for the last time, a case without their answer lapses.
LAPSES_AFTER = timedelta(days=30)
OFFER_STANDS = timedelta(days=14)
VOUCHER_VALID = timedelta(days=180)
# Nobody is asked whether it was put right before the matter had this long to be settled, and asked again after as long.
ASK_AFTER = timedelta(days=7)
# After what was accepted has been done: long enough to have driven the car.
ASK_AFTER_DONE = timedelta(days=1)
MAX_CONTACT_TEXT = 1000
# So many times a shop writes in one case: who has not answered by then does not want to be written to.
MAX_CONTACTS = 20
MAX_OFFERS = 20
# More than a shop means to give away in one voucher (fen): a slip of the keyboard.
MAX_VOUCHER_FEN = 1_000_000
# What is said in public of winning back: closed cases of this long, and nothing of fewer than this many.
FOLLOW_UP_WINDOW = timedelta(days=365)
FEW_FOLLOW_UPS = 5
