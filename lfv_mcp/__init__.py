"""lfv-mcp: the Model Context Protocol server for Amazon Lookout for Vision models.

For Python programs: `from lfv_mcp import connect`. The library is imported with the first of its
names, so that `import lfv_mcp` costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lfv_mcp.library import AsyncLfv, Connection, Lfv, LfvError, Predictions, connect

__version__ = "0.1.0"

__all__ = [
    "AsyncLfv",
    "Connection",
    "Lfv",
    "LfvError",
    "Predictions",
    "__version__",
    "connect",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of these

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from lfv_mcp import library

        globals()[name] = found = getattr(library, name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
