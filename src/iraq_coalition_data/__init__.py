"""Reference data on the US-led coalition's military mission in Iraq and the negotiation of its end.

Importing the package loads neither pandas nor pandera; they come with the first call that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .citation import cite
    from .curation.comparing import diff
    from .loading import codebook, load, load_all, schema, tables, version
    from .resolution.queries import claims, evidence, explain, history, resolve_id
    from .validation.api import validate
    from .wide import flat

_HOME = {
    "cite": "citation",
    "claims": "resolution.queries",
    "codebook": "loading",
    "diff": "curation.comparing",
    "evidence": "resolution.queries",
    "explain": "resolution.queries",
    "flat": "wide",
    "history": "resolution.queries",
    "load": "loading",
    "load_all": "loading",
    "resolve_id": "resolution.queries",
    "schema": "loading",
    "tables": "loading",
    "validate": "validation.api",
    "version": "loading",
}
__all__ = [
    "cite",
    "claims",
    "codebook",
    "diff",
    "evidence",
    "explain",
    "flat",
    "history",
    "load",
    "load_all",
    "resolve_id",
    "schema",
    "tables",
    "validate",
    "version",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module(".loading", __name__).version()
    if name in _HOME:
        found = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
