"""The image and the compose file fit the settings, the folder and each other; with the tools of `make infra-test` they are also linted."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.io.config.settings import load_settings

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "infra" / "bin"
needs_tools = pytest.mark.skipif(not (TOOLS / "hadolint").is_file(), reason="hadolint is not installed: `make infra-test` does that")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
LAST_STAGE = DOCKERFILE.rpartition("\nFROM ")[2]


def settings_of(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings("local")


def variables_of_image() -> dict[str, str]:
    return dict(re.findall(r"(LAKEHOUSE_\w+)=(\S+)", LAST_STAGE))


def test_the_image_is_of_a_user_without_rights_and_all_that_runs_write_is_in_its_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"^USER 10001:10001$", LAST_STAGE, re.MULTILINE) and "USER root" not in LAST_STAGE
    settings = settings_of(variables_of_image(), monkeypatch)
    (volume,) = re.findall(r"^VOLUME (\S+)$", LAST_STAGE, re.MULTILINE)
    assert all(root.startswith(f"{volume}/") for root in (settings.lake_root, settings.vault_root, settings.export_root))
    assert settings.tracking_uri == f"sqlite:///{volume}/mlflow.db"


def test_what_the_image_copies_is_there_and_is_not_ignored() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")]
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(name == each or each.startswith(f"{name}/") for each in sent), f"{name} is not sent to the builder"


def test_the_image_s_packages_are_those_of_the_lock_checked_by_hash() -> None:
    assert "--require-hashes --use-pep517 --no-compile -r requirements/run.txt" in DOCKERFILE


def test_the_compose_file_refers_to_what_it_has() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], other
        assert {entry if isinstance(entry, str) else entry["source"] for entry in service.get("secrets", [])} <= set(COMPOSE["secrets"])
        assert {entry["source"] for entry in service.get("configs", [])} <= set(COMPOSE["configs"])
        volumes = {entry.split(":")[0] for entry in service.get("volumes", [])}
        assert {volume for volume in volumes if not volume.startswith(".")} <= set(COMPOSE["volumes"])


def test_the_night_of_the_compose_file_has_settings_that_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    night = {name: value for name, value in COMPOSE["services"]["night"]["environment"].items() if name.startswith("LAKEHOUSE_")}
    settings = settings_of({**variables_of_image(), **night}, monkeypatch)
    hosts = {re.sub(r"^.*//|[:/].*$", "", address.removeprefix("jdbc:")) for address in (settings.shops["nl"].url, settings.tracking_uri)}
    assert hosts <= set(COMPOSE["services"])
    secret = settings.shops["nl"].password.removeprefix("file:/run/secrets/")
    assert secret in COMPOSE["services"]["night"]["secrets"]


def test_buckets_that_are_named_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = set(re.findall(r'"(\w+)"', re.search(r"for name in \{(.+)\}", COMPOSE["services"]["buckets"]["command"][0])[1]))  # type: ignore[index]
    named = set(re.findall(r"s3a?://([\w-]+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert named - {"s3"} == made


def test_services_of_ours_write_nothing_but_volumes_and_have_no_rights() -> None:
    ours = [service for service in COMPOSE["services"].values() if service["image"].startswith("lakehouse:")]
    assert len(ours) == 3
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)


@needs_tools
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([str(TOOLS / "hadolint"), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@needs_tools
def test_docker_compose_understands_the_file() -> None:
    command = [str(TOOLS / "docker-compose"), "--profile", "night", "config", "--quiet"]
    environment = {**os.environ, "S3_SECRET_KEY": "a test's"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
