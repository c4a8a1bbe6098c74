"""The key that turns a patient's number into the name of a group."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from tlstudio.domain.errors import FileTrouble
from tlstudio.storage import secret
from tlstudio.storage.places import data_dir


def test_it_is_made_once_and_readable_by_the_user_alone() -> None:
    key = secret.group_secret()
    assert len(key) == secret.LENGTH
    assert secret.group_secret() == key
    assert secret.secret_file().is_relative_to(data_dir())
    assert list(data_dir().glob(".*")) == []
    if os.name != "nt":
        assert stat.S_IMODE(secret.secret_file().stat().st_mode) == 0o600


def test_two_users_have_two_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    first = secret.group_secret()
    monkeypatch.setenv("TLSTUDIO_HOME", f"{tmp_path}/other")
    assert secret.group_secret() != first


def test_programs_that_start_at_once_agree() -> None:
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(secret.group_secret())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_not_used(content: bytes) -> None:
    secret.secret_file().parent.mkdir(parents=True, exist_ok=True)
    secret.secret_file().write_bytes(content)
    with pytest.raises(FileTrouble, match="damaged"):
        secret.group_secret()
    assert secret.secret_file().read_bytes() == content
