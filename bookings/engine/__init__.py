"""The booking engine: phases, free time, claims, search. No page of ours is in here."""
