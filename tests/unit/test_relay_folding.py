"""Where there is no room for one more name, its numbers are added under `other`, and the oldest gauge makes room."""

from __future__ import annotations

from observatory.exchange import FailureType
from observatory.metrics.families import MOST_ENDPOINTS, OTHER
from observatory.relay.folding import MOST_NAMES, MOST_TARGETS, Folding
from observatory.relay.keys import Key
from observatory.relay.reading import Sample
from tests.relay_values import requests, sample

SUITE = "pokeapi_test_execution_timestamp"
NAME = "pokeapi_request_duration_seconds"


def ended(suite: str) -> Sample:
    return sample(SUITE, 1.0, suite=suite)


def keys(*samples: Sample, target: str = "live") -> list[Key]:
    """The sums of samples that have room."""
    return [Key(target, each.name, each.labels) for each in samples]


def endpoints(count: int, target: str = "live") -> dict[Key, float]:
    """So many endpoints that are known, and when each was changed."""
    return dict.fromkeys(keys(*(requests(1, f"e{number}") for number in range(count)), target=target), 0.0)


def suites(count: int) -> dict[Key, float]:
    """So many suites that are known; the first is the oldest."""
    return {key: float(at) for at, key in enumerate(keys(*(ended(f"s{number}") for number in range(count))))}


def test_while_there_is_room_each_name_has_its_own_sum() -> None:
    folding = Folding(endpoints(MOST_ENDPOINTS - 1), "live")
    assert [folding.key(requests(1, "new"))] == keys(requests(1, "new"))


def test_the_endpoint_that_is_one_too_many_is_other() -> None:
    folding = Folding(endpoints(MOST_ENDPOINTS), "live")
    assert [folding.key(requests(1, "new"))] == keys(requests(1, OTHER))
    assert [folding.key(requests(1, "e0"))] == keys(requests(1, "e0"))


def test_endpoints_of_one_push_fill_the_room_for_each_other() -> None:
    folding = Folding(endpoints(MOST_ENDPOINTS - 1), "live")
    told = [folding.key(requests(1, name)) for name in ("new", "newer", "new", "newest")]
    assert told == keys(*(requests(1, name) for name in ("new", OTHER, "new", OTHER)))


def test_each_target_has_room_of_its_own() -> None:
    folding = Folding(endpoints(MOST_ENDPOINTS), "embedded")
    assert [folding.key(requests(1, "new"))] == keys(requests(1, "new"), target="embedded")


def test_each_family_has_room_of_its_own() -> None:
    folding = Folding(endpoints(MOST_ENDPOINTS), "live")
    limited = sample("pokeapi_rate_limited_total", 1, endpoint="new")
    assert [folding.key(limited)] == keys(limited)


def test_all_samples_of_a_histogram_go_the_same_way() -> None:
    known = dict.fromkeys(keys(*(sample(f"{NAME}_count", 1, endpoint=f"e{n}") for n in range(MOST_ENDPOINTS))), 0.0)
    folding = Folding(known, "live")

    def parts(endpoint: str) -> list[Sample]:
        own = {"endpoint": endpoint}
        return [
            sample(f"{NAME}_bucket", 1, le="+Inf", **own),
            *(sample(f"{NAME}_{s}", 1, **own) for s in ("count", "sum")),
        ]

    assert [folding.key(each) for each in parts("new")] == keys(*parts(OTHER))
    assert [folding.key(each) for each in parts("e5")] == keys(*parts("e5"))


def test_types_of_failures_are_told_apart_under_other_too() -> None:
    def failed(endpoint: str, failure_type: FailureType) -> Sample:
        return sample("pokeapi_failures_total", 1, endpoint=endpoint, failure_type=failure_type.value)

    known = dict.fromkeys(keys(*(failed(f"e{number}", FailureType.TLS) for number in range(MOST_ENDPOINTS))), 0.0)
    folding = Folding(known, "live")
    assert [folding.key(failed("new", each)) for each in FailureType] == keys(*(failed(OTHER, t) for t in FailureType))


class TestTargets:
    def known(self, count: int) -> dict[Key, float]:
        return {key: 0.0 for number in range(count) for key in endpoints(1, f"http://host{number}")}

    def test_while_there_is_room_each_has_its_own_sums(self) -> None:
        folding = Folding(self.known(MOST_TARGETS - 1), "live")
        assert folding.key(requests(1)) == Key("live", *requests(1)[:2])

    def test_the_one_that_is_too_many_is_other(self) -> None:
        folding = Folding(self.known(MOST_TARGETS), "live")
        assert folding.key(requests(1)) == Key(OTHER, *requests(1)[:2])

    def test_one_that_is_known_stays_itself(self) -> None:
        folding = Folding(self.known(MOST_TARGETS), "http://host0")
        assert folding.key(requests(1)) == Key("http://host0", *requests(1)[:2])


class TestGauges:
    def test_the_suite_that_ended_longest_ago_makes_room(self) -> None:
        folding = Folding(suites(MOST_NAMES), "live")
        assert [folding.key(ended("new"))] == keys(ended("new"))
        assert folding.dropped == {*keys(ended("s0"))}

    def test_each_new_one_lets_go_of_one_more(self) -> None:
        folding = Folding(suites(MOST_NAMES), "live")
        assert [folding.key(ended(name)) for name in ("new", "newer")] == keys(ended("new"), ended("newer"))
        assert folding.dropped == {*keys(ended("s0"), ended("s1"))}

    def test_what_the_same_push_has_set_before_stays(self) -> None:
        folding = Folding(suites(MOST_NAMES), "live")
        assert [folding.key(ended(name)) for name in ("s0", "new")] == keys(ended("s0"), ended("new"))
        assert folding.dropped == {*keys(ended("s1"))}

    def test_what_the_same_push_sets_again_comes_back(self) -> None:
        folding = Folding(suites(MOST_NAMES), "live")
        assert [folding.key(ended(name)) for name in ("new", "s0")] == keys(ended("new"), ended("s0"))
        assert folding.dropped == {*keys(ended("s1"))}

    def test_of_a_push_that_is_too_large_by_itself_the_last_ones_are_not_told(self) -> None:
        folding = Folding({}, "live")
        told = [folding.key(ended(f"s{number}")) for number in range(MOST_NAMES + 2)]
        assert told[MOST_NAMES - 1 :] == [*keys(ended(f"s{MOST_NAMES - 1}")), None, None]
        assert folding.dropped == set()

    def test_only_what_is_of_the_same_target_and_family_makes_room(self) -> None:
        older = {Key("embedded", *ended("old")[:2]): -2.0, Key("live", *requests(1, "old")[:2]): -1.0}
        folding = Folding({**older, **suites(MOST_NAMES)}, "live")
        folding.key(ended("new"))
        assert folding.dropped == {*keys(ended("s0"))}

    def test_a_counter_never_makes_room(self) -> None:
        flaked = [sample("pokeapi_test_flakiness_total", 1, suite=f"s{number}") for number in range(MOST_NAMES)]
        folding = Folding(dict.fromkeys(keys(*flaked), 0.0), "live")
        new = sample("pokeapi_test_flakiness_total", 1, suite="new")
        assert [folding.key(new)] == keys(sample(new.name, 1, suite=OTHER))
        assert folding.dropped == set()


def test_there_is_as_much_room_as_the_page_on_numbers_says() -> None:
    assert (MOST_TARGETS, MOST_NAMES, MOST_ENDPOINTS) == (20, 500, 100)
