"""What an installation tells of itself to others: traces, metrics, dashboards and alerts."""
