"""What is known of the images of the stack, and how: their programs, as whom they run, where they listen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Image:
    """An image. `programs` are those that a health check may call; `ports` are listened on without being published.

    `user` is as whom it runs when nobody says otherwise: root, a number, or a sentence on why it is not told.
    `capabilities` are those that it does not start without. `source` says how all this is known.
    """

    programs: frozenset[str]
    user: str
    source: str
    ports: frozenset[int] = frozenset()
    capabilities: frozenset[str] = field(default_factory=frozenset)


BECOMES_ANOTHER: Final = "its start begins as root and goes on as a user of its own"
_SWITCH: Final = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"})
_OFFICIAL_REPORTPORTAL: Final = "the health check in ReportPortal's own docker-compose.yml"
_ON_PAPER: Final = "ReportPortal's images do not say, and could not be pulled"


def _image(programs: str, user: str, source: str, *ports: int, capabilities: frozenset[str] = frozenset()) -> Image:
    return Image(frozenset(programs.split()), user, source, frozenset(ports), capabilities)


IMAGES: Final = {
    "pokeapi-observatory": _image("python observatory robot locust", "10001", "docker/runner/Dockerfile, built"),
    "postgres": _image(
        "pg_isready bash sh",
        BECOMES_ANOTHER,
        "docker-library/postgres: Debian with the client programs; gosu",
        5432,
        capabilities=_SWITCH,
    ),
    "prom/prometheus": _image(
        "wget sh",
        "65534",
        "its release notes since 3.10: a tag without a suffix is on busybox, -distroless has no shell",
    ),
    "prom/alertmanager": _image("amtool wget sh", "65534", "prometheus/alertmanager: Dockerfile, on busybox"),
    "grafana/loki": _image(
        "/usr/bin/loki", "10001", "grafana/loki pull request 20313: no shell since 3.6, and -health instead"
    ),
    "grafana/alloy": _image(
        "bash sh", "root", "grafana/alloy: Dockerfile, on Ubuntu without curl (issue 477); makes the user 473"
    ),
    "grafana/grafana": _image("wget sh", "472", "grafana/grafana: Dockerfile, on Alpine, whose busybox has wget"),
    "dpage/pgadmin4": _image(
        "wget sh",
        "5050",
        "pgadmin4: Dockerfile, on Alpine, whose busybox has wget; its Python has a file capability",
        capabilities=frozenset({"NET_BIND_SERVICE"}),
    ),
    "traefik": _image("wget sh traefik", "root", "traefik/traefik-library-image: Dockerfile, on Alpine", 8081),
    "reportportal/service-index": _image("wget", _ON_PAPER, _OFFICIAL_REPORTPORTAL, 8080),
    "reportportal/service-ui": _image("wget", _ON_PAPER, _OFFICIAL_REPORTPORTAL, 8080),
    "reportportal/service-api": _image("curl", _ON_PAPER, _OFFICIAL_REPORTPORTAL, 8585),
    "reportportal/service-authorization": _image("curl", _ON_PAPER, _OFFICIAL_REPORTPORTAL, 9999),
    "reportportal/service-jobs": _image("curl", _ON_PAPER, _OFFICIAL_REPORTPORTAL, 8686),
    "reportportal/service-auto-analyzer": _image("curl python", _ON_PAPER, "the HEALTHCHECK of its Dockerfile", 5001),
    "reportportal/migrations": _image("", _ON_PAPER, "ends when it is done, and is not asked"),
    "rabbitmq": _image(
        "rabbitmq-diagnostics sh",
        BECOMES_ANOTHER,
        "docker-library/rabbitmq: the server with its tools; gosu",
        5672,
        15672,
        capabilities=_SWITCH,
    ),
    "opensearchproject/opensearch": _image("curl bash", "1000", _OFFICIAL_REPORTPORTAL, 9200),
}
"""Every image of the stack, by its name without its tag."""

RUNS_AS_IT_LIKES: Final = frozenset({BECOMES_ANOTHER, _ON_PAPER})
"""Why an image's own choice of a user is left to it."""
