"""The lists by which a shop's people work: a technician's day, the pipeline by stage, and what waits for parts."""
