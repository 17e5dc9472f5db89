"""The users: one who looks things up, one who follows journeys, and a stream of arrivals that waits for nobody."""

from __future__ import annotations

import math
import random
import time
from http import HTTPStatus
from typing import Any, Final

import gevent
from gevent.pool import Group
from locust import FastHttpUser

from load.clients import Clients
from load.crew import Crew, crew_of
from load.question import Question
from load.resources import Resources
from load.tasks import LOOKUPS, travel
from observatory.exchange import FailureType
from observatory.load import Trouble

# Locust's client cannot tell of a broken body in brotli, and of `deflate` servers have two different ideas.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip"}

NOT_COUNTED: Final = "observatory_not_counted"
"""Set in the context of a request that says nothing about the API."""


class TroubleError(Exception):
    """Carries why a request failed into Locust's statistics, where its text is what people read."""

    def __init__(self, trouble: Trouble, told: str) -> None:
        super().__init__(told)
        self.trouble = trouble


class Visitor(FastHttpUser):
    """A user of the API whose every answer is checked."""

    abstract = True
    insecure = False
    """Certificates are checked, as everywhere in the observatory."""
    max_redirects = 0
    """A redirect is no answer: it would be two requests in one, and might lead to somebody else's server."""

    def __init__(self, environment: Any) -> None:
        self.crew: Crew = crew_of(environment)
        # Not the class's, which Locust changes with the host on its page, also while a load goes on.
        self.host = self.crew.address
        self.network_timeout = self.connection_timeout = self.crew.timeout
        self.default_headers = dict(self.crew.headers)
        super().__init__(environment)
        self.client.client.clientpool = Clients(**self.client.client.clientpool.client_args)
        # The API sets no cookies, and looking for them in each answer takes a tenth of the time of a request.
        self.client.client.cookiejar = None

    @property
    def resources(self) -> Resources:
        """What there is to ask for."""
        return self.crew.resources

    def wait_time(self) -> float:
        """Seconds between two tasks."""
        return self.crew.pause()

    def pause(self) -> None:
        """Wait as long as between two tasks."""
        gevent.sleep(self.wait_time())

    def ask(self, question: Question, due: float | None = None) -> bytes:
        """Ask, check the answer, count it, and give its body.

        `due` is when the request should have been sent, by `time.perf_counter`: the time since then is a part of the
        time that it took.
        """
        self.crew.wait_for_turn()
        late = 0.0
        if due is not None:
            late = max(0.0, time.perf_counter() - due)
            self.crew.counting.sent(time.time(), late)
        with self._asked(question) as response:
            meta = response.request_meta
            meta["response_time"] += 1000 * late
            # A body that could not be read once cannot be read again.
            body: bytes = b"" if meta["exception"] else response.content or b""
            trouble = self._trouble(question, response, body)
            if trouble is None:
                response.success()
            elif trouble.type is FailureType.NOT_RECORDED and self.crew.is_recording:
                # A recording that lacks it says nothing about the API: it is not counted, and not asked for again.
                self.crew.resources.forget(question.endpoint, question.resource)
                meta["context"] = {**meta["context"], NOT_COUNTED: True}
                response.success()
            else:
                response.failure(TroubleError(trouble, self.crew.told(trouble)))
        return body

    def _asked(self, question: Question) -> Any:
        # The client's own timeout is for each piece of an answer: pieces could come for ever.
        timeout = gevent.Timeout.start_new(self.crew.timeout)
        try:
            return self.client.get(question.path, name=question.name, headers=_HEADERS, catch_response=True)
        finally:
            timeout.close()

    def _trouble(self, question: Question, response: Any, body: bytes) -> Trouble | None:
        status, error = response.status_code, response.request_meta["exception"]
        if status and (error is None or status != HTTPStatus.OK):
            return self.crew.checker.trouble(question, status, response.headers, body)
        return self.crew.checker.unanswered(error, self.crew.address, answered=bool(status))


class LookupVisitor(Visitor):
    """Looks up a pokemon, a type or an ability, three to one to one, and waits a while."""

    tasks = dict(LOOKUPS)  # type: ignore[assignment]  # Locust takes them so, too


class JourneyVisitor(Visitor):
    """Opens the list of pokemon, chooses one of the page, and follows it to its type and its ability."""

    tasks = [travel]


def arrive(stream: ArrivalVisitor) -> None:
    """Send what is due by now, and wait for none of it."""
    stream.send_due()


class ArrivalVisitor(Visitor):
    """A stream of arrivals: a request at each point of a timetable, whether those before it were answered or not.

    Users who wait for their answers ask less when the API is slow, so that the slowest times are hardly seen; this is
    known as coordinated omission. Here the timetable is kept, and a latency counts from the time at which the request
    should have been sent.
    """

    tasks = [arrive]
    concurrency = 10_000
    """No request waits for another: the timeout ends them before there are so many."""

    def on_start(self) -> None:
        """Begin the timetable somewhere within the first period, so that the streams do not march in step."""
        self._under_way = Group()
        self._period = self.crew.period
        self._due = time.perf_counter() + random.random() * self._period

    def wait_time(self) -> float:
        """Seconds until the next arrival; none when it is due."""
        return max(0.0, self._due - time.perf_counter())

    def send_due(self) -> None:
        """Send every request whose time has come."""
        now = time.perf_counter()
        while self._due <= now:
            self.crew.counting.scheduled(time.time() + self._due - now)
            self._under_way.spawn(random.choice(_LOOKUPS), self, self._due)
            self._due += self._period

    def on_stop(self) -> None:
        """Note what could not be sent any more, and let those under way end."""
        behind = time.perf_counter() - self._due
        if behind > 0:
            self.crew.counting.scheduled(time.time(), math.ceil(behind / self._period))
        self._under_way.join(timeout=self.crew.timeout + 1)


_LOOKUPS = [task for task, weight in LOOKUPS.items() for _ in range(weight)]
