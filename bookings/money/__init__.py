"""The money of visits: when a visit has an order, what that costs, and what is asked before a visit is booked."""
