"""The response models and how a body is judged by them."""

from observatory.models.judge import WHOLE_BODY, Judge, Verdict, describe, judge
from observatory.models.registry import MODELS, fingerprint, kind_for, model_of

__all__ = [
    "MODELS",
    "WHOLE_BODY",
    "Judge",
    "Verdict",
    "describe",
    "fingerprint",
    "judge",
    "kind_for",
    "model_of",
]
