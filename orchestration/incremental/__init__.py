"""Batch builds of the people whom new events touch, inside the warehouse."""
