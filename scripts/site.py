"""Hooks of mkdocs: pages of the repository's top, and the files that pages link to.

README.md becomes the first page. On GitHub its links begin with `docs/`, and those of the pages in
`docs/` that lead out of it with `../`; on the site all of it lies in one folder. A link to a folder
of the repository keeps its words, for a site has no listing of folders.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
}
"""Files of the top that are pages, by their names on the site."""
_LINK: Final = re.compile(
    r"(?P<text>\[[^\]]*\])\((?P<path>(?!https?:|#|mailto:)[^)#\s]+)(?P<mark>#[^)]*)?\)"
)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the top, and the files outside `docs/` that a page links to."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=_on_site(ROOT / source)))
    linked = {path for page in _pages() for path in _outside(page)}
    for path in sorted(linked):
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and files.get_file_from_path(name) is None:
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_read_source(*, page: Any, config: MkDocsConfig) -> str | None:
    """The text of a page with links as the site has them."""
    source = Path(config.docs_dir) / page.file.src_path
    return _on_site(source) if source.is_file() else None


def _pages() -> list[Path]:
    return [*(ROOT / name for name in PAGES), *sorted((ROOT / "docs").rglob("*.md"))]


def _outside(page: Path) -> list[Path]:
    """What a page links to that is no page and lies outside `docs/`."""
    found: list[Path] = []
    for match in _LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / match["path"]).resolve()
        is_inside = target.is_relative_to(ROOT / "docs") or target.name in PAGES
        if target.is_relative_to(ROOT) and not is_inside:
            found.append(target)
    return found


def _on_site(page: Path) -> str:
    """The text of a page, its links rewritten from the repository's folders to the site's."""
    folder = "" if page.parent == ROOT else page.parent.relative_to(ROOT / "docs").as_posix()
    up = "../" * len([part for part in folder.split("/") if part not in ("", ".")])

    def rewritten(match: re.Match[str]) -> str:
        target = (page.parent / match["path"]).resolve()
        mark = match["mark"] or ""
        if not target.is_relative_to(ROOT):
            return match[0]
        if target.is_dir():
            return match["text"][1:-1]
        name = target.relative_to(ROOT).as_posix()
        name = PAGES.get(name, name.removeprefix("docs/"))
        return f"{match['text']}({up}{name}{mark})"

    text = page.read_text(encoding="utf-8")
    return re.sub(r'src="docs/', 'src="', _LINK.sub(rewritten, text))
