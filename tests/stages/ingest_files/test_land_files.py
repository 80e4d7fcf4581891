"""Landing vendors' files: what becomes of every row of every file, on a lake of its own, without a shop."""

import gzip
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import WriteError
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.file_ledger import FileEntry, FileLedger
from lakehouse.ops.ledger import Ledger
from lakehouse.recommend.params import parse_params
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.stages.ingest_files.land_files import land_files, replay

STOCK = "sku,location_code,gtin,quantity_on_hand,quantity_reserved,counted_at\n"
ORDERS = (
    "app_order_id,app_user_id,woo_order_id,status,currency,created_at,paid_at,total_amount,tax_amount,shipping_amount,"
    "discount_amount,country,updated_at\n"
)
USERS = "app_user_id,email,phone,first_name,last_name,country,registered_at,last_login_at,marketing_consent,consent_at,updated_at\n"
EVENTS = "event_id,install_id,app_user_id,event_type,occurred_at,sku,gtin,search_text,app_order_id\n"
LINES = "app_order_id,line_no,sku,gtin,product_name,quantity,net_amount,tax_amount\n"
SPEND = "spend_date,channel,campaign,country,currency,cost_amount,clicks,impressions\n"


def stock(sku: str, quantity: int, counted: str = "2026-11-17T00:00:00Z") -> str:
    return f"{sku},AMS,,{quantity},0,{counted}\n"


def order(number: int, status: str, updated: str) -> str:
    return f"{number},u1,,{status},EUR,2026-11-01T10:00:00Z,,10.00,1.00,0,0,NL,2026-11-{updated}T00:00:00Z\n"


def user(name: str, updated: str = "17") -> str:
    return f"{name},{name}@mail.example,+31 6 1,Anna,Bakker,NL,2026-01-01T00:00:00Z,,1,,2026-11-{updated}T00:00:00Z\n"


def event(name: str, day: str = "2026-11-17") -> str:
    return f"{name},i1,,view,{day}T10:00:00Z,A1,,,\n"


def line(number: int, line_no: int, quantity: int = 1) -> str:
    return f"{number},{line_no},A1,,Rice,{quantity},5.00,0.45\n"


def spend(day: str, cost: str) -> str:
    return f"2026-11-{day},search,winter,NL,EUR,{cost},10,100\n"


@contextmanager
def dying_before_the_ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is landed within: the run is killed when it is about to write that down."""

    def die(self: FileLedger, entries: Iterable[FileEntry]) -> None:
        if list(entries):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FileLedger, "record", die)
        yield


class House:
    """A lake, a drop folder, an outbox."""

    def __init__(self, folder: Path, spark: SparkSession) -> None:
        roots = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export", "drop", "outbox")}
        shop: Any = {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}
        self.settings = Settings(env="local", tracking_uri=f"sqlite:///{folder}/mlflow.db", shops={"nl": shop}, **roots)  # type: ignore[arg-type]
        self.folder, self.store = folder, DeltaStore(spark, TableResolver(roots["lake_root"], roots["vault_root"]))
        (folder / "drop").mkdir()

    def drop(self, name: str, data: str | bytes, minute: int = 0) -> Path:
        """A file that arrived on 2026-11-18 at 04:`minute`."""
        path = self.folder / "drop" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        at = datetime(2026, 11, 18, 4, minute, tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
        return path

    def run(self, task: Callable[[RunContext], StageResult] = land_files, now: datetime | None = None) -> StageResult:
        day = date(2026, 11, 18)
        ledger = Ledger(self.store, "run", "ingest", day, "test")
        params = parse_params(read_conf("als.yaml"))
        return task(RunContext("run", day, now or datetime.now(UTC), self.settings, self.store, ledger, params, "k" * 32))

    def files(self) -> dict[str, tuple[Any, ...]]:
        """File → status and rows read, loaded, duplicate, expired, quarantined, of its newest row; the law holds for every row."""
        rows = self.store.read("ops.files").orderBy("recorded_at").collect()
        for row in rows:
            assert row["rows_read"] == row["rows_loaded"] + row["rows_duplicate"] + row["rows_expired"] + row["rows_quarantined"]
        names = ("status", "rows_read", "rows_loaded", "rows_duplicate", "rows_expired", "rows_quarantined")
        return {row["file_name"]: tuple(row[name] for name in names) for row in rows}

    def rows(self, table: str, *columns: str) -> list[Any]:
        found = [tuple(row) for row in self.store.read(table).select(*columns).collect()]
        return sorted(row[0] if len(columns) == 1 else row for row in found)

    def reply(self, name: str) -> str:
        return (self.folder / "outbox" / f"{name}.reply.md").read_text()


@pytest.fixture
def house(tmp_path: Path, spark: SparkSession) -> House:
    return House(tmp_path, spark)


def test_a_snapshot_is_the_whole_truth_and_unchanged_rows_are_not_touched(house: House) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK + "".join(stock(f"A{i}", 1) for i in range(20)))
    house.run()
    rows = [stock("A0", 5, "2026-11-18T00:00:00Z"), *(stock(f"A{i}", 1) for i in range(1, 19))]
    house.drop("stock/stock_levels_20261118.csv", STOCK + "".join(rows), 1)
    house.run()
    assert house.files()["stock_levels_20261118.csv"] == ("loaded", 19, 19, 0, 0, 0)
    found = house.rows("bronze.stock_levels", "sku", "quantity_on_hand", "_file_name")
    assert len(found) == 19
    assert [name for _, quantity, name in found if quantity == 5] == ["stock_levels_20261118.csv"]
    assert {name for _, quantity, name in found if quantity == 1} == {"stock_levels_20261117.csv"}


def test_a_late_older_snapshot_wins_only_where_its_row_is_newer(house: House) -> None:
    house.drop("stock/stock_levels_20261118.csv", STOCK + stock("A", 1, "2026-11-18T00:00Z") + stock("B", 1, "2026-11-10T00:00Z"))
    house.run()
    older = STOCK + stock("A", 9, "2026-11-17T00:00Z") + stock("B", 9, "2026-11-11T00:00Z") + stock("GONE", 9)
    house.drop("stock/stock_levels_20261117.csv", older, 1)
    house.run()
    assert house.rows("bronze.stock_levels", "sku", "quantity_on_hand") == [("A", 1), ("B", 9)]
    assert house.files()["stock_levels_20261117.csv"] == ("loaded", 3, 1, 2, 0, 0)


def test_a_newer_snapshot_does_not_bring_back_an_older_value_nor_lose_the_row(house: House) -> None:
    house.drop("mobile_app/app_users_20261117.csv", USERS + user("u1", "17") + user("u2", "17"))
    house.run()
    house.drop("mobile_app/app_users_20261118.csv", USERS + user("u1", "16").replace("NL", "BE") + user("u2", "18").replace("NL", "BE"), 1)
    house.run()
    assert house.rows("bronze.app_users", "app_user_id", "country") == [("u1", "NL"), ("u2", "BE")]
    assert house.rows("vault.app_users", "email") == ["u1@mail.example", "u2@mail.example"]
    assert house.files()["app_users_20261118.csv"] == ("loaded", 2, 1, 1, 0, 0)


def test_a_row_that_could_not_be_read_does_not_make_its_key_disappear(house: House) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK + "".join(stock(f"A{i}", 1) for i in range(200)))
    house.run()
    rows = [stock(f"A{i}", 1) for i in range(200)]
    rows[7] = stock("A7", 1, "yesterday")
    house.drop("stock/stock_levels_20261118.csv", STOCK + "".join(rows), 1)
    house.run()
    assert "A7" in house.rows("bronze.stock_levels", "sku")
    assert house.files()["stock_levels_20261118.csv"] == ("loaded", 200, 199, 0, 0, 1)


def test_a_snapshot_that_would_take_too_much_away_waits_for_somebodys_yes(house: House) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK + "".join(stock(f"A{i}", 1) for i in range(50)))
    house.run()
    house.drop("stock/stock_levels_20261118.csv", STOCK, 1)
    house.drop("stock/stock_levels_20261119.csv", STOCK + stock("A1", 2, "2026-11-19T00:00Z"), 2)
    house.run()
    assert house.files()["stock_levels_20261118.csv"] == ("waiting", 0, 0, 0, 0, 0)
    assert house.files()["stock_levels_20261119.csv"] == ("waiting", 1, 0, 0, 0, 1)
    assert len(house.rows("bronze.stock_levels", "sku")) == 50
    assert "it would take away 49 of the 50 rows" in house.reply("stock/stock_levels_20261119.csv")
    house.run(lambda run: replay(run, "stock_levels", accept_deletes=True))
    assert house.rows("bronze.stock_levels", "sku", "quantity_on_hand") == [("A1", 2)]
    assert house.files()["stock_levels_20261119.csv"] == ("loaded", 1, 1, 0, 0, 0)
    assert house.rows("quarantine.stock_levels", "line_number") == []


def test_zeros_that_a_spreadsheet_took_are_put_back_where_the_list_before_has_one_such_code(house: House) -> None:
    others = [str(number) for number in range(100, 120)]
    house.drop("stock/stock_levels_20261117.csv", STOCK + "".join(stock(sku, 1) for sku in ("0012", "077", "0055", "055", "9", *others)))
    house.run()
    # 77 comes with a number that can't be read; of 55 nobody knows which one it was; 8 is new.
    rows = [stock("12", 2), "77,AMS,,many,0,2026-11-17T00:00:00Z\n", *(stock(sku, 1) for sku in ("55", "8", "9", *others))]
    house.drop("stock/stock_levels_20261118.csv", STOCK + "".join(rows), 1)
    house.run()
    quantity = dict(house.rows("bronze.stock_levels", "sku", "quantity_on_hand"))
    assert quantity == {"0012": 2, "077": 1, "55": 1, "8": 1, "9": 1, **dict.fromkeys(others, 1)}
    assert "- 2 values of `sku` had lost the zeros that they begin with in the list before." in house.reply(
        "stock/stock_levels_20261118.csv"
    )


def test_a_list_with_codes_that_begin_with_zeros_has_lost_none(house: House) -> None:
    others = [str(number) for number in range(100, 120)]
    house.drop("stock/stock_levels_20261117.csv", STOCK + "".join(stock(sku, 1) for sku in ("0012", "077", *others)))
    house.run()
    house.drop("stock/stock_levels_20261118.csv", STOCK + "".join(stock(sku, 1) for sku in ("12", "077", *others)), 1)
    house.run()
    assert house.rows("bronze.stock_levels", "sku") == sorted(["12", "077", *others])


def test_changes_replace_by_key_and_the_newest_wins_whatever_comes_when(house: House) -> None:
    house.drop("mobile_app/app_orders_20261117.csv", ORDERS + order(1, "placed", "16") + order(1, "paid", "17") + order(2, "paid", "17"))
    house.drop("mobile_app/app_orders_20261118.csv", ORDERS + order(1, "shipped", "18") + order(2, "placed", "16"))
    house.run()
    assert house.rows("bronze.app_orders", "app_order_id", "status") == [(1, "shipped"), (2, "paid")]
    assert house.files()["app_orders_20261117.csv"] == ("loaded", 3, 2, 1, 0, 0)
    assert house.files()["app_orders_20261118.csv"] == ("loaded", 2, 1, 1, 0, 0)
    house.drop("mobile_app/app_orders_20261116.csv", ORDERS + order(1, "placed", "15") + order(3, "placed", "15"), 1)
    house.run()
    assert house.rows("bronze.app_orders", "app_order_id", "status") == [(1, "shipped"), (2, "paid"), (3, "placed")]
    assert house.files()["app_orders_20261116.csv"] == ("loaded", 2, 1, 1, 0, 0)


def test_without_a_date_of_change_the_day_in_the_name_decides(house: House) -> None:
    house.drop("marketing/ad_spend_20261118.csv", SPEND + spend("17", "12.50"))
    house.run()
    house.drop("marketing/ad_spend_20261117.csv", SPEND + spend("17", "11.00") + spend("16", "9.00"), 1)
    house.run()
    assert [str(cost) for cost in house.rows("bronze.ad_spend", "cost_amount")] == ["9.00000000", "12.50000000"]
    assert house.files()["ad_spend_20261117.csv"] == ("loaded", 2, 1, 1, 0, 0)


def test_an_order_has_the_lines_of_the_newest_file_that_names_it_and_no_others(house: House) -> None:
    house.drop("mobile_app/app_order_lines_20261117.csv", LINES + line(1, 1) + line(1, 2) + line(2, 1))
    house.run()
    house.drop("mobile_app/app_order_lines_20261118.csv", LINES + line(1, 1, 3), 1)
    house.drop("mobile_app/app_order_lines_20261116.csv", LINES + line(1, 1) + line(1, 9) + line(3, 1), 2)
    house.run()
    found = house.rows("bronze.app_order_lines", "app_order_id", "line_no", "quantity")
    assert found == [(1, 1, 3), (2, 1, 1), (3, 1, 1)]
    assert house.files()["app_order_lines_20261116.csv"] == ("loaded", 3, 1, 2, 0, 0)


def test_events_add_up_repeated_ones_are_duplicates_and_old_ones_expire(house: House) -> None:
    house.drop("mobile_app/app_events_20261117.csv", EVENTS + event("e1") + event("e2") + event("e1") + event("e3", "2024-11-17"))
    house.drop("mobile_app/app_events_20261118.csv", EVENTS + event("e2") + event("e4") + event("e5", "2024-11-18"))
    house.run()
    assert house.rows("bronze.app_events", "event_id") == ["e1", "e2", "e4", "e5"]
    assert house.files()["app_events_20261117.csv"] == ("loaded", 4, 2, 1, 1, 0)
    assert house.files()["app_events_20261118.csv"] == ("loaded", 3, 2, 1, 0, 0)


def test_the_same_bytes_again_are_a_no_op_but_a_b_a_ends_as_a(house: House) -> None:
    a, b = STOCK + stock("A", 1), STOCK + stock("A", 2)
    house.drop("stock/stock_levels_20261118.csv", a)
    house.run()
    house.drop("stock/stock_levels_20261118.csv", a, 1)
    house.run()
    assert house.files()["stock_levels_20261118.csv"] == ("repeated", 0, 0, 0, 0, 0)
    house.drop("stock/stock_levels_20261118.csv", b, 2)
    house.run()
    assert house.rows("bronze.stock_levels", "quantity_on_hand") == [2]
    house.drop("stock/stock_levels_20261118.csv", a, 3)
    house.run()
    assert house.rows("bronze.stock_levels", "quantity_on_hand") == [1]
    before = house.store.read("ops.files").count()
    house.run()
    assert house.store.read("ops.files").count() == before


def test_a_b_a_ends_as_a_also_where_the_sender_keeps_its_dates(house: House) -> None:
    for number, quantity in enumerate((1, 2, 1)):
        house.drop("stock/stock_levels_20261118.csv", STOCK + stock("A", quantity), minute=5 if quantity == 2 else 0)
        house.run()
        assert house.rows("bronze.stock_levels", "quantity_on_hand") == [quantity], number


def test_a_late_file_neither_beats_a_newer_one_that_was_repeated_nor_stands_for_it(house: House) -> None:
    a, b = (STOCK + stock("A", quantity, f"2026-11-0{quantity}T00:00Z") for quantity in (1, 2))
    prices = "article_code,shop_sku\nA,"
    for day, sku in ((10, "old"), (17, "old"), (12, "late")):  # the second one says the same again
        house.drop(f"wholesaler_a/articles_202611{day}.csv", prices + sku)
        house.run()
    assert house.files()["articles_20261117.csv"][0] == "repeated"
    assert house.rows("bronze.wholesaler_a_articles", "shop_sku") == ["old"]
    for day, data in ((17, b), (16, a), (18, a.replace("2026-11-01", "2026-11-03"))):
        house.drop(f"stock/stock_levels_202611{day}.csv", data)
        house.run()
    assert house.rows("bronze.stock_levels", "quantity_on_hand") == [1]


def test_of_two_new_files_with_the_same_bytes_none_is_taken_for_known_before_one_is_loaded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (16, 17):
        house.drop(f"mobile_app/app_order_lines_202611{day}.csv", LINES + line(1, 1) + line(2, 1))
    with monkeypatch.context() as broken:
        broken.setattr(DeltaStore, "sync", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.run()
    house.run()
    assert house.rows("bronze.app_order_lines", "app_order_id", "line_no") == [(1, 1), (2, 1)]
    assert {name: found[0] for name, found in house.files().items()} == {
        "app_order_lines_20261116.csv": "loaded",
        "app_order_lines_20261117.csv": "repeated",
    }


def test_a_line_that_could_not_be_read_does_not_take_the_known_one_away(house: House) -> None:
    house.drop("mobile_app/app_order_lines_20261117.csv", LINES + "".join(line(order, 1) + line(order, 2) for order in range(600)))
    house.run()
    resent = [line(order, n, 3) for order in range(600) for n in (1, 2)]
    resent[1] = line(0, 2, 3).replace("Rice", "")
    house.drop("mobile_app/app_order_lines_20261118.csv", LINES + "".join(resent))
    house.run()
    assert house.files()["app_order_lines_20261118.csv"] == ("loaded", 1200, 1199, 0, 0, 1)
    found = house.rows("bronze.app_order_lines", "app_order_id", "line_no", "quantity")
    assert len(found) == 1200
    assert found[:3] == [(0, 1, 3), (0, 2, 1), (1, 1, 3)]


def test_a_good_file_that_comes_again_takes_the_reply_to_a_bad_one_back(house: House) -> None:
    for data in (STOCK + stock("A", 1), "nonsense", STOCK + stock("A", 1)):
        house.drop("stock/stock_levels_20261117.csv", data)
        house.run()
    assert house.files()["stock_levels_20261117.csv"][0] == "repeated"
    assert not list((house.folder / "outbox/stock").iterdir())
    assert not list((house.folder / "vault/files/stock_levels").iterdir())


def test_a_day_far_ahead_is_a_typing_error(house: House) -> None:
    house.drop("stock/stock_levels_20621117.csv", STOCK + stock("A", 1))
    house.run()
    assert house.files()["stock_levels_20621117.csv"] == ("quarantined", 1, 0, 0, 0, 1)
    assert "because the day in its name, 2062-11-17, is more than a year ahead" in house.reply("stock/stock_levels_20621117.csv")


def test_a_file_above_its_share_waits_in_quarantine_row_by_row_and_the_vendor_is_told(house: House) -> None:
    rows = [user(f"u{i}") for i in range(10)]
    rows[3:7] = [row.replace("NL", "Holland") for row in rows[3:7]]
    house.drop("mobile_app/app_users_20261117.csv.gz", gzip.compress((USERS + "".join(rows)).encode()))
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1))
    house.run()
    assert house.files() == {
        "app_users_20261117.csv.gz": ("quarantined", 10, 0, 0, 0, 10),
        "stock_levels_20261117.csv": ("loaded", 1, 1, 0, 0, 0),
    }
    assert house.store.head("bronze.app_users") is None
    kept = house.rows("quarantine.app_users", "line_number", "column_name", "value_class", "reason")
    assert len(kept) == 10
    wrong = "it is none of the values that are expected; expected: the two letters of a country (ISO 3166-1)"
    assert kept[3] == (5, "country", "not_in_list", wrong)
    assert kept[9] == (11, "", "whole_file", "4 of 10 rows are wrong, more than 0.1%")
    assert "we did not use this file, 4 of 10 rows could not be read" in house.reply("mobile_app/app_users_20261117.csv.gz")
    assert (house.folder / "outbox/mobile_app/app_users_20261117.csv.gz.template.csv").read_bytes().startswith(b"app_user_id,email")


def test_three_wrong_rows_of_a_short_list_do_not_hold_it_back_but_a_list_of_wrong_rows_is_none(house: House) -> None:
    rows = [user(f"u{i}") for i in range(4)]
    wrong = [row.replace("NL", "Holland") for row in rows[:3]]
    house.drop("mobile_app/app_users_20261117.csv", USERS + "".join([*wrong, rows[3]]))
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1, "yesterday"))
    house.run()
    assert house.files() == {
        "app_users_20261117.csv": ("loaded", 4, 1, 0, 0, 3),
        "stock_levels_20261117.csv": ("quarantined", 1, 0, 0, 0, 1),
    }
    assert house.rows("bronze.app_users", "app_user_id") == ["u3"]


def test_a_row_whose_key_cannot_be_read_lets_no_key_of_a_snapshot_disappear(house: House) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1) + stock("B", 1) + stock("C", 1))
    house.run()
    newer = "2026-11-18T00:00:00Z"
    house.drop("stock/stock_levels_20261118.csv", STOCK + stock("A", 2, newer) + stock("B", 2, newer) + "C,AMS\n", 1)
    house.run()
    assert house.rows("bronze.stock_levels", "sku", "quantity_on_hand") == [("A", 2), ("B", 2), ("C", 1)]


def test_a_corrected_file_under_the_same_name_is_loaded_and_the_reply_goes(house: House) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK.replace("sku", "item") + stock("A", 1))
    house.run()
    assert house.files()["stock_levels_20261117.csv"] == ("quarantined", 1, 0, 0, 0, 1)
    assert "missing: sku" in house.reply("stock/stock_levels_20261117.csv")
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1), 1)
    house.run()
    assert house.files()["stock_levels_20261117.csv"] == ("loaded", 1, 1, 0, 0, 0)
    assert not list((house.folder / "outbox/stock").iterdir())
    assert not list((house.folder / "vault/files/stock_levels").iterdir())


def test_a_file_that_was_a_link_before_takes_no_other_copies_away(house: House) -> None:
    house.drop("mobile_app/app_users_20261117.csv", "nonsense")
    house.drop("stock/target", "")
    (house.folder / "drop/stock/stock_levels_20261117.csv").symlink_to(house.folder / "drop/stock/target")
    house.run()
    (house.folder / "drop/stock/stock_levels_20261117.csv").unlink()
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1), 1)
    house.run()
    assert house.files()["stock_levels_20261117.csv"] == ("loaded", 1, 1, 0, 0, 0)
    assert len(list((house.folder / "vault/files/app_users").iterdir())) > 0


def test_a_replay_by_a_corrected_contract_loads_what_is_good_now(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("stock/stock_levels_20261117.csv", STOCK.replace("sku", "item") + stock("A", 1))
    house.run()
    import dataclasses

    from lakehouse.sources import feeds
    from lakehouse.stages.ingest_files import land_files as module

    old = next(feed for feed in feeds.FEEDS if feed.name == "stock_levels")
    renamed = dataclasses.replace(old, fields=(dataclasses.replace(old.fields[0], aliases=("item",)), *old.fields[1:]))
    monkeypatch.setattr(module, "FEEDS", (renamed,))
    house.run(lambda run: replay(run, "stock_levels", accept_deletes=False))
    assert house.files()["stock_levels_20261117.csv"] == ("loaded", 1, 1, 0, 0, 0)
    assert house.rows("bronze.stock_levels", "sku") == ["A"]
    assert house.rows("quarantine.stock_levels", "sender") == []
    assert not list((house.folder / "vault/files/stock_levels").iterdir())


def test_a_run_that_died_before_the_ledger_does_the_same_again(house: House) -> None:
    house.drop("mobile_app/app_events_20261117.csv", EVENTS + event("e1") + event("e2") + event("e1"))
    house.drop("mobile_app/app_order_lines_20261117.csv", LINES + line(1, 1) + line(1, 2).replace("Rice", ""))
    house.drop("mobile_app/app_orders_20261117.csv", ORDERS + order(1, "placed", "16") + order(1, "paid", "17"))
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A", 1))
    house.run()
    before = house.files()
    house.store.delete_folder(house.store.tables.folder("ops.files"))
    house.run()
    assert house.files() == before
    assert house.rows("bronze.app_events", "event_id") == ["e1", "e2"]
    assert house.rows("quarantine.app_order_lines", "line_number") == [3]


def test_files_that_change_the_same_rows_are_counted_alike_whether_a_run_died_after_loading_them_or_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.drop("mobile_app/app_orders_20261116.csv", ORDERS + order(1, "placed", "16"))
    house.drop("mobile_app/app_orders_20261117.csv", ORDERS + order(1, "paid", "17"))

    with dying_before_the_ledger(monkeypatch):
        house.run()
    house.run()
    assert house.files() == dict.fromkeys(("app_orders_20261116.csv", "app_orders_20261117.csv"), ("loaded", 1, 1, 0, 0, 0))
    assert house.rows("bronze.app_orders", "status") == ["paid"]


def test_a_replay_that_died_is_done_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("stock/stock_levels_20261116.csv", STOCK + "".join(stock(f"A{i:02}", 1) for i in range(40)))
    house.run()
    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A00", 1))
    house.run()
    assert house.files()["stock_levels_20261117.csv"][0] == "waiting"

    with dying_before_the_ledger(monkeypatch):
        house.run(lambda run: replay(run, "stock_levels", accept_deletes=True))
    house.run(lambda run: replay(run, "stock_levels", accept_deletes=True))
    assert house.files()["stock_levels_20261117.csv"][0] == "loaded"
    assert house.rows("bronze.stock_levels", "sku") == ["A00"]
    assert not list((house.folder / "vault/files/stock_levels").iterdir())


def test_what_is_no_file_of_a_feed_is_not_opened(house: House) -> None:
    secret = house.drop("../secret.csv", STOCK + stock("SECRET", 1))
    (house.folder / "drop/stock").mkdir()
    (house.folder / "drop/stock/stock_levels_20261117.csv").symlink_to(secret)
    (house.folder / "drop/evil").symlink_to(house.folder)
    house.drop("stock/stock_levels_20261399.csv", STOCK + stock("A", 1))
    house.drop("stock/..%2f..%2fstock\n|<b>.csv", STOCK + stock("A", 1))
    house.drop("stock/stock_levels_20261118.csv.part", STOCK + stock("A", 1))
    house.drop("nobody/stock_levels_20261118.csv", STOCK + stock("A", 1))
    os.mkfifo(house.folder / "drop/stock/stock_levels_20261119.csv")
    fresh = house.drop("stock/stock_levels_20261120.csv", STOCK + stock("A", 1))
    os.utime(fresh)
    house.run()
    found = house.files()
    assert {status for status, *_ in found.values()} == {"quarantined"}
    assert set(found) == {
        "stock_levels_20261117.csv",
        "evil",
        "stock_levels_20261399.csv",
        "..%2f..%2fstock\ufffd|<b>.csv",
        "stock_levels_20261118.csv",
        "stock_levels_20261119.csv",
    }
    assert house.store.head("bronze.stock_levels") is None
    assert sorted(path.parent.name for path in (house.folder / "outbox").rglob("*.md")) == ["stock"] * 4


def test_a_bucket_is_as_good_as_a_folder(house: House, bucket: Any) -> None:
    roots = {"drop_root": "s3a://shop/drop", "outbox_root": "s3a://shop/outbox"}
    house.settings = house.settings.model_copy(update=roots)
    bucket.put_object(Bucket="shop", Key="drop/stock/stock_levels_20261117.csv", Body=(STOCK + stock("A", 1)).encode())
    bucket.put_object(Bucket="shop", Key="drop/mobile_app/app_users_20261117.csv", Body=b"nonsense")
    house.run(now=datetime.now(UTC) + timedelta(minutes=2))
    assert house.files() == {
        "stock_levels_20261117.csv": ("loaded", 1, 1, 0, 0, 0),
        "app_users_20261117.csv": ("quarantined", 0, 0, 0, 0, 0),
    }
    assert house.rows("bronze.stock_levels", "sku") == ["A"]
    (found, _) = bucket.list_objects_v2(Bucket="shop", Prefix="outbox/")["Contents"]
    assert found["Key"] == "outbox/mobile_app/app_users_20261117.csv.reply.md"


def test_personal_values_are_in_the_vault_alone(house: House) -> None:
    bad = user("u2").replace("NL", "Holland")
    house.drop("mobile_app/app_users_20261117.csv", USERS + "".join(user(f"x{i}") for i in range(1000)) + bad)
    house.run()
    assert house.files()["app_users_20261117.csv"] == ("loaded", 1001, 1000, 0, 0, 1)
    assert house.rows("vault.app_users", "email")[0] == "x0@mail.example"
    outside = [path for name in ("lake", "outbox") for path in (house.folder / name).rglob("*") if path.is_file()]
    assert outside
    assert not [path for path in outside if b"x1@mail.example" in path.read_bytes() or b"Holland" in path.read_bytes()]
    assert not list((house.folder / "vault/_staging").iterdir())


def test_a_feed_that_is_overdue_and_a_drop_folder_that_is_gone_are_alarms(house: House) -> None:
    # It came when it was written here, whatever date it has: the next one is due at 05:00 UTC of the day after.
    path = house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A1", 1))
    came = datetime.fromtimestamp(path.stat().st_ctime, UTC)
    fine = house.run(now=came)
    shutil.rmtree(house.folder / "drop")
    bad = house.run(now=came.replace(hour=6) + timedelta(days=2))
    assert fine.alarms == ()
    assert {"feeds:drop_root", "feed:stock_levels:overdue", "feed:stock_levels:not used"} <= fine.cleared
    assert [(alarm.key, alarm.title) for alarm in bad.alarms] == [
        ("feeds:drop_root", "drop_root can't be read (FileNotFoundError): no files were landed"),
        ("feed:stock_levels:overdue", "stock_levels of stock is overdue for 1 day"),
    ]
    assert fine.cleared - bad.cleared == {"feeds:drop_root", "feed:stock_levels:overdue"}


@pytest.mark.parametrize("reading", ["lakehouse.stages.ingest_files.delivery.read_file", "lakehouse.io.files.drop_folder.copied"])
def test_a_full_disk_is_the_nights_trouble_not_the_files(house: House, monkeypatch: pytest.MonkeyPatch, reading: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    house.drop("stock/stock_levels_20261117.csv", STOCK + stock("A1", 1))
    with monkeypatch.context() as patched, pytest.raises(WriteError):
        patched.setattr(reading, full)
        house.run()
    assert house.store.head("ops.files") is None
    house.run()
    assert house.files() == {"stock_levels_20261117.csv": ("loaded", 1, 1, 0, 0, 0)}
