"""One delivered file: every record is loaded or rejected with its line; files that can't be used are refused as a whole."""

import csv
import gzip
import io
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lakehouse.bronze.feed_file import FileReadResult, Origin, read_file
from lakehouse.bronze.feed_reply import reply
from lakehouse.sources.mobile_app import INSTALLS, ORDER_LINES, ORDERS
from lakehouse.sources.other_feeds import STOCK_LEVELS, WEB_EVENTS
from lakehouse.sources.spreadsheets import EMPTY_ROWS, TOTALS
from lakehouse.sources.wholesalers import PRICES_A, TARIFF_C

HEADER = "sku,location_code,gtin,quantity_on_hand,quantity_reserved,counted_at"
GOOD = "A1,AMS,,5,0,2026-11-17T21:05:00Z"


def read(data: str | bytes, folder: Path, feed=STOCK_LEVELS, name: str = "stock_levels_20261117.csv") -> FileReadResult:  # type: ignore[no-untyped-def]
    origin = Origin(date(2026, 11, 17), name, datetime(2026, 11, 18, 4, tzinfo=UTC))
    return read_file(io.BytesIO(data.encode() if isinstance(data, str) else data), feed, origin, folder)


def rejects(found: FileReadResult) -> list[tuple[int, str, str]]:
    rows = pq.read_table(found.rejects).to_pylist()
    return sorted((row["_line_number"], row["column_name"], row["value_class"]) for row in rows)


def test_good_rows_are_typed_and_bad_ones_have_line_column_and_class(tmp_path: Path) -> None:
    data = f'{HEADER}\r\n{GOOD}\r\n\r\n"B\n2",AMS,,x,0,2026-11-17\r\nC,AMS\r\n,AMS,,1,1,2026-11-17T00:00Z\r\n'
    found = read(data, tmp_path)
    assert (found.rows_read, found.rows_rejected) == (4, 3)
    assert rejects(found) == [(4, "quantity_on_hand", "not_a_number"), (6, "", "wrong_field_count"), (7, "sku", "empty")]
    (row,) = pq.read_table(found.good).to_pylist()
    assert (row["sku"], str(row["quantity_on_hand"]), row["gtin"], row["_line_number"]) == ("A1", "5.0000", None, 2)


def test_columns_are_found_by_name_whatever_their_order_and_unknown_ones_are_left(tmp_path: Path) -> None:
    header = " Counted_At,extra,SKU,location_code,gtin,quantity_reserved,quantity_on_hand"
    found = read(f"{header}\n2026-11-17T21:05:00Z,?,A1,AMS,,0,5\n", tmp_path)
    assert (found.unknown_columns, found.absent_columns) == (["extra (column 2)"], [])
    assert pq.read_table(found.good).to_pylist()[0]["sku"] == "A1"


def test_a_column_that_may_be_empty_may_be_missing_but_not_renamed(tmp_path: Path) -> None:
    found = read(f"{HEADER.replace('gtin,', '')}\n{GOOD.replace('AMS,', 'AMS')}\n", tmp_path)
    assert (found.refused, found.absent_columns, found.rows_rejected) == ("", ["gtin"], 0)
    assert "not there: gtin" in read(f"{HEADER.replace('gtin', 'EAN')}\n{GOOD}\n", tmp_path).refused
    orders = ",".join(field.headers[0] for field in ORDERS.fields if field.name != "woo_order_id")
    assert "missing: woo_order_id" in read(orders, tmp_path, ORDERS).refused


@pytest.mark.parametrize(
    ("data", "why", "rows"),
    [
        ("", "empty", 0),
        ("\n \n", "empty", 0),
        (HEADER.replace("sku", "item"), "missing: sku", 0),
        (f"{HEADER.replace('sku', 'item')}\n{GOOD}\n{GOOD},1\n", "missing: sku", 2),
        (f"{HEADER},sku\n{GOOD},A1\n", "there twice: sku", 1),
        (HEADER.replace(",", ";") + '\nA1;AMS;;5,0;0;x\n"B;1', "divided by a semicolon; expected is a comma", 2),
        (f'{HEADER}\n{GOOD}\n"A1,AMS\n{GOOD}\n', "never closed", 2),
        (f'{HEADER}\n{GOOD}\nA1,AMS,,5,0,"2026\n{GOOD}\n', "never closed", 2),
        (f'{HEADER}\n{GOOD}\n"A1,AMS\n' + f"{GOOD}\n" * 300_000, "never closed", 2),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_reason_and_its_records_counted(
    data: str, why: str, rows: int, tmp_path: Path
) -> None:
    found = read(data, tmp_path)
    assert why in found.refused
    assert found.rows_read == pq.read_table(found.good).num_rows + found.rows_rejected == rows
    assert len(rejects(found)) == found.rows_rejected


def test_a_gzip_that_is_broken_off_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(f"{HEADER}\n{GOOD}\n".encode())
    assert "broken off" in read(whole[:-9], tmp_path, name="stock_levels_20261117.csv.gz").refused


def test_each_row_says_where_it_came_from(tmp_path: Path) -> None:
    (row,) = pq.read_table(read(f"{HEADER}\n{GOOD}\n", tmp_path).good).to_pylist()
    assert (row["_file_day"], row["_file_name"], row["_line_number"]) == (date(2026, 11, 17), "stock_levels_20261117.csv", 2)
    assert row["_arrived_at"] == datetime(2026, 11, 18, 4, tzinfo=UTC)


def test_one_bad_row_costs_only_itself(tmp_path: Path) -> None:
    rows = [
        GOOD,
        GOOD.replace("A1", "x" * 1_000_000),
        GOOD.replace("A1", "A2"),
        "K\xe4se" + GOOD[2:],
        "\x00" + GOOD,
        GOOD.replace(",5,", f",{10**15},"),
    ]
    found = read("\n".join([HEADER, *rows]).encode("latin1"), tmp_path)
    assert rejects(found) == [
        (3, "sku", "too_long"),
        (5, "sku", "bad_encoding"),
        (6, "sku", "bad_encoding"),
        (7, "quantity_on_hand", "out_of_range"),
    ]
    assert pq.read_table(found.good)["sku"].to_pylist() == ["A1", "A2"]


@pytest.mark.parametrize("before", range(7))
def test_a_zero_hides_no_quote_behind_it(before: int, tmp_path: Path) -> None:
    """pyarrow 25 did not see one in the same eight bytes, where lines end with CR."""
    bad = '"' + "x" * before + "\x00" + "y" * (6 - before) + '"' + GOOD[2:]
    found = read(f"{HEADER}\r{GOOD}\r{bad}\r", tmp_path)
    assert rejects(found) == [(3, "sku", "bad_encoding")]
    assert pq.read_table(found.good)["sku"].to_pylist() == ["A1"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_another_unicode_encoding_is_told_by_its_mark(encoding: str, tmp_path: Path) -> None:
    data = ("\ufeff" if encoding == "utf-16-le" else "") + f"{HEADER}\n{GOOD.replace('A1', 'Ä')}\n"
    assert pq.read_table(read(data.encode(encoding), tmp_path).good)["sku"].to_pylist() == ["Ä"]


def test_a_list_that_went_through_a_spreadsheet_is_read_and_its_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """A line for the spreadsheet above the header, two columns without a name, protected codes; the code in line 4 is lost."""
    for sep in ("sep=,", "SEP=,,,,,,,,", '"sep=,"'):
        read_list_below(sep, tmp_path)


def read_list_below(sep: str, tmp_path: Path) -> None:
    header = "sku,location_code,gtin,quantity_on_hand,quantity_reserved,counted_at,,"
    rows = ['="007",AMS,,1,0,2026-11-17T00:00:00Z,,', "8.71E+12,AMS,,1,0,2026-11-17T00:00:00Z,,"]
    found = read("\r\n".join([sep, header, *rows]) + "\r\n", tmp_path)
    assert (found.refused, found.rows_read, found.unknown_columns) == ("", 2, [])
    assert pq.read_table(found.good).column("sku").to_pylist() == ["007"]
    assert rejects(found) == [(4, "sku", "rounded_by_spreadsheet")]
    assert dict(found.repaired) == {("sku", "as_text"): 1}


PRICES = "Artikelnr;EAN;Bezeichnung;VE;Preis;Waehrung;Rabatt_ab;Rabatt_Prozent;Gueltig_von;Gueltig_bis;Bestand"
PRICE = "{};;{};{};{};EUR;;;01.11.2026;31.12.9999;5"


def prices(*rows: str, end: str = "\r\n") -> str:
    return end.join([PRICES, *rows, ""])


def read_prices(data: str | bytes, folder: Path) -> FileReadResult:
    return read(data, folder, PRICES_A, "preisliste_20261117.csv")


def test_a_line_of_totals_and_rows_without_anything_are_left_out_and_told(tmp_path: Path) -> None:
    good = PRICE.format("S-1", "Salz", "12", "1,50")
    for last in ("Summe:;;;;1,50;;;;;;5", ";;Gesamtsumme;;1,50;;;;;;5", "Total 9 Artikel;;;;1,50;;;;;;5", "Insgesamt;;;;1,50;;;;;;5"):
        found = read_prices(prices(good, ";;;;;;;;;;", last, ";;;;;;;;;;"), tmp_path)
        assert (found.rows_read, found.rows_rejected) == (1, 0)
        assert found.repaired == {("", "empty_rows"): 2, ("", "totals"): 1}
        text = reply(PRICES_A, "preisliste_20261117.csv", found, "", True)
        assert "Lines of totals at the end were left out." in text
        assert "Rows in which no field holds anything were left out." in text
    found = read_prices(prices(good, "Zwischensumme;;;;1,50;;;;;;5", "MwSt;;;;0,29;;;;;;", "Endsumme;;;;1,79;;;;;;"), tmp_path)
    assert (found.rows_read, found.rows_rejected, found.repaired["", "totals"]) == (1, 0, 3)


@pytest.mark.parametrize(
    "last",
    [
        PRICE.format("Total", "Zahnpasta", "12", "2,50"),  # an article of that name
        ";;Salz;;1,50;;;;;;5",  # no word says that these are sums
    ],
)
def test_what_may_be_an_article_is_no_line_of_totals(last: str, tmp_path: Path) -> None:
    found = read_prices(prices(PRICE.format("S-1", "Salz", "12", "1,50"), last), tmp_path)
    assert (found.rows_read, found.repaired) == (2, {})


def test_rows_that_end_with_empty_fields_are_as_wide_as_the_header_line(tmp_path: Path) -> None:
    """A spreadsheet writes them in blocks, so that other rows of a list have none."""
    row = [PRICE.format(f"S-{i}", '"Salz\r\nfein"' if i == 1 else "Salz", "12", "1,50") for i in range(6)]
    found = read_prices(prices(row[0], row[1] + ";;", row[2], row[3] + ";;x", row[4] + ';"";', row[5]), tmp_path)
    assert (found.rows_read, rejects(found)) == (6, [(6, "", "wrong_field_count")])  # a value without a column
    good = pq.read_table(found.good).to_pylist()
    assert [(one["article_code"], one["_line_number"]) for one in good] == [("S-0", 2), ("S-1", 3), ("S-2", 5), ("S-4", 7), ("S-5", 8)]
    assert found.repaired == {("", "narrowed"): 2}


def test_rows_that_lack_empty_fields_at_their_end_are_filled_and_told(tmp_path: Path) -> None:
    """The tariff's last column may be empty. Not filled are rows that lack more, halves of a row, and the last, which may be cut off."""
    header = "codigo\tean\tdescripcion\tunidades_caja\tprecio_unidad\tmoneda\tdesde\thasta\tdisponible\tdescuentos"
    row = "C-{}\t\tArroz\t12\t1,50\tEUR\t1/11/2026\t\t5"
    lines = [header, row.format(1), row.format(2) + "\t10>5%", row.format(3).rpartition("\t")[0], row.format(4), "10>5%", row.format(5)]
    found = read("\r\n".join([*lines, ""]).encode("utf-16"), tmp_path, TARIFF_C, "tarifa_20261117.txt")
    good = pq.read_table(found.good).to_pylist()
    assert [(one["article_code"], one["discounts"], one["_line_number"]) for one in good] == [("C-1", None, 2), ("C-2", "10>5%", 3)]
    assert rejects(found) == [(line, "", "wrong_field_count") for line in (4, 5, 6, 7)]
    assert found.repaired == {("", "filled"): 1}
    assert "took the columns that they lack for empty" in reply(TARIFF_C, "tarifa_20261117.txt", found, "", True)


def test_a_line_of_totals_may_be_narrower_than_the_others(tmp_path: Path) -> None:
    good = PRICE.format("S-1", "Salz", "12", "1,50")
    for last in ("Summe", "Summe;1", ";;Gesamtsumme;;1,50"):
        found = read_prices(prices(good, last), tmp_path)
        assert (found.rows_read, found.rows_rejected, found.repaired) == (1, 0, {("", "totals"): 1})
    # Not at the end it is a row that is wrong.
    assert read_prices(prices("Summe;1", good), tmp_path).rows_rejected == 1


def test_a_column_of_points_with_three_digits_is_asked_about_with_its_numbers(tmp_path: Path) -> None:
    rows = [PRICE.format(f"S-{i}", "Salz", "12", f"{i}.250") for i in range(1, 4)]
    found = read_prices(prices(*rows), tmp_path)
    assert [str(row["unit_price_amount"]) for row in pq.read_table(found.good).to_pylist()] == [f"{i}250.00000000" for i in range(1, 4)]
    assert list(found.pointed) == ["Preis"]
    text = reply(PRICES_A, "preisliste_20261117.csv", found, "", True)
    assert "All 3 values of `Preis` have a point and three digits after it" in text
    assert "the numbers are from 1250 to 3250" in text
    assert read_prices(prices(*rows, PRICE.format("S-4", "Salz", "12", "1,50")), tmp_path).pointed == {}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_list_in_windows_1250_is_read_so_and_told(end: str, tmp_path: Path) -> None:
    rows = [PRICE.format("S-1", "Mąka żytnia, świeża", "12", "1,50"), PRICE.format("S-2", "Łosoś wędzony", "12", "9,50")]
    found = read_prices(prices(*rows, end=end).encode("cp1250"), tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == ["Mąka żytnia, świeża", "Łosoś wędzony"]
    assert found.repaired == {("", "central_european"): 1}
    western = read_prices(prices(PRICE.format("S-1", "Crème brûlée, 3 m³, ½ £", "12", "1,50"), end=end).encode("cp1252"), tmp_path)
    assert [row["description"] for row in pq.read_table(western.good).to_pylist()] == ["Crème brûlée, 3 m³, ½ £"]
    assert western.repaired == {}


@pytest.mark.parametrize(
    "names",
    [
        ["Hořčice plnotučná", "Žlutý sýr", "Šunka", "Květák"],  # Czech
        ["Čokoláda mliečna", "Horčica", "Ľanový olej"],  # Slovak
        ["Szőlő", "Tejföl", "Gyümölcslé"],  # Hungarian
        ["Čokolada", "Šunka", "Žemlja"],  # Slovene
        ["Brânză", "Ţuică", "Roşii"],  # Romanian
        ["Čaj", "Mléko", "Sýr"],  # few letters, and where no Western word has an è
        ["Książka"],  # two letters that no Western word has in its middle
        ["Mąka żytnia, świeża", "Łosoś", "Müsli"],  # Polish, with a word of another language
    ],
)
def test_languages_of_central_europe_are_told_by_their_letters(names: list[str], tmp_path: Path) -> None:
    rows = (PRICE.format(f"S-{i}", name, "12", "1,50") for i, name in enumerate(names))
    found = read_prices(prices(*rows).encode("cp1250"), tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == names
    assert found.repaired == {("", "central_european"): 1}


def test_where_nobody_can_tell_the_code_page_letters_that_differ_are_set_apart(tmp_path: Path) -> None:
    """Kaèa and øepa are no Western words, and two letters are few to be sure of Czech."""
    rows = (PRICE.format(f"S-{i}", name, "12", "1,50") for i, name in enumerate(["Kača", "řepa", "Salz"]))
    found = read_prices(prices(*rows).encode("cp1250"), tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == ["Salz"]
    assert rejects(found) == [(line, "Bezeichnung", "bad_encoding") for line in (2, 3)]
    assert "text was saved in another encoding, as a spreadsheet does" in reply(PRICES_A, "preisliste_20261117.csv", found, "", True)


@pytest.mark.parametrize(
    "name",
    [
        *("Świeca", "Miś", "Ręcznik", "Ćwikła", "Ryż", "Paździerz"),  # Polish
        *("Hořčice", "Kapřík", "Večeře", "Klobása ďábelská", "Svíčka"),  # Czech
        *("Tűzifa", "Űrlap", "Őszibarack"),  # Hungarian
        *("Săpun", "Lămâie", "Şuncă"),  # Romanian
    ],
)
def test_one_word_of_central_europe_is_set_apart_and_never_read_as_western(name: str, tmp_path: Path) -> None:
    found = read_prices(
        prices(PRICE.format("S-1", name, "12", "1,50"), PRICE.format("S-2", "Salz", "12", "1,50")).encode("cp1250"), tmp_path
    )
    assert rejects(found) == [(2, "Bezeichnung", "bad_encoding")]


@pytest.mark.parametrize(
    "name",
    ["Œufs frais", "Cœur de bœuf", "Œdème", "¿Qué?", "20 ºC", "Nº 5", "1ª", "Preis¹", "Sûr, dû", "Maçãzinha", "Vãmente", "L'Haÿ", "Reçu"],
)
def test_one_word_of_western_europe_is_read(name: str, tmp_path: Path) -> None:
    found = read_prices(prices(PRICE.format("S-1", name, "12", "1,50")).encode("cp1252"), tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == [name]


@pytest.mark.parametrize(
    "names",
    [
        ["Rødgrød med fløde", "Smørrebrød", "Håndsæbe"],
        ["Caffè", "Però", "Più", "Lunedì"],
        ["Pão", "Limões", "Açúcar"],
        ["Käse", "Brötchen", "Süße", "Crème fraîche", "Smørrebrød"],
        # Letters that would be Czech, Slovak or Hungarian, but not where they stand.
        ["Crème", "Smørrebrød", "Rosé"],
        ["Crème", "Jamón"],
        ["Limões", "Brötchen", "Müsli"],
        ["Aïoli", "Maïs"],
        ["Wasserzähler Qn 2,5m³h", "Crème fraîche légère", "Håndsæbe", "Señorío"],
        ["N\xbfhrhefe", "Crème brûlée"],  # what an export writes for a letter that it does not know
    ],
)
def test_a_western_list_with_one_odd_sign_stays_western(names: list[str], tmp_path: Path) -> None:
    data = prices(*(PRICE.format(f"S-{i}", f'"{name}"', "12", "1,50") for i, name in enumerate(names))).encode("cp1252")
    found = read_prices(data, tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == names
    assert found.repaired == {}


def test_what_a_spreadsheet_shows_in_place_of_a_value_is_no_value(tmp_path: Path) -> None:
    rows = [
        PRICE.format("#N/A", "Salz", "12", "1,50"),
        PRICE.format("S-2", "Salz", "12", "#BEZUG!"),
        PRICE.format("S-3", "#####", "12", "1,50"),
    ]
    found = read_prices(prices(*rows, PRICE.format("#1", "Salz #2", "12", "1,50")), tmp_path)
    columns = ((2, "Artikelnr"), (3, "Preis"), (4, "Bezeichnung"))
    assert rejects(found) == [(line, column, "failed_in_spreadsheet") for line, column in columns]
    assert [row["article_code"] for row in pq.read_table(found.good).to_pylist()] == ["#1"]
    assert "a spreadsheet shows #N/A" in reply(PRICES_A, "preisliste_20261117.csv", found, "", True)


def test_capitals_of_central_europe_are_known_too(tmp_path: Path) -> None:
    names = ["MĄKA ŻYTNIA", "SER BIAŁY"]
    found = read_prices(prices(*(PRICE.format(f"S-{i}", name, "12", "1,50") for i, name in enumerate(names))).encode("cp1250"), tmp_path)
    assert [row["description"] for row in pq.read_table(found.good).to_pylist()] == names


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    assert read(HEADER, tmp_path).rows_read == 0


def test_each_wholesaler_writes_as_it_likes(tmp_path: Path) -> None:
    a = "Artikelnr;EAN;Bezeichnung;VE;Preis;Währung;Rabatt_ab;Rabatt_Prozent;Gueltig_von;Gueltig_bis;Bestand\n"
    a += '4711;;"Käse; alt";12;1.234,50;eur;100;2,5;1.11.2026;;7\n'
    (row,) = pq.read_table(read(a.encode("cp1252"), tmp_path / "a", PRICES_A).good).to_pylist()
    assert (row["description"], str(row["unit_price_amount"]), row["currency_code"]) == ("Käse; alt", "1234.50000000", "EUR")
    c = "codigo\tean\tdescripcion\tunidades_caja\tprecio_unidad\tmoneda\tdesde\thasta\tdisponible\tdescuentos\n"
    c += "9\t\tPiña\t6\t0,99\tEUR\t1/12/2026\t\t60\t10>5%|50>12,5%\n"
    found = read(gzip.compress(c.encode("utf-16")), tmp_path / "c", TARIFF_C, "tarifa_20261117.txt.gz")
    (row,) = pq.read_table(found.good).to_pylist()
    assert (row["description"], row["discounts"], str(row["valid_from"])) == ("Piña", "10>5%|50>12,5%", "2026-12-01")


def test_json_lines_are_read_by_name_and_lines_that_are_none_are_rejected(tmp_path: Path) -> None:
    event = '{"event_id": "e1", "session_id": "s", "user_id": 7, "event_type": "view", "occurred_at": "2026-11-17T21:05:00Z",'
    event += ' "received_at": "2026-11-17T21:05:01Z", "url_path": "/p", "product_id": 12, "platform": "web", "more": [1]}\n'
    found = read(event + "\n[1]\n{broken\n" + event.replace("view", "glance"), tmp_path, WEB_EVENTS)
    assert (found.rows_read, rejects(found)) == (4, [(3, "", "not_json"), (4, "", "not_json"), (5, "event_type", "not_in_list")])
    (row,) = pq.read_table(found.good).to_pylist()
    assert (row["user_id"], row["product_id"], row["order_id"]) == (7, 12, None)


def test_a_line_without_end_is_one_record_that_is_no_json(tmp_path: Path) -> None:
    found = read(b'{"event_id":"' + b"x" * (9 << 20) + b'"}\n[]\n', tmp_path, WEB_EVENTS)
    assert rejects(found) == [(1, "", "not_json"), (2, "", "not_json")]


@pytest.mark.parametrize("data", ["", "\n \n"])
def test_a_file_of_events_without_one_is_empty(data: str, tmp_path: Path) -> None:
    assert "empty" in read(data, tmp_path, WEB_EVENTS).refused


def test_odd_json_costs_its_own_line_only(tmp_path: Path) -> None:
    deep = '{"event_id": ' + "[" * 990 + "]" * 990 + "}"
    half, twice = '{"event_id": "\\ud800"}', '{"event_id": "a", "event_id": "b"}'
    found = read("\n".join([deep, half, twice, '{"event_id": "a", "sessionId": 1}']), tmp_path, WEB_EVENTS)
    assert rejects(found)[1:] == [(2, "event_id", "bad_encoding"), (3, "", "not_json"), (4, "session_id", "empty")]
    assert found.rows_read == 4 and found.unknown_columns == ["sessionId"]


def test_many_blank_and_ragged_lines_cost_little(tmp_path: Path) -> None:
    found = read(HEADER + "\n" * 3_000_000 + "A1\n" * 50_000 + GOOD, tmp_path)
    assert (found.rows_read, found.rows_rejected, found.ragged) == (50_001, 50_000, 50_000)
    assert rejects(found)[0] == (3_000_001, "", "wrong_field_count")
    assert pq.read_table(found.good)["_line_number"].to_pylist() == [3_050_001]


EXAMPLES = int(os.environ.get("EXAMPLES", "300"))
NASTY = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["1", "-1", "1e9", "9" * 30, "2026-11-17T00:00:00Z", "", '"', '"x"', "a\nb", "\x00", "\r\n", "\ufeff", "1,5"]),
)


@settings(
    max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example(rows=[["TOTAL"]], end="\n", feed=ORDER_LINES)
@given(
    rows=st.lists(st.lists(NASTY, min_size=1, max_size=9), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    feed=st.sampled_from([ORDER_LINES, STOCK_LEVELS, INSTALLS]),
)
def test_whatever_is_sent_each_record_is_loaded_or_rejected_once(rows: list[list[str]], end: str, feed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerow([field.headers[0] for field in feed.fields])
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8", "replace")
    found = read(data, tmp_path, feed, "x.csv")
    expected = sum(1 for row in csv.reader(io.StringIO(data.decode(), newline="")) if row) - 1
    lines = pq.read_table(found.good)["_line_number"].to_pylist() + [line for line, _, _ in rejects(found)]
    # A line of totals and a row of nothing are no records.
    left_out = found.repaired["", TOTALS] + found.repaired["", EMPTY_ROWS]
    assert len(lines) == len(set(lines)) == found.rows_read == expected - left_out
    assert len(rejects(found)) == found.rows_rejected
