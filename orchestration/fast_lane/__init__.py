"""The dbt models over a slice of the events: the same compiled SQL, on a connection of our own."""
