"""What Locust reads in the benchmarks of the load; in a folder of its own, which Locust puts first on its path."""
