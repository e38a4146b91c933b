from django.db import migrations


def give_records(apps, _schema_editor):
    """A record for every car. Where a VIN is in several garages, the oldest car still there keeps it."""
    Car = apps.get_model("vehicles", "Car")
    HealthRecord = apps.get_model("vehicles", "HealthRecord")
    from core.ids import new_public_id

    kept = set()
    cars = list(Car.objects.filter(record=None).order_by("created_at", "pk"))
    for car in sorted(cars, key=lambda car: car.removed_at is not None):
        is_kept = bool(car.vin) and car.removed_at is None and car.vin not in kept
        kept.add(car.vin)
        car.record = HealthRecord.objects.create(
            public_id=new_public_id(),
            vin=car.vin if is_kept else "",
            owner_id=None if car.removed_at else car.owner_id,
        )
        car.save(update_fields=["record"])


class Migration(migrations.Migration):
    dependencies = [("vehicles", "0004_record_chain")]

    operations = [migrations.RunPython(give_records, migrations.RunPython.noop)]
