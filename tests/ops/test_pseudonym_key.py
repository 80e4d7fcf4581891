"""The key of the pseudonyms: made once, whole, for an empty lake only."""

from pathlib import Path

import pytest
from tests.io.mlflow.test_model_registry import settings_of

from lakehouse.errors import AccessError, ConfigError, WriteError
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.pseudonym_key import check_key, pseudonym_key


def test_a_key_that_a_killed_run_did_not_finish_is_made_anew(store: DeltaStore, tmp_path: Path) -> None:
    (tmp_path / ".vault.key.unfinished").touch()
    settings = settings_of(tmp_path)
    key = pseudonym_key(settings, store)
    file = tmp_path / "vault.key"
    assert (file.read_text(), len(key), file.stat().st_mode & 0o777) == (key, 64, 0o600)
    assert not (tmp_path / ".vault.key.unfinished").exists()
    assert pseudonym_key(settings, store) == key
    file.write_text("f" * 64)
    with pytest.raises(AccessError):
        pseudonym_key(settings, store)


def test_a_disk_without_room_for_the_key_is_left_without_a_file(store: DeltaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(WriteError):
        patched.setattr("os.fsync", full)
        pseudonym_key(settings_of(tmp_path), store)
    assert not (tmp_path / "vault.key").exists()
    assert len(pseudonym_key(settings_of(tmp_path), store)) == 64


def test_a_vault_in_a_bucket_has_no_key_beside_it(tmp_path: Path) -> None:
    settings = settings_of(tmp_path).model_copy(update={"vault_root": "s3a://vault/vault"})
    with pytest.raises(ConfigError, match="pseudonym_key is not set"):
        check_key(settings, None)  # type: ignore[arg-type]
