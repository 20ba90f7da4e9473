"""All families of rules; importing this module registers them."""

from . import (
    codes,
    coding,
    dates,
    evidence_rules,
    exceptions,
    identity,
    language,
    lexical,
    references,
    structure,
)

__all__ = [
    "codes",
    "coding",
    "dates",
    "evidence_rules",
    "exceptions",
    "identity",
    "language",
    "lexical",
    "references",
    "structure",
]
