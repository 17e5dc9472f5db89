"""The model of `/meta`: the API's own revision."""

from __future__ import annotations

from observatory.models.reference import ApiModel


class Meta(ApiModel):
    """When the API was last published, and from what."""

    deploy_date: str
    hash: str
    tag: str | None
