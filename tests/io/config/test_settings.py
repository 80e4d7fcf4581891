"""Settings: four layers, unknown names refused, and messages that show no value."""

from pathlib import Path

import pytest

from lakehouse.errors import ConfigError
from lakehouse.io.config.secrets import resolve
from lakehouse.io.config.settings import conf_folder, load_settings, read_conf_folder

BASE = """
model_name: of-base
train_every_days: 7
log_format: json
spark: {spark.sql.session.timeZone: UTC, spark.ui.enabled: "true"}
"""
DEV = """
model_name: of-dev
lake_root: lake
vault_root: vault
export_root: export
tracking_uri: "sqlite:///mlflow.db"
spark: {spark.ui.enabled: "false"}
shops:
  nl: {url: "jdbc:mysql://db.example:3306/shop", user: reader, password: "env:SHOP_PASSWORD", time_zone: Europe/Amsterdam}
  de: {url: "jdbc:mysql://db.example:3306/shop_de", user: reader, password: "file:/run/secrets/de"}
"""
SECRET = "hunter2"


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "dev.yaml").write_text(DEV)
    monkeypatch.setenv("LAKEHOUSE_CONF", str(tmp_path))
    return tmp_path


def refused(env: str = "dev", **options: object) -> str:
    """The message of the ConfigError (2) that these settings end with; all of it, as an operator sees it."""
    with pytest.raises(ConfigError) as caught:
        load_settings(env, options)
    assert caught.value.exit_code == 2
    message = f"{caught.value} {caught.value.todo}"
    assert SECRET not in message
    return message


def test_the_environments_file_replaces_the_base(conf: Path) -> None:
    settings = load_settings("dev")
    assert (settings.env, settings.model_name, settings.train_every_days) == ("dev", "of-dev", 7)
    # Nested names are merged one by one.
    assert settings.spark == {"spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false"}
    assert settings.shops["nl"].time_zone == "Europe/Amsterdam"
    assert settings.shops["de"].time_zone == "UTC"


def test_variables_replace_files_and_options_replace_variables(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_MODEL_NAME", "of-variable")
    monkeypatch.setenv("LAKEHOUSE_LAKE_ROOT", "/variable/lake")
    monkeypatch.setenv("LAKEHOUSE_SHOPS__NL__PREFIX", "shop3_")
    settings = load_settings("dev", {"lake_root": "/option/lake", "vault_root": None})
    assert settings.model_name == "of-variable"
    assert settings.lake_root == "/option/lake"
    # An option that was not given replaces nothing; of a shop only the named setting changes.
    assert settings.vault_root == "vault"
    assert (settings.shops["nl"].prefix, settings.shops["nl"].user) == ("shop3_", "reader")
    assert settings.shops["de"].prefix == "wp_"


def test_the_environment_that_was_asked_for_wins_over_the_variable(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # LAKEHOUSE_ENV is only what --env is when it is not given.
    monkeypatch.setenv("LAKEHOUSE_ENV", "local")
    assert load_settings("dev").env == "dev"


def test_an_unknown_key_of_a_file_is_named(conf: Path) -> None:
    (conf / "dev.yaml").write_text(f"{DEV}\npasword: {SECRET}\n")
    assert "pasword" in refused()


def test_an_unknown_key_of_a_shop_is_named(conf: Path) -> None:
    (conf / "dev.yaml").write_text(DEV.replace("user: reader,", f"user: reader, pasword: {SECRET},", 1))
    assert "shops.nl.pasword" in refused()


def test_an_unknown_variable_is_named(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_LAKEROOT", SECRET)
    assert "LAKEHOUSE_LAKEROOT" in refused()


def test_an_unknown_setting_of_a_shop_in_a_variable_is_named(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SHOPS__NL__PASWORD", SECRET)
    assert "shops.nl.pasword" in refused()


def test_an_unknown_option_is_named(conf: Path) -> None:
    assert "lake_rot" in refused(lake_rot=SECRET)


def test_a_missing_setting_is_named(conf: Path) -> None:
    (conf / "dev.yaml").write_text(DEV.replace("vault_root: vault\n", "").replace("user: reader,", "", 1))
    message = refused()
    assert "vault_root" in message
    assert "shops.nl.user" in message


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PREFIX", f"wp_`; DROP TABLE {SECRET}"),
        ("PREFIX", ""),
        ("TIME_ZONE", "Mars/Olympus"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("URL", f"jdbc:mariadb://reader:{SECRET}@db.example/shop"),
        ("URL", "jdbc:mysql://db.example:3306"),
        ("CONSENT_META_KEY", "x') OR ('1'='1"),
    ],
)
def test_a_setting_that_could_do_harm_in_a_query_is_refused(conf: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str) -> None:
    monkeypatch.setenv(f"LAKEHOUSE_SHOPS__NL__{setting}", value)
    assert f"shops.nl.{setting.lower()}" in refused()


@pytest.mark.parametrize("code", ["NL", "n-l", "1st", "n l"])
def test_a_shop_code_is_lower_case_letters_digits_and_underscores(conf: Path, code: str) -> None:
    (conf / "dev.yaml").write_text(DEV.replace("  nl:", f'  "{code}":'))
    assert "shops" in refused()


def test_the_code_of_the_mobile_app_is_not_one_for_a_shop(conf: Path) -> None:
    (conf / "dev.yaml").write_text(DEV.replace("  nl:", "  app:"))
    assert "'app' is reserved" in refused()


def test_a_lake_without_shops_is_refused(conf: Path) -> None:
    (conf / "dev.yaml").write_text(DEV.partition("shops:")[0] + "shops: {}\n")
    assert "shops" in refused()


def test_files_of_vendors_speak_of_the_first_shop_if_none_is_named(conf: Path) -> None:
    assert load_settings("dev").feed_shop_code == "nl"
    assert load_settings("dev", {"feed_shop": "de"}).feed_shop_code == "de"


def test_vendors_files_cannot_speak_of_a_shop_that_is_not_there(conf: Path) -> None:
    assert "feed_shop: Value error, there is no such shop; shops are nl, de" in refused(feed_shop="be")


@pytest.mark.parametrize(("name", "value"), [("LOCK", "maybe"), ("LOG_FORMAT", "xml"), ("TRAIN_EVERY_DAYS", "0")])
def test_a_value_that_is_not_one_of_the_known_ones_is_refused(conf: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    assert name.lower() in refused()


def test_a_variable_that_is_not_json_where_it_must_be_is_a_config_error(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SHOPS", f"{{nl: {SECRET}")
    assert "shops" in refused().lower()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'password: "{SECRET}\n', id="open quote"),
        pytest.param(f"- {SECRET}\n", id="a list"),
        pytest.param(f"{SECRET}\n", id="a text"),
    ],
)
def test_a_file_that_is_no_mapping_is_a_config_error_that_shows_none_of_it(conf: Path, text: str) -> None:
    (conf / "dev.yaml").write_text(text)
    assert "dev.yaml" in refused()


def test_an_unknown_environment_is_answered_with_the_known_ones(conf: Path) -> None:
    (conf / "als.yaml").write_text("")
    message = refused("prod")
    assert "prod.yaml" in message
    assert message.endswith("known environments: dev")


def test_a_folder_without_settings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_CONF", str(tmp_path))
    with pytest.raises(ConfigError, match=r"base\.yaml"):
        conf_folder()


def test_settings_hold_references_and_a_secret_in_their_place_is_refused_unseen(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "of-the-variable")
    assert resolve(load_settings("dev").shops["nl"].password) == "of-the-variable"
    monkeypatch.setenv("LAKEHOUSE_SHOPS__NL__PASSWORD", SECRET)
    with pytest.raises(ConfigError) as caught:
        resolve(load_settings("dev").shops["nl"].password)
    assert SECRET not in f"{caught.value} {caught.value.todo}"


def test_alerts_go_to_the_log_unless_the_settings_name_sinks(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [sink.name for sink in load_settings("dev").alerts] == ["log"]
    (conf / "dev.yaml").write_text(f"{DEV}\nalerts:\n  - {{kind: log}}\n  - {{kind: webhook, shape: slack, url: env:SLACK_WEBHOOK}}\n")
    assert [sink.name for sink in load_settings("dev").alerts] == ["log", "slack"]
    # A list is replaced as a whole.
    monkeypatch.setenv("LAKEHOUSE_ALERTS", '[{"kind": "webhook", "shape": "pagerduty", "routing_key": "env:PD_KEY"}]')
    (sink,) = load_settings("dev").alerts
    assert (sink.name, sink.secrets) == ("pagerduty", ("env:PD_KEY",))


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        (f'[{{"kind": "webhook", "url": "https://hooks.example/{SECRET}"}}]', "alerts.0.webhook.url"),
        (f'[{{"kind": "webhook", "shape": "pagerduty", "routing_key": "{SECRET}"}}]', "alerts.0.webhook.routing_key"),
        ('[{"kind": "webhook", "shape": "pagerduty"}]', "routing_key must be set"),
        ('[{"kind": "webhook", "shape": "slack"}]', "url must be set"),
        ('[{"kind": "webhook", "url": "env:A", "routing_key": "env:B"}]', "for the shape pagerduty only"),
        ('[{"kind": "mail"}]', "'log', 'webhook'"),
        ('[{"kind": "log", "url": "env:A"}]', "alerts.0.log.url"),
        ("slack", "LAKEHOUSE_ALERTS"),
    ],
)
def test_a_sink_that_could_not_be_told_is_refused(conf: Path, monkeypatch: pytest.MonkeyPatch, alerts: str, words: str) -> None:
    monkeypatch.setenv("LAKEHOUSE_ALERTS", alerts)
    assert words in refused()


def test_the_metrics_file_has_the_ending_that_the_collector_reads(conf: Path) -> None:
    assert load_settings("dev", {"metrics_file": "/srv/metrics/lakehouse.prom"}).metrics_file == "/srv/metrics/lakehouse.prom"
    assert "metrics_file" in refused(metrics_file="/srv/metrics/lakehouse.txt")


def test_a_file_of_a_folder_replaces_the_shipped_one_of_its_name_and_the_others_stay(conf: Path) -> None:
    shipped = read_conf_folder("profiles")
    assert "brevo" in shipped and shipped["klaviyo"]["max_megabytes"] == 50
    (conf / "profiles").mkdir()
    (conf / "profiles" / "klaviyo.yaml").write_text("max_megabytes: 20")
    (conf / "profiles" / "mine.yaml").write_text("version: 1")
    (conf / "profiles" / "notes.txt").write_text("not: read")
    assert read_conf_folder("profiles") == {**shipped, "klaviyo": {"max_megabytes": 20}, "mine": {"version": 1}}
    (conf / "profiles" / "mine.yaml").write_text(f"a: [{SECRET}")
    with pytest.raises(ConfigError, match=r"mine\.yaml is not YAML, line 1") as caught:
        read_conf_folder("profiles")
    assert SECRET not in str(caught.value)
    assert read_conf_folder("nothing") == {}


def test_a_status_that_counts_as_a_sale_means_the_same_with_the_databases_prefix(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_SHOPS__NL__COUNTS_AS_SALE", '["wc-completed", " wc-at-the-counter", "packed"]')
    assert load_settings("dev").shops["nl"].counts_as_sale == ("completed", "at-the-counter", "packed")
