"""The session: the one place where the parts are put together, and the way an exchange takes through them."""

from __future__ import annotations

import hashlib
import platform
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from observatory.client import (
    DEFAULT_RULES,
    SYSTEM_CLOCK,
    CircuitBreakers,
    CircuitRules,
    PokeApiClient,
    ProcessRateLimiter,
    RateLimiter,
)
from observatory.errors import SettingsError
from observatory.exchange import Exchange, Failure, FailureType, Request
from observatory.history import Database, History, RunEntry, TestAttemptEntry, is_good_answer, stored_resource
from observatory.history.shared_rate_limit import SharedRateLimiter
from observatory.logs.concealing import keep, without_secrets
from observatory.logs.log_files import DailyFiles
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog
from observatory.metrics import Metrics
from observatory.models import Judge, describe, fingerprint, kind_for
from observatory.revision import deploy_time, git_revision
from observatory.settings import PROJECT_ROOT, Settings
from observatory.targets import LIVE_URL, Target, open_target, url_name
from observatory.words import count

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.history.known_changes import KnownChange

_MINUTE = 60.0  # seconds
_HTTP_OK = 200


@dataclass(frozen=True)
class Memory:
    """What all sessions of a process share: log, history, and the judge that knows what was judged before.

    `report` takes one sentence that a person should read but no test should fail for, from any thread. `metrics` has
    the numbers of each session by its run, for what is found out behind it.
    """

    masker: Masker
    log: StructuredLog
    history: History
    judge: Judge
    report: Callable[[str], None]
    metrics: dict[uuid.UUID, Metrics]

    @classmethod
    def open(
        cls,
        settings: Settings,
        run_id: uuid.UUID,
        report: Callable[[str], None],
        on_changes: Callable[[Sequence[KnownChange]], None] = lambda _: None,
    ) -> Memory:
        """Build the parts from the settings; nothing here waits for the database.

        `on_changes` is told of changes of schemas, each once in a run, from the history's thread.
        """
        masker = Masker(settings.secrets())
        log = StructuredLog(
            DailyFiles(settings.results / "logs"),
            masker,
            level=settings.log_level,
            run_id=run_id.hex,
            environment=settings.environment,
            target=_watched(settings),
        )
        judge = Judge()
        metrics: dict[uuid.UUID, Metrics] = {}

        def tell_changes(changes: Sequence[KnownChange]) -> None:
            for known in changes:
                log.schema_change(known)
                if known.run_id in metrics:
                    metrics[known.run_id].schema_changed(known.change.endpoint)
            on_changes(changes)

        def tell(sentence: str) -> None:
            masked = masker.mask_text(sentence)
            log.message("WARNING", masked)
            report(masked)

        history = History(
            Database.at(settings.database_url, settings.home),
            settings.home / "spool" / _spool_name(settings),
            report=tell,
            on_known=lambda known: _remember_verdicts(judge, known),
            on_changes=tell_changes,
            latency_window=settings.latency_window,
        )
        return cls(masker, log, history, judge, tell, metrics)

    def close(self) -> None:
        """Bring the history home and close the log."""
        self.history.close()
        self.log.close()


class Session:
    """Asks one target, and tells metrics, log and history, in this order, of each exchange.

    Each session counts for itself: what goes wrong with one target must not look like trouble of another.
    """

    def __init__(
        self,
        settings: Settings,
        target: Target,
        memory: Memory,
        run: RunEntry,
        *,
        pause: float = 1.0,
        circuit_rules: CircuitRules = DEFAULT_RULES,
    ) -> None:
        """Put a client to an open target, and begin the run.

        `pause` is the first wait between two attempts, in seconds. Anything but its default, and that of the
        circuits' rules, is for targets of our own: requirements A3 and A5 are for everybody else's.
        """
        self.settings = settings
        self.memory = memory
        self.target = target
        self.run = replace(run, target=target.name)
        self.test_name = ""
        self._watched = _watched(settings)
        self.breakers = CircuitBreakers(circuit_rules)
        # What a stand-in or the public API says holds no secret, for neither was ever told one.
        self._may_echo = not target.is_stand_in and target.base_url != LIVE_URL
        mask = memory.masker.mask_text if self._may_echo else str
        self.metrics = memory.metrics[run.id] = Metrics(self.breakers, mask)
        self._limiter = _limiter(target, memory)
        self.client = PokeApiClient(
            target.base_url,
            timeout=settings.timeout,
            retries=settings.retries,
            pause=pause,
            limiter=self._limiter,
            breakers=self.breakers,
            max_body_bytes=settings.max_body_bytes,
            headers=_authorization(settings, target),
            is_known=memory.history.knows,
        )
        memory.history.begin(self.run)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        kind: str = "robot",
        log: str | None = None,
        report: Callable[[str], None] = lambda _: None,
        on_changes: Callable[[Sequence[KnownChange]], None] = lambda _: None,
    ) -> Self:
        """A session with a memory of its own; `report` and `on_changes` are as in `Memory.open`.

        `log` is where log.html of the run is written, for those who look for it later.

        Raises:
            SettingsError: the target cannot be opened.
        """
        target = open_target(settings)
        run = new_run(settings, kind, log)
        return cls(settings, target, Memory.open(settings, run.id, report, on_changes), run)

    def watching(
        self,
        target: str,
        *,
        timeout: float | None = None,
        pause: float = 1.0,
        circuit_rules: CircuitRules = DEFAULT_RULES,
    ) -> Session:
        """A session for another target, with a run of its own, that shares this one's memory.

        `timeout` is the seconds that one attempt may take; without it, as many as here.
        """
        changes = {"target": target, "timeout": timeout or self.settings.timeout}
        run_id = uuid.uuid5(self.run.id, target)
        run = replace(self.run, id=run_id, finished_at=None, api_revision=None, api_deployed_at=None, log=None)
        settings = self.settings.model_copy(update=changes)
        return Session(settings, open_target(settings), self.memory, run, pause=pause, circuit_rules=circuit_rules)

    def fetch(self, request: Request) -> Exchange:
        """Ask once (with retries), judge the answer, tell of it; never raises for what the API or the network does."""
        return self._told(self.client.fetch(request))

    def fetch_many(self, requests: Sequence[Request], *, concurrency: int | None = None) -> list[Exchange]:
        """Ask for many at once, at most `concurrency` at a time; the exchanges come in the order of the requests."""
        told: dict[uuid.UUID, Exchange] = {}

        def on_done(exchange: Exchange) -> None:
            told[exchange.id] = self._told(exchange)
            for seen in (exchange, told[exchange.id]):
                seen.let_go()  # a thousand bodies as bytes are 200 MB, as Python values five times that

        exchanges = self.client.fetch_many(
            requests, concurrency=concurrency or self.settings.concurrency, on_done=on_done
        )
        return [told[exchange.id] for exchange in exchanges]

    def authorize(self, token: str) -> None:
        """Send a token with every further request to this target; from now on no log shows it.

        Raises:
            SettingsError: the target is the public API, which needs no token and must not be given one.
        """
        if self.target.base_url == LIVE_URL:
            raise SettingsError("The public API needs no token, and is given none; give one to an address of yours.")
        self.memory.masker.add(token)
        self.client.carry("Authorization", f"Bearer {token}")

    def wait_for_limit(self) -> float:
        """Take the place of one request that does not go through the client, wait until it, and give the seconds."""
        wait = 0.0 if self._limiter is None else self._limiter.reserve()
        if wait > 0:
            SYSTEM_CLOCK.sleep(wait)
        return wait

    def is_news(self, exchange: Exchange) -> bool:
        """Whether an answer may show a change: the target was seen before this run, and not with this answer."""
        return is_good_answer(exchange) and self.memory.history.drift.is_news(self.target.name, *_seen(exchange))

    def compared(self, exchange: Exchange) -> Comparison | None:
        """What an answer changed against what its resource was before; None when it is as it was, or new.

        Each change is told once: the same answer again is not compared again.

        Raises:
            HistoryError: the database cannot be reached.
        """
        drift = self.memory.history.drift
        if not is_good_answer(exchange) or not drift.is_changed(self.target.name, *_seen(exchange)):
            return None
        from observatory.comparison import compare

        comparison = compare(self.memory.history, self.run, exchange)
        drift.noticed(self.target.name, *_seen(exchange))
        if comparison is not None:
            self.memory.log.data_changes(
                comparison.endpoint, comparison.resource, comparison.data, self.test_name, self._watched
            )
        return comparison

    def test_ended(self, attempt: TestAttemptEntry) -> None:
        """Remember an attempt at a test."""
        self.memory.history.attempted(attempt)

    def close(self) -> None:
        """Stop what was opened for the target and end the run; the memory is closed by whoever opened it."""
        self.client.close()
        self.target.stop()
        self.memory.history.begin(replace(self.run, finished_at=datetime.now(UTC)))

    def _told(self, exchange: Exchange) -> Exchange:
        exchange, accepted_by = self._judged(exchange)
        kept = exchange
        if self._may_echo:
            kept = without_secrets(exchange, self.memory.masker, self.memory.history.knows)
        keep(exchange, kept)
        self._notice_revision(kept)
        self.metrics.saw(kept)
        self.memory.log.exchange(kept, self._watched)
        self.memory.history.saw(kept, self.run, accepted_by=accepted_by)
        return exchange

    def _judged(self, exchange: Exchange) -> tuple[Exchange, str | None]:
        """The exchange with what its model says of it, and the mark by which later runs know that it was accepted."""
        exchange = exchange.having(test_name=self.test_name, run_id=self.run.id.hex)
        is_answer = exchange.method == "GET" and exchange.status == _HTTP_OK and bool(exchange.body)
        if exchange.failure is not None or not is_answer:
            return exchange, None
        verdict = self.memory.judge.verdict(exchange.endpoint, exchange.resource, exchange.body, exchange.content_hash)
        if verdict is None:
            return exchange, None
        if not verdict.accepted:
            told = f"{describe(exchange.subject, verdict).rstrip('.')}, {_after(exchange)}."
            failure = Failure(FailureType.MODEL, told, verdict.errors)
            return exchange.having(failure=failure, unknown_fields=verdict.unknown), None
        if verdict.unknown:
            return exchange.having(unknown_fields=verdict.unknown), None
        return exchange, _accepted_mark(exchange)

    def _notice_revision(self, exchange: Exchange) -> None:
        revision = exchange.headers.get("x-pokeapi-hash")
        if revision and revision != self.run.api_revision:
            deployed_at = deploy_time(exchange.headers.get("x-pokeapi-deploy-date", ""))
            self.run = replace(self.run, api_revision=revision, api_deployed_at=deployed_at)
            self.memory.history.begin(self.run)


def _seen(exchange: Exchange) -> tuple[str, str, bytes]:
    return exchange.endpoint, stored_resource(exchange), exchange.content_hash


def new_run(settings: Settings, kind: str, log: str | None = None) -> RunEntry:
    """A run that begins now; `settings.run_id` joins several processes in one."""
    return RunEntry(
        id=uuid.UUID(settings.run_id) if settings.run_id else uuid.uuid4(),
        target=settings.target,
        kind=kind,
        started_at=datetime.now(UTC),
        git_revision=settings.git_revision or git_revision(PROJECT_ROOT),
        host=settings.host or platform.node(),
        shard=settings.shard,
        log=log,
    )


def _spool_name(settings: Settings) -> str:
    """What could not be stored waits for the database it was meant for, whoever knows its password by then."""
    if settings.database_url is None:
        return "embedded"
    address = urlsplit(settings.database_url.get_secret_value())
    database = f"{address.netloc.rpartition('@')[2]}{address.path}?{address.query}"
    return hashlib.sha256(database.encode()).hexdigest()[:12]


def _limiter(target: Target, memory: Memory) -> RateLimiter | None:
    """The limit of the target for all processes that share the history; None where the target has none."""
    if target.rate_limit is None:
        return None
    return SharedRateLimiter(
        memory.history.database,
        target.name,
        target.rate_limit,
        _MINUTE,
        fallback=ProcessRateLimiter(target.rate_limit, _MINUTE),
        report=memory.report,
    )


def _authorization(settings: Settings, target: Target) -> dict[str, str]:
    """The token goes only to an address that the person named; the public API needs none and gets none."""
    if settings.api_token is None or not settings.target.startswith("http") or target.base_url == LIVE_URL:
        return {}
    return {"Authorization": f"Bearer {settings.api_token.get_secret_value()}"}


def _after(exchange: Exchange) -> str:
    return f"after {count(len(exchange.attempts), 'attempt')} at {exchange.url}"


def _accepted_mark(exchange: Exchange) -> str:
    return f"{kind_for(exchange.endpoint, exchange.resource)}@{fingerprint()}"


def _remember_verdicts(judge: Judge, known: Mapping[bytes, str | None]) -> None:
    """What the same models accepted in an earlier run need not be judged again."""
    for content_hash, mark in known.items():
        kind, _, models = (mark or "").rpartition("@")
        if models == fingerprint():
            judge.remember(kind, content_hash)


def _watched(settings: Settings) -> str:
    """What is watched, in a word that lines of the log name it by: where a recording lies is nobody's business."""
    return url_name(settings.target) if settings.target.startswith("http") else settings.target
