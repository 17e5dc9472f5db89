"""The models of a page of a list, as `/pokemon?offset=20&limit=20` serves it."""

from __future__ import annotations

from observatory.models.reference import ApiModel, NamedResource


class Page(ApiModel):
    """One page: how many resources there are in all, the neighbouring pages, and this page's resources."""

    count: int
    next: str | None
    previous: str | None
    results: list[NamedResource]


class ListedResource(ApiModel):
    """A resource of a list whose resources may have no names, such as machines."""

    url: str
    name: str | None = None


class PlainPage(ApiModel):
    """One page of a list whose resources may have no names."""

    count: int
    next: str | None
    previous: str | None
    results: list[ListedResource]
