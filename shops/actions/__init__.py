"""Every write about shops: settings, bays and technicians, members. Each writes a `ShopChange` in its transaction."""
