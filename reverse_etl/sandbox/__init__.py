"""Simulated vendors over HTTP, with faults on request."""

from reverse_etl.sandbox.app import create_app
from reverse_etl.sandbox.faults import FaultPlan, parse_plan
from reverse_etl.sandbox.server import serve

__all__ = ["FaultPlan", "create_app", "parse_plan", "serve"]
