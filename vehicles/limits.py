# A car that has gone further has not been seen on the road; six digits is also all that odometers show.
MAX_ODOMETER_KM = 999_999
