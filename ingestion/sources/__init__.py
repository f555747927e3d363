"""dlt sources: what is loaded into the warehouse's ``raw`` schema."""
