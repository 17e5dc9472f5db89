"""The page of a load: one file that a person can open without any server."""

from observatory.load_page.whole import load_page

__all__ = ["load_page"]
