"""The commands of `millrace`, one module a group; each prints text, or JSON with `--json`."""
