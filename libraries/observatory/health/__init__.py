"""The health page: is the API well, in words, and what that is known from; one file that needs no server.

`take_stock` asks the history, `health_page` makes HTML of the answer, and `write_health` does both.
"""

from observatory.health.page import health_page
from observatory.health.stock import take_stock
from observatory.health.values import Health, TargetHealth
from observatory.health.writing import write_health

__all__ = ["Health", "TargetHealth", "health_page", "take_stock", "write_health"]
