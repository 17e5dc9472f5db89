"""The HTTP client: retries, rate limit, circuit breaker, and one exchange for whatever comes of a request."""

from observatory.client.circuit_breaker import (
    DEFAULT_RULES,
    CircuitBreaker,
    CircuitBreakers,
    CircuitRules,
    CircuitState,
    Permit,
    Refusal,
)
from observatory.client.clock import SYSTEM_CLOCK, Clock, SystemClock
from observatory.client.pokeapi_client import PokeApiClient
from observatory.client.rate_limit import ProcessRateLimiter, RateLimiter
from observatory.client.retry_after import parse_retry_after

__all__ = [
    "DEFAULT_RULES",
    "SYSTEM_CLOCK",
    "CircuitBreaker",
    "CircuitBreakers",
    "CircuitRules",
    "CircuitState",
    "Clock",
    "Permit",
    "PokeApiClient",
    "ProcessRateLimiter",
    "RateLimiter",
    "Refusal",
    "SystemClock",
    "parse_retry_after",
]
