"""What ties the parts together: settings, Dagster definitions, command line."""
