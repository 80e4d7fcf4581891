"""The shipped profiles: each holds its tool's limits, whatever the rows are."""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import ConfigError, DataError
from lakehouse.export.campaign import Campaign, parse_campaign
from lakehouse.export.customer_rows import customer_rows
from lakehouse.export.declared_campaigns import Declared, read_campaigns
from lakehouse.export.pack_rows import rows
from lakehouse.export.profile import Profile, parse_profile
from lakehouse.export.texts import parse_texts
from lakehouse.export.values import Pack
from lakehouse.export.verify import find_pack, problems
from lakehouse.io.packs.pack_files import FileFacts, finish, write_files

DECLARED = read_campaigns()
DAY = date(2026, 11, 18)
LONG = "Żółty ser " * 60  # 840 bytes


def item(number: int, **said: Any) -> dict[str, Any]:
    return {
        "rank": number,
        "product_id": 100 + number,
        "product_name": f"Product {number}",
        "price": Decimal("1234.5"),
        "currency": "EUR",
        "url": f"https://shop.example/?p={100 + number}",
        "image_url": f"https://shop.example/{number}.jpg",
        "list": "discover",
        "reason_code": "als",
        "reason_product_name": None,
        **said,
    }


def recipient(number: int, items: Sequence[dict[str, Any]] | None = None, **said: Any) -> dict[str, Any]:
    return {
        "shop_code": "nl",
        "list_shop": "nl",
        "customer_key": f"{number:064}",
        "email": f"mail{number}@shop.example",
        "first_name": "Zoë",
        "country_code": "NL",
        "locale": None,
        "phone": None,
        "push_tokens": [f"token-{number}-{k}" for k in (1, 2)],
        "items": [item(k) for k in (1, 2, 3)] if items is None else items,
        **said,
    }


def campaign(**said: Any) -> Campaign:
    shipped = DECLARED.campaigns["email"].model_dump(mode="json", exclude={"name"})
    return parse_campaign("autumn", {**shipped, "slots": 3, **said})


def pack_of(profile: Profile, slots: int = 3) -> Pack:
    return Pack(campaign(slots=min(slots, profile.max_slots)), profile, DAY, DECLARED.texts, "7")


def made(folder: Path, pack: Pack, recipients: Sequence[dict[str, Any]]) -> dict[str, FileFacts]:
    """The pack's folder, as the export stage fills it."""
    profile, header = pack.profile, pack.profile.header(pack.campaign.slots)
    folder.mkdir(exist_ok=True)
    files = write_files(folder, profile.dialect("autumn", pack.day), header, rows(pack, recipients))
    facts = {"columns": header, "format": profile.format, "delimiter": profile.delimiter, "unique": list(profile.unique)}
    finish(folder, files, {**facts, "slots": pack.campaign.slots, "expires": "2026-12-18T03:00:00+00:00"})
    return files


def cells(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def objects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def found_by(folder: Path, profile: Profile | None) -> list[str]:
    return list(problems(folder, profile, datetime(2026, 11, 19, tzinfo=UTC)))


@pytest.mark.parametrize("name", sorted(name for name, profile in DECLARED.profiles.items() if profile.rows != "customer"))
def test_a_pack_of_each_profile_is_what_its_tool_takes_also_of_hard_rows(name: str, tmp_path: Path) -> None:
    hard = [
        recipient(1),
        recipient(2, [item(1, product_name="=cmd|x", url=None, image_url=None, price=None, currency=None)], first_name=None),
        recipient(3, [], first_name='Semi; "quote"\t\ntab', locale="pl_PL"),
        recipient(4, [item(1, product_name=LONG, url=f"https://shop.example/{'a' * 700}")], first_name=LONG, phone="06 12345678"),
    ]
    profile = DECLARED.profiles[name]
    made(tmp_path, pack_of(profile, 8), hard)
    assert found_by(tmp_path, profile) == []


def test_generic_wide_begins_with_the_columns_that_it_always_had(tmp_path: Path) -> None:
    profile = DECLARED.profiles["generic_wide"]
    slot = ("product_id", "product_name", "price", "currency", "url", "image_url", "list")
    before = ["email", "customer_key", "shop_code", "first_name", "country_code", *(f"{n}_{k}" for k in range(1, 9) for n in slot)]
    assert profile.header(8)[: len(before)] == before
    assert profile.header(8)[len(before) :][:4] == ["language", "model_version", "reason_1", "reason_code_1"]
    (name,) = made(
        tmp_path,
        pack_of(profile),
        [recipient(1, [item(1, reason_product_name="Stroopwafels"), item(2, list="buy_again", reason_code="own_frequency")])],
    )
    (row,) = cells(tmp_path / name)
    assert name == "customers.csv"
    assert [row[f"{column}_1"] for column in slot] == [
        *("101", "Product 1", "1234.50", "EUR"),
        "https://shop.example/?p=101&utm_source=newsletter&utm_medium=email&utm_campaign=autumn&utm_content=slot_1&utm_id=autumn_20261118",
        *("https://shop.example/1.jpg", "discover"),
    ]
    assert (row["language"], row["reason_2"], row["list_2"], row["model_version"]) == ("nl", "Dit heb je eerder gekocht", "buy_again", "7")
    assert (row["reason_1"], row["reason_code_1"]) == ("Omdat je Stroopwafels hebt gekocht", "als")
    assert [row[f"{column}_3"] for column in (*slot, "reason")] == [""] * 8


def test_generic_long_has_a_row_for_each_product(tmp_path: Path) -> None:
    (name,) = made(tmp_path, pack_of(DECLARED.profiles["generic_long"]), [recipient(1), recipient(2, [item(1)])])
    found = [(row["email"], row["slot"], row["product_id"]) for row in cells(tmp_path / name)]
    assert found == [("mail1@shop.example", str(k), str(100 + k)) for k in (1, 2, 3)] + [("mail2@shop.example", "1", "101")]


def test_generic_jsonl_has_an_object_for_each_recipient_with_a_list_of_products(tmp_path: Path) -> None:
    (name,) = made(tmp_path, pack_of(DECLARED.profiles["generic_jsonl"]), [recipient(1, [item(1), item(2)], first_name=None)])
    (found,) = objects(tmp_path / name)
    assert (found["email"], found["first_name"], found["run_date"]) == ("mail1@shop.example", None, "2026-11-18")
    assert [(each["slot"], each["product_id"], each["price"]) for each in found["items"]] == [
        ("1", "101", "1234.50"),
        ("2", "102", "1234.50"),
    ]


def test_mailchimp_gets_no_text_above_255_bytes_and_whole_links(tmp_path: Path) -> None:
    longer = "https://shop.example/" + "a" * 180  # alone below the limit, with UTM above it
    items = [item(1), item(2, url=longer), item(3, url=longer + "a" * 100)]
    (name,) = made(tmp_path, pack_of(DECLARED.profiles["mailchimp"]), [recipient(1, items, first_name="ż" * 200)])
    (row,) = cells(tmp_path / name)
    assert row["FNAME"] == "ż" * 127  # 254 bytes: no half letter
    assert "utm_id=autumn_20261118" in row["P1_URL"] and (row["P2_URL"], row["P3_URL"]) == (longer, "")
    assert all(len(value.encode()) <= 255 for value in row.values())
    header = DECLARED.profiles["mailchimp"].header(8)
    assert header[0] == "Email Address" and len(header) <= 30 and all(len(tag) <= 10 for tag in header[1:])
    assert not any("NAME" in tag and tag != "FNAME" for tag in header)


def test_what_is_put_in_front_of_a_formula_counts_where_texts_are_cut(tmp_path: Path) -> None:
    names = ["=" + "a" * 400, "-" + "ż" * 200, "a" * 400]
    (name,) = made(tmp_path, pack_of(DECLARED.profiles["mailchimp"]), [recipient(k, first_name=each) for k, each in enumerate(names)])
    assert [row["FNAME"] for row in cells(tmp_path / name)] == ["'=" + "a" * 253, "'-" + "ż" * 126, "a" * 255]
    assert found_by(tmp_path, DECLARED.profiles["mailchimp"]) == []
    jsonl = {"version": 1, "rows": "recipient", "format": "jsonl", "file": "a.jsonl", "columns": ["first_name"], "max_text_bytes": 255}
    (name,) = made(tmp_path / "j", pack_of(parse_profile("mine", jsonl)), [recipient(1, first_name=names[0])])
    assert objects(tmp_path / "j" / name) == [{"first_name": "=" + "a" * 254}]  # a spreadsheet opens no JSON lines


@pytest.mark.parametrize(
    ("name", "column"), [("braze", "item_count"), ("klaviyo", "item_count"), ("brevo", "ITEM_COUNT"), ("mailchimp", "P_COUNT")]
)
def test_a_tool_that_keeps_what_an_empty_cell_does_not_say_is_told_how_many_products_are_of_this_pack(
    name: str, column: str, tmp_path: Path
) -> None:
    profile = DECLARED.profiles[name]
    (file,) = made(tmp_path, pack_of(profile), [recipient(1), recipient(2, [item(1)]), recipient(3, [])])
    assert [row[column] for row in cells(tmp_path / file, profile.delimiter)] == ["3", "1", "0"]


@pytest.mark.parametrize(("name", "megabytes"), [("klaviyo", 50), ("braze", 500), ("brevo", 8)])
def test_files_are_split_below_the_limit_of_the_tool(name: str, megabytes: int, tmp_path: Path) -> None:
    assert DECLARED.profiles[name].dialect("autumn", "20261118").max_bytes == megabytes * 1_000_000
    small = DECLARED.profiles[name].model_copy(update={"max_megabytes": 0.003})
    files = made(tmp_path, pack_of(small), [recipient(number) for number in range(10)])
    assert len(files) > 2 and sum(facts.rows for facts in files.values()) == 10
    assert all((tmp_path / file).stat().st_size <= 3_000 for file in files)
    heads = {(tmp_path / file).read_bytes().split(b"\r\n")[0] for file in files}
    assert len(heads) == 1
    assert found_by(tmp_path, small) == []


def test_klaviyos_first_column_is_the_email_and_identifiers_stand_once(tmp_path: Path) -> None:
    profile = DECLARED.profiles["klaviyo"]
    assert profile.header(1)[0] == "Email" and "phone" not in {value.split("_")[0] for value in profile.values}
    made(tmp_path, pack_of(profile), [recipient(1), recipient(1)])
    assert "klaviyo_autumn_20261118.csv, row 2: its Email stands twice in the pack" in found_by(tmp_path, None)


def test_brevo_and_salesforce_have_their_delimiters_and_names(tmp_path: Path) -> None:
    (name,) = made(tmp_path / "b", pack_of(DECLARED.profiles["brevo"]), [recipient(1)])
    assert cells(tmp_path / "b" / name, ";")[0]["EMAIL"] == "mail1@shop.example"
    (name,) = made(tmp_path / "s", pack_of(DECLARED.profiles["salesforce"]), [recipient(1)])
    assert name == "autumn_20261118.txt"
    assert list(cells(tmp_path / "s" / name, "\t")[0])[:2] == ["SubscriberKey", "EmailAddress"]


def test_a_braze_catalogue_has_each_product_once_and_nobody_in_it(tmp_path: Path) -> None:
    profile = DECLARED.profiles["braze_catalog"]
    (name,) = made(tmp_path, pack_of(profile), [recipient(2), recipient(1, [item(2), item(9, image_url=None)])])
    found = objects(tmp_path / name)
    assert [each["id"] for each in found] == ["nl-101", "nl-102", "nl-103", "nl-109"]
    assert "image_url" not in found[3] and "utm_content" not in found[0]["url"]
    assert not profile.is_personal and "@" not in (tmp_path / name).read_text()


def test_fcm_gets_a_message_for_each_device_at_most_500_in_a_file_and_none_for_a_topic(tmp_path: Path) -> None:
    profile = DECLARED.profiles["fcm"]
    files = made(tmp_path, pack_of(profile), [recipient(number, [item(1, product_name=LONG)]) for number in range(501)])
    assert [facts.rows for facts in files.values()] == [500, 500, 2]
    messages = [each["message"] for file in files for each in objects(tmp_path / file)]
    assert messages[1]["token"] == "token-0-2"
    assert messages[0]["notification"]["title"] == "Voor jou gekozen op basis van wat je koopt"
    assert all(set(message) == {"token", "notification", "data"} for message in messages)
    assert all(isinstance(value, str) for message in messages for value in message["data"].values())
    assert max(len(json.dumps(message, ensure_ascii=False).encode()) for message in messages) < 4_000


def test_hashes_are_of_the_trimmed_lower_case_address_and_of_the_number_in_e164(tmp_path: Path) -> None:
    people = [
        recipient(1, email=" Mail@Shop.Example ", phone="06-12 34 56 78"),
        recipient(2, phone="+49 30 901820", country_code="NL"),
        recipient(3, phone="12"),
    ]
    (name,) = made(tmp_path, pack_of(DECLARED.profiles["hashed_audience"]), people)

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert [(row["Email"], row["Phone"]) for row in cells(tmp_path / name)] == [
        (digest("mail@shop.example"), digest("+31612345678")),
        (digest("mail2@shop.example"), digest("+4930901820")),
        (digest("mail3@shop.example"), ""),
    ]


def test_one_more_tool_is_one_more_file(tmp_path: Path) -> None:
    said = {
        "version": 1,
        "rows": "item",
        "format": "csv",
        "file": "new_{campaign}.csv",
        "delimiter": ";",
        "encoding": "utf-8-sig",
        "price": {"decimal_mark": ",", "digits": 0, "with_currency": True},
        "date_format": "%d.%m.%Y",
        "columns": [
            {"name": "Adresse", "value": "email"},
            {"name": "Preis", "value": "price"},
            {"name": "Tag", "value": "run_date"},
            {"name": "Quelle", "text": "shop"},
        ],
    }
    (name,) = made(tmp_path, pack_of(parse_profile("new_tool", said)), [recipient(1, [item(1)])])
    assert (tmp_path / name).read_bytes() == (b"\xef\xbb\xbfAdresse;Preis;Tag;Quelle\r\nmail1@shop.example;1235 EUR;18.11.2026;shop\r\n")


def test_a_bar_between_cells_and_a_word_for_nothing_as_salesforces_bulk_api_takes_them(tmp_path: Path) -> None:
    said = {"version": 1, "rows": "recipient", "format": "csv", "file": "a.csv", "delimiter": "|", "null_text": "#N/A"}
    profile = parse_profile("bulk", {**said, "columns": ["email", "first_name", {"slots": ["product_id"]}]})
    (name,) = made(tmp_path, pack_of(profile, 2), [recipient(1, [item(1)], first_name="a|b"), recipient(2, [], first_name=None)])
    assert (tmp_path / name).read_bytes().splitlines() == [
        b"email|first_name|product_id_1|product_id_2",
        b'mail1@shop.example|"a|b"|101|#N/A',
        b"mail2@shop.example|#N/A|#N/A|#N/A",
    ]
    assert found_by(tmp_path, profile) == []


@pytest.mark.parametrize(
    ("nulls", "second"),
    [("omit", {"key": "k2"}), ("null", {"key": "k2", "last": {"order": None}}), ("empty", {"key": "k2", "last": {"order": ""}})],
)
def test_customers_as_json_lines_have_objects_within_and_what_the_profile_writes_for_nothing(nulls: str, second: object) -> None:
    columns = [{"name": "key", "value": "customer_key"}, {"name": "last.order", "value": "last_order_id"}]
    said = {"version": 1, "rows": "customer", "format": "jsonl", "file": "a.jsonl", "nulls": nulls, "columns": columns}
    known: list[dict[str, Any]] = [{"customer_key": "k1", "last_order_id": "7"}, {"customer_key": "k2", "last_order_id": None}]
    assert list(customer_rows(parse_profile("mine", said), known)) == [{"key": "k1", "last": {"order": "7"}}, second]
    csv_said = {**said, "format": "csv", "file": "a.csv", "nulls": "empty", "null_text": "#N/A"}
    assert list(customer_rows(parse_profile("mine", csv_said), known)) == [["k1", "7"], ["k2", "#N/A"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": ["emial"]}, "emial is nothing that a row of each recipient has"),
        ({"columns": ["product_id"]}, "product_id is nothing"),
        ({"rows": "product", "columns": ["email"]}, "email is nothing that a row of each product has"),
        ({"columns": [{"name": "a"}]}, "give a value or a text"),
        ({"nulls": "omit"}, "neither lists nor names"),
        ({"delimiter": "::"}, "delimiter"),
        ({"max_mb": 3}, "max_mb"),
        ({1: 3}, "1: Keys should be strings"),
        ({"name": "other"}, "name is that of the file"),
        ({"file": "packs/a.csv"}, "file: String should match"),
        ({"file": "customers"}, "file: String should match"),
        ({"file": ".a.csv"}, "file: String should match"),
        ({"file": "Manifest.json"}, "Manifest.json is a name that every pack has already"),
        ({"file": "control.csv"}, "control.csv is a name that every pack has already"),
        ({"file": "{tool}.csv"}, "in braces only campaign, date may stand: {tool}.csv"),
        ({"file": "{campaign.csv"}, "brace"),
        ({"columns": ["email", {"name": "email", "value": "language"}]}, "yaml: column email stands twice"),
        ({"columns": [{"slots": [{"name": "URL", "value": "url"}]}]}, "column URL stands twice; names within slots need {slot}"),
        ({"columns": [{"slots": [{"name": "URL_{number}", "value": "url"}]}]}, "in braces only slot may stand: URL_{number}"),
        ({"columns": [{"name": "", "value": "email"}]}, "a column can't have the name ''"),
        ({"columns": [{"name": "=mail", "value": "email"}]}, "a column can't have the name '=mail'"),
        ({"format": "jsonl", "columns": ["email", {"name": "email.a", "value": "language"}]}, "email can't be a text and an object"),
        ({"unique": ["Email"]}, "unique: there is no column Email"),
        ({"date_format": "\ud800"}, "date_format"),
        ({"rows": "customer", "columns": ["email", {"slots": ["url"]}]}, "a row of a customer has no list of products"),
        ({"rows": "product", "columns": [{"slots": ["reason"]}]}, "a row of a product has no list of products"),
        ({"null_text": "=NULL()"}, "null_text is a word"),
        ({"null_text": "NULL", "format": "jsonl"}, "null_text is a word"),
    ],
)
def test_a_profile_that_is_wrong_is_told_with_its_file(change: dict[str, Any], words: str) -> None:
    good = {"version": 1, "rows": "recipient", "format": "csv", "file": "a.csv", "columns": ["email"]}
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        parse_profile("mine", {**good, **change})
    assert str(caught.value).startswith("profiles/mine.yaml:") and caught.value.exit_code == 2


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    made(tmp_path / "p", pack_of(DECLARED.profiles["generic_wide"]), [recipient(1), recipient(2)])
    assert found_by(tmp_path / "p", DECLARED.profiles["generic_wide"]) == []
    return tmp_path / "p"


def test_what_happened_to_a_pack_on_its_way_is_told_without_a_value(whole: Path) -> None:
    data = (whole / "customers.csv").read_bytes()
    damages = {
        "customers.csv has other bytes than were written": data.replace(b"Zo", b"Za"),
        "customers.csv has 1 rows, not 2": data[: data.rindex(b"mail2")],
        "customers.csv, row 2: it has not the columns of the others": data[:-3].rsplit(b",", 1)[0] + b"\r\n",
        "customers.csv, row 1: a spreadsheet would run a cell as a formula": data.replace(b"Product 1", b"=cmd()   ", 1),
        "customers.csv can't be read as csv in UTF-8 (UnicodeDecodeError)": data.replace("ë".encode(), b"\xeb\xeb"),
    }
    for words, bytes_now in damages.items():
        (whole / "customers.csv").write_bytes(bytes_now)
        found = found_by(whole, None)
        assert words in found, found
        assert not any("mail" in problem or "Zo" in problem for problem in found)
    (whole / "customers.csv").unlink()
    (whole / "_SUCCESS").unlink()
    (whole / "more.csv").touch()
    assert found_by(whole, None) == [
        "there is no _SUCCESS: the pack is not whole",
        "more.csv is no file of the pack",
        "customers.csv is missing",
    ]
    assert list(problems(whole, None, datetime(2026, 12, 18, 3, tzinfo=UTC)))[1] == "it expired on 2026-12-18T03:00:00+00:00"
    (whole / "manifest.json").write_text("{}")
    assert found_by(whole, None) == ["manifest.json is not one that this version understands"]


def test_a_pack_of_another_profile_is_told(whole: Path) -> None:
    assert found_by(whole, DECLARED.profiles["brevo"]) == [
        "its columns are not those of profile brevo, version 1",
        "its form is not that of profile brevo",
    ]


def test_the_pack_is_that_which_latest_names(whole: Path) -> None:
    (whole.parent / "latest.json").write_text('{"pack": "p"}')
    assert find_pack(whole.parent) == find_pack(whole) == whole
    (whole.parent / "latest.json").write_text('{"pack": "2026')
    with pytest.raises(DataError, match="names no pack"):
        find_pack(whole.parent)
    manifest = json.loads((whole / "manifest.json").read_text())
    (whole / "manifest.json").write_text(json.dumps({name: manifest[name] for name in manifest if name != "expires"}))
    assert list(problems(whole, None, datetime(2026, 11, 19, tzinfo=UTC))) == ["manifest.json is not one that this version understands"]


def test_a_campaign_that_does_not_fit_its_profile_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(name: str = "mine", **said: Any) -> str:
        folders = {
            "profiles": {name: profile.model_dump(exclude={"name"}) for name, profile in DECLARED.profiles.items()},
            "campaigns": {name: campaign(**said).model_dump(mode="json", exclude={"name"})},
            "texts": {"reasons": DECLARED.texts},
        }
        monkeypatch.setattr("lakehouse.export.declared_campaigns.read_conf_folder", lambda name: folders[name])
        with pytest.raises(ConfigError) as caught:
            read_campaigns()
        return str(caught.value)

    assert told(profile="mailchimp", slots=9) == "campaigns/mine.yaml: profile mailchimp takes 8 products at most"
    assert told(profile="fcm", slots=1) == "campaigns/mine.yaml: profile fcm is not for email"
    assert told(channel="push") == "campaigns/mine.yaml: profile generic_wide is not for push"
    assert told(profile="nobodys") == "there is no profile nobodys"
    for name in ("crm", "audience_of_mine"):
        assert told(name) == f"campaigns/{name}.yaml: crm and names that begin with audience_ are those of other packs"
    assert told(languages={"otherwise": "it"}) == "campaigns/mine.yaml: texts/reasons.yaml speaks no it"


def test_norwegian_without_quotes_is_told_and_not_taken_for_a_word() -> None:
    with pytest.raises(ConfigError, match="a language is no text"):
        parse_texts({"als": {"en": "Picked", False: "Valgt"}})


def test_every_reason_speaks_the_five_languages() -> None:
    assert {frozenset(texts) for texts in DECLARED.texts.values()} == {frozenset({"en", "nl", "de", "fr", "pl"})}
    assert isinstance(DECLARED, Declared) and replace(DECLARED, texts={}) != DECLARED
