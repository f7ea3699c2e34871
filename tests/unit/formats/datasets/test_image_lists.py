"""Lists of images without labels: every spelling of one, and what is none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.datasets.image_lists import images_in_list

NAMES: Final = st.lists(
    st.builds(
        "{}/{}.{}".format,
        st.sampled_from(["s3://bucket/caps", "/data/my images", "C:\\\\caps", "caps"]),
        st.text("abc 01-_é", min_size=1, max_size=8).filter(lambda name: name == name.strip()),
        st.sampled_from(["png", "JPG", "jpeg", "bmp", "tif"]),
    ),
    min_size=1,
    max_size=50,
    unique=True,
)
SPELLINGS: Final[dict[str, Callable[[list[str]], bytes]]] = {
    "lines": lambda names: "\n".join(names).encode(),
    "lines of Windows": lambda names: "\r\n".join([*names, ""]).encode("utf-8-sig"),
    "UTF-16": lambda names: "\n".join(names).encode("utf-16"),
    "comments": lambda names: ("# train\n\n" + "\n".join(names)).encode(),
    "header": lambda names: "\n".join(["image_path", *names]).encode(),
    "two columns": lambda names: "\n".join(["size;file", *(f"3;{n}" for n in names)]).encode(),
    "quotes": lambda names: "\n".join(f'"{name}"' for name in names).encode(),
    "array": lambda names: json.dumps(names).encode(),
    "printed array": lambda names: json.dumps(names, indent=1).encode(),
    "gzip": lambda names: gzip.compress("\n".join(names).encode()),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(names=NAMES)
def test_every_spelling_lists_the_same_images(spelling: str, names: list[str]) -> None:
    data = SPELLINGS[spelling](names)
    for size in (len(data), 7):
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        assert [line.image for line in images_in_list(chunks)] == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello\nworld\n",
        "image,prediction\na.png,normal\n",
        "file,anomaly_score\na.png,0.3\n",
        '{"image": "a.png"}\n',
        '["a.png", 3]',
        "[a.png",
        "<html>a.png</html>",
        "a.png\nnot an image\nb.png\n",
    ],
)
def test_another_file_is_no_list(text: str) -> None:
    assert not list(images_in_list([text.encode()]))
