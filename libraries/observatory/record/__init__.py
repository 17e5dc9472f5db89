"""What a tester reads: views over the JSON of an answer, paths to its fields, and names for what is in it."""

from observatory.record.views import (
    NoSuchItemError,
    ReadOnlyError,
    Record,
    Records,
    exchange_of,
    plain,
    record_of,
    view,
)

__all__ = ["NoSuchItemError", "ReadOnlyError", "Record", "Records", "exchange_of", "plain", "record_of", "view"]
