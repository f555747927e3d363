"""Benchmarks of the real thing: processes, files and databases as an installation has them."""
