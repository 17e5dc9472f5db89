"""The relay: adds up the numbers of processes that come and go, and shows their sums to Prometheus."""
