"""Settings: conf/base.yaml < conf/<env>.yaml < environment LAKEHOUSE_… < options of the command. Unknown names are errors.

A file of an environment may name another one that it `extends`, and is laid over it.
"""

import os
import re
from collections.abc import Mapping
from functools import reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from lakehouse.errors import ConfigError
from lakehouse.io.config.alert_settings import AlertSink, LogSink
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.hold_out import HoldOut
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.sources.app_shop import APP

PREFIX = "LAKEHOUSE_"
# Variables that are not settings: where the settings are, and what only tests use.
NOT_SETTINGS = {"CONF", "ENV", "TEST_DATA"}
CODE = re.compile(r"[a-z_][a-z0-9_]*")


class Settings(BaseSettings):
    """All settings of one environment. Roots are folders or object-store prefixes; secrets are references, never values."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True)

    env: str
    lake_root: str
    vault_root: str
    export_root: str
    # Whose members may read campaign packs, besides the user of the runs.
    export_group: str | None = None
    # Catalogs in which the tables are, and those of the vault: of Unity Catalog, for one. Without them tables are folders below the roots.
    catalog: str | None = None
    vault_catalog: str | None = None
    # Where vendors' files come in, and where the replies to them go: folders or prefixes of buckets.
    drop_root: str | None = None
    outbox_root: str | None = None
    tracking_uri: str
    artifact_root: str | None = None
    model_name: str = "lakehouse-recommender"
    # Of trainings; on Databricks the path of a folder of the workspace.
    experiment_name: str = "lakehouse-recommender"
    pseudonym_key: str | None = None
    shops: dict[str, ShopSettings] = Field(min_length=1)
    # Form of the files of the pack of customers, for a tool that keeps customers (CRM); none: there is no such pack.
    crm_profile: str | None = None
    # A share of all persons who get nothing from any campaign.
    hold_out: HoldOut | None = None
    # Databases of other kinds; each is a shop of its own in silver and gold.
    databases: dict[str, DatabaseSettings] = {}
    # The shop that vendors' files speak of: its orders, articles, customers.
    feed_shop: str | None = None
    # Patterns of names or slugs of categories whose goods are not picked for a person: a basket must not tell what is nobody's business.
    restricted_categories: tuple[str, ...] = ()
    train_every_days: int = Field(default=7, ge=1)
    # 0: no night maintains the lake.
    maintain_every_days: int = Field(default=7, ge=0)
    lock: Literal["file", "s3", "none"] = "file"
    # Of lock s3: who does not renew it for so long may be gone, and another run may take the lock over.
    lock_lease_seconds: int = Field(default=120, ge=5)
    log_format: Literal["text", "json"] = "json"
    # Who is told of incidents, and the file for Prometheus.
    alerts: tuple[AlertSink, ...] = (LogSink(kind="log"),)
    metrics_file: str | None = Field(default=None, pattern=r"\.prom$")
    spark: dict[str, str] = {}
    # Tables and frames of up to so many rows are held by the driver; 0: everything is Spark's.
    small_rows: int = Field(default=1_000_000, ge=0)
    small_lake_rows: int = Field(default=10_000_000, ge=0)

    @field_validator("drop_root", "outbox_root")
    @classmethod
    def _is_a_folder_or_bucket(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and not value.startswith(("s3://", "s3a://")):
            raise ValueError("must be a folder or s3a://bucket/prefix")
        return value

    @field_validator("outbox_root")
    @classmethod
    def _replies_have_a_place(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("drop_root") is not None:
            raise ValueError("must be set where drop_root is: replies to the senders go there")
        return value

    @field_validator("shops")
    @classmethod
    def _codes_are_plain(cls, value: dict[str, ShopSettings]) -> dict[str, ShopSettings]:
        for code in value:
            if not code.isidentifier() or code != code.lower():
                raise ValueError(f"shop code {code!r}: use lower-case letters, digits and _")
            if code == APP:
                raise ValueError(f"shop code {code!r} is reserved for the mobile app's own orders")
        return value

    @field_validator("databases")
    @classmethod
    def _database_codes_are_their_own(cls, value: dict[str, DatabaseSettings], info: ValidationInfo) -> dict[str, DatabaseSettings]:
        for code in value:
            if not CODE.fullmatch(code):
                raise ValueError(f"database code {code!r}: use lower-case letters, digits and _")
            if code == APP or code in info.data.get("shops", {}):
                raise ValueError(f"database code {code!r} is that of a shop; each is a shop of its own")
        return value

    @field_validator("feed_shop")
    @classmethod
    def _feed_shop_is_one_of_them(cls, value: str | None, info: ValidationInfo) -> str | None:
        shops = info.data.get("shops")
        if value is not None and shops is not None and value not in shops:
            raise ValueError(f"there is no such shop; shops are {', '.join(shops)}")
        return value

    @property
    def sources(self) -> dict[str, ShopSettings | DatabaseSettings]:
        """All that has customers and orders of its own, by their codes."""
        return {**self.shops, **self.databases}

    @property
    def feed_shop_code(self) -> str:
        """The shop that vendors' files speak of: the first one, if none is named."""
        return self.feed_shop or next(iter(self.shops))


def load_settings(env: str, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings of `env`. ConfigError (2) names the setting that is wrong and never shows a value that could be secret."""
    _refuse_unknown_variables()
    folder = conf_folder()
    given = {name: value for name, value in (options or {}).items() if value is not None}
    layers = [read_conf("base.yaml"), *_of_environment(env), _environment(), given, {"env": env}]
    try:
        return Settings.model_validate(reduce(_merge, layers))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False, include_url=False))
        raise ConfigError(f"settings of {env}: {problems}", f"see {folder}/README.md or set {PREFIX}…") from None


def _of_environment(env: str, above: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """What its file says, laid over the file of the environment that it `extends`."""
    if env in above:
        raise ConfigError(f"environments extend each other in a circle: {' > '.join((*above, env))}", "take one `extends` away")
    said = read_conf(f"{env}.yaml")
    below = said.pop("extends", None)
    return [*(_of_environment(str(below), (*above, env)) if below else []), said]


def conf_folder() -> Traversable:
    """The folder of the settings files: LAKEHOUSE_CONF, else `conf` beside the working directory, else the one shipped in the package."""
    if named := os.environ.get(f"{PREFIX}CONF"):
        if not (Path(named) / "base.yaml").is_file():
            raise ConfigError(f"LAKEHOUSE_CONF={named} holds no base.yaml")
        return Path(named)
    if (Path("conf") / "base.yaml").is_file():
        return Path("conf")
    return shipped_conf()


def shipped_conf() -> Traversable:
    """The folder of the settings files that came with the package."""
    package = files("lakehouse")  # a folder, or inside of the zip that spark-submit was given
    for folder in (package / "conf", Path(__file__).parents[4] / "conf"):
        if (folder / "base.yaml").is_file():
            return folder
    raise ConfigError("no settings found", "run in the project's folder or set LAKEHOUSE_CONF")


def read_conf(name: str) -> dict[str, Any]:
    """One file of the settings folder, as it stands. Errors name the place, not the text: it could be a secret."""
    folder = conf_folder()
    file = folder / name
    if not file.is_file():
        known = sorted(found.name.removesuffix(".yaml") for found in folder.iterdir() if found.name.endswith(".yaml"))
        raise ConfigError(f"there is no {file}", f"known environments: {', '.join(n for n in known if n not in ('base', 'als'))}")
    return _parsed(file)


def read_conf_folder(name: str) -> dict[str, dict[str, Any]]:
    """The files of a folder of the settings, by their names without .yaml. One that the package ships holds unless there is one of that
    name."""
    found: dict[str, dict[str, Any]] = {}
    for folder in (shipped_conf() / name, conf_folder() / name):
        there = sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []
        found |= {file.name.removesuffix(".yaml"): _parsed(file) for file in there if file.name.endswith(".yaml")}
    return found


def _parsed(file: Traversable) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(f"{file} is not YAML" + (f", line {mark.line + 1}, column {mark.column + 1}" if mark else "")) from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file} must hold names and values")
    return values


def sqlite_file(tracking_uri: str) -> Path | None:
    """The file of a tracking server that is a sqlite database; None for any other."""
    if not tracking_uri.startswith("sqlite:"):
        return None
    return Path(urlsplit(tracking_uri).path[1:]).resolve()


def is_registry_made(tracking_uri: str) -> bool:
    """False if it is a sqlite file that is not there yet: to open it would make it, which may be what a first night is about to do."""
    file = sqlite_file(tracking_uri)
    return file is None or file.exists()


def _environment() -> dict[str, Any]:
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError:
        raise ConfigError(
            "a setting in the environment is not the JSON that its kind needs", f"see {PREFIX}SHOPS, {PREFIX}SPARK and {PREFIX}ALERTS"
        ) from None


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {k: _merge(below[k], above[k]) for k in below.keys() & above.keys() if isinstance(below[k], dict) and isinstance(above[k], dict)}
    return {**below, **above, **both}


def _refuse_unknown_variables() -> None:
    known = {name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX).split("__")[0].upper() not in known:
            raise ConfigError(f"unknown setting {variable} in the environment", f"known: {', '.join(sorted(known))}")
