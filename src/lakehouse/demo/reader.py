"""The account by which a lake reads a demo shop, and where that lake is."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import create_reader, tables_of
from lakehouse.demo.world.truth import State
from lakehouse.demo.world.variant import Store
from lakehouse.sources.woocommerce.grants import grants
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY

READER = "reader"
# Where conf/local.yaml looks.
DEFAULT_FOLDER, DEFAULT_PORT = Path(".demo"), 33306


def make_reader(folder: Path, server: Server, state: State) -> dict[str, str]:
    """Give the read-only user exactly the declared columns. Gives the variables under which the shop and a lake in the folder are found.

    The password is made once, in a file of the folder that only its owner may read.
    """
    password_file = folder / "reader_password"
    if not password_file.exists():
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
    account = f"'{READER}'@'127.0.0.1'"
    statements = grants(state.database, state.prefix, account, LEGACY if state.store is Store.LEGACY else HPOS)
    there = tables_of(server, state.database)
    rights = [statement for table, statement in statements.items() if state.prefix + table in there]
    create_reader(server, state.database, READER, password_file.read_text(), rights)
    roots = {name: str(folder / name.removesuffix("_root")) for name in ("lake_root", "vault_root", "export_root")}
    variables = {f"LAKEHOUSE_{name.upper()}": root for name, root in roots.items()}
    variables["LAKEHOUSE_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    variables["LAKEHOUSE_SHOPS__NL__URL"] = f"jdbc:mysql://127.0.0.1:{server.port}/{state.database}"
    variables["LAKEHOUSE_SHOPS__NL__PASSWORD"] = f"file:{password_file}"
    return variables


def exports(folder: Path, server: Server, variables: Mapping[str, str]) -> str:
    """What a shell must be told before `lakehouse night`; empty if conf/local.yaml says the same."""
    if server.port == DEFAULT_PORT and folder == DEFAULT_FOLDER:
        return ""
    return "export " + " ".join(f"{name}={value}" for name, value in variables.items()) + "   # not where conf/local.yaml looks"
