"""The numbers of a process: counted while it runs, kept on the disk, and sent to the relay at its end."""

from observatory.metrics.counting import Metrics
from observatory.metrics.families import BUCKETS

__all__ = ["BUCKETS", "Metrics"]
