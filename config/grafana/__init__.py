"""Grafana's dashboards: written in Python, generated into `dashboards/`, which is what Grafana reads."""
