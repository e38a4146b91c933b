from django.db import migrations

# Visits booked before these columns existed: their wall time, and their one service with its price.
LOCAL_TIMES = """
UPDATE bookings_booking
SET local_date = (starts_at AT TIME ZONE timezone)::date, local_time = (starts_at AT TIME ZONE timezone)::time
"""
SERVICES = """
INSERT INTO bookings_bookedservice (booking_id, service_id, position, labour_fen, parts_fen, parts_note, minutes)
SELECT id, service_id, 0, labour_fen, parts_fen, parts_note,
    greatest(1, ceil(extract(epoch FROM ends_at - starts_at) / 60))
FROM bookings_booking
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_engine")]

    operations = [migrations.RunSQL([LOCAL_TIMES, SERVICES], migrations.RunSQL.noop)]
