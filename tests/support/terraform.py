"""The files of infra/terraform as Python sees them, and the program `terraform` with its provider, where they are at hand."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

FOLDER = Path(__file__).parents[2] / "infra" / "terraform"
# Folders in which packages of a machine keep providers, so that nothing is downloaded. TF_PLUGINS names another one.
MIRRORS = ("/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "~/.terraform.d/plugins", "/opt/*plugins*")


def files() -> list[Path]:
    """All files in Terraform's language, tests too."""
    return sorted(path for pattern in ("*.tf", "tests/**/*.hcl", "tests/*.tfvars") for path in FOLDER.glob(pattern))


@cache
def parsed(path: Path) -> dict[str, Any]:
    """One file. Names and texts have no quotes around them."""
    with path.open(encoding="utf-8") as file:
        found: dict[str, Any] = _plain(hcl2.load(file))
    return found


def blocks(kind: str) -> Iterator[tuple[str, ...]]:
    """Labels of the blocks of a kind, in all files: ("aws_s3_bucket", "this") of a resource."""
    for path in files():
        for block in parsed(path).get(kind, []):
            yield tuple(_labels(block))


def local_values() -> dict[str, Any]:
    """All `locals`, by their names."""
    return {name: value for path in FOLDER.glob("*.tf") for block in parsed(path).get("locals", []) for name, value in block.items()}


def _labels(block: dict[str, Any]) -> Iterator[str]:
    names = [name for name in block if not name.startswith("__")]
    if len(names) == 1 and isinstance(block[names[0]], dict) and "__is_block__" not in block:
        yield names[0]
        yield from _labels(block[names[0]])


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node[1:-1] if isinstance(node, str) and len(node) > 1 and node[0] == node[-1] == '"' else node


def terraform(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, with variables of the environment. It asks nobody, and what it puts aside is gone with the folder."""
    told = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **variables}
    return subprocess.run(["terraform", *words], cwd=folder, env=told, capture_output=True, text=True, check=False)


def prepared(folder: Path) -> str:
    """A copy of the folder with its provider in it, ready for `validate` and `test`; gives why that failed, or nothing.

    Nothing in it is kept from being destroyed: `terraform test` destroys all that it made up, and has no exception for that.
    """
    if not shutil.which("terraform"):
        return "terraform is not installed"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    for file in folder.glob("*.tf"):
        file.write_text(file.read_text(encoding="utf-8").replace("prevent_destroy = true", "prevent_destroy = false"), encoding="utf-8")
    named = [Path(os.environ["TF_PLUGINS"])] if "TF_PLUGINS" in os.environ else [found for place in MIRRORS for found in _found(place)]
    ways = [["-plugin-dir", str(mirror)] for mirror in named if any(mirror.glob("*/hashicorp/aws"))]
    for way in [*ways, []]:
        done = terraform(folder, "init", "-backend=false", "-no-color", *way)
        if done.returncode == 0:
            return ""
    return "the provider hashicorp/aws is not on this machine and can't be downloaded; TF_PLUGINS names a folder that has it"


def _found(place: str) -> list[Path]:
    path = Path(place).expanduser()
    return list(path.parent.glob(path.name)) if path.parent.is_dir() else []
