"""Rule files: what may stand in them, and golden cases of each kind of rule by hand."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from lakehouse.cli import main
from lakehouse.errors import ConfigError
from lakehouse.inspect.rules.cases import try_cases
from lakehouse.recommend.lists.tried_case import tried
from lakehouse.recommend.rules.compiled import unknown_names
from lakehouse.recommend.rules.rule_set import RuleFile, Rules, parse_rule_file, rules_of
from lakehouse.recommend.rules.shop_facts import ShopFacts, Tree

CONF = Path(__file__).parents[3] / "conf"
DOCS = Path(__file__).parents[3] / "docs" / "rules.md"


def parsed(text: str) -> RuleFile:
    return parse_rule_file("mine", yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rules: [{name: a, kind: hide}]", "name products, categories, tags or brands"),
        ("rules: [{name: a, kind: hidden, products: [1]}]", "rules.0"),
        ("rules: [{name: a, kind: pin, products: [1], share: 2}]", "rules.0.pin.share"),
        ("rules: [{name: a, kind: pin, products: [1], share: 0.1, channels: [push]}]", "rules.0.pin.channels"),
        ("rules: [{name: a, kind: hide, products: [1], countries: [Norway]}]", "rules.0.hide.countries.0"),
        ("rules: [{name: a, kind: hide, products: [1], lists: [best]}]", "rules.0.hide.lists.0"),
        ("rules: [{name: a, kind: boost, by: margin, give_up: 1}]", "rules.0.boost.give_up"),
        ("rules: [{name: a, kind: hide, products: [1]}, {name: a, kind: hide, products: [2]}]", "a stands twice"),
        ("rules: 3", "rules"),
        ("rule: []", "rule"),
        ("cases: [{name: a, products: [], expect: []}]", "cases.0.products"),
    ],
)
def test_a_wrong_file_is_told_with_its_place_and_the_next_step(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    assert "rules/mine.yaml" in str(caught.value) and named in str(caught.value)
    assert "docs/rules.md" in caught.value.todo


def test_norway_is_a_country_though_yaml_reads_it_as_no() -> None:
    (rule,) = parsed("rules: [{name: a, kind: hide, products: [1], countries: [NO, SE]}]").rules
    assert rule.countries == ("NO", "SE")


def test_a_rule_holds_on_its_first_and_its_last_day_and_not_beside_them() -> None:
    rules = Rules(parsed("rules: [{name: a, kind: hide, products: [1], valid_from: 2026-12-01, valid_until: 2026-12-24}]").rules)
    held = [day for day in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 24), date(2026, 12, 25)) if rules.on(day).rules]
    assert held == [date(2026, 12, 1), date(2026, 12, 24)]


def test_the_hash_is_that_of_the_rules_and_not_of_the_cases() -> None:
    one, case = "rules: [{name: a, kind: hide, products: [1]}]", "\ncases: [{name: c, products: [{id: 1, score: 1}], expect: []}]"
    assert rules_of({"x": parsed(one)}).hash == rules_of({"x": parsed(one + case)}).hash
    assert rules_of({"x": parsed(one)}).hash != rules_of({"x": parsed(one.replace("1", "2"))}).hash


def as_tried(rules: list[dict[str, Any]], products: list[dict[str, Any]], **case: Any) -> list[int]:
    file = parse_rule_file(
        "mine",
        {
            "rules": [{"name": f"rule_{number}", **rule} for number, rule in enumerate(rules)],
            "cases": [{"name": "case", "products": products, "expect": [], **case}],
        },
    )
    return tried(file.cases[0], Rules(file.rules))


def test_what_is_named_by_id_category_tag_or_brand_is_hidden_whatever_its_case() -> None:
    products: list[dict[str, Any]] = [
        {"id": 1, "score": 9},
        {"id": 2, "score": 8, "categories": ["Red wine", "offers"]},
        {"id": 3, "score": 7, "tags": ["Summer"]},
        {"id": 4, "score": 6, "brand": "Acme [NL] Ltd"},
        {"id": 5, "score": 5, "categories": [17], "brand": "Other"},
        {"id": 6, "score": 4, "categories": ["offers"], "tags": ["midsummer"]},
    ]
    hide = {"kind": "hide", "products": [1], "categories": ["wine", 17], "tags": ["summer"], "brands": ["acme [nl]*"]}
    assert as_tried([hide], products, below={"Red wine": "Wine"}) == [6]
    # A name is the whole name.
    assert as_tried([{"kind": "hide", "categories": ["wine"]}], products) == [1, 2, 3, 4, 5, 6]


def test_a_rule_for_some_countries_lists_or_channels_holds_there_alone() -> None:
    products = [{"id": 1, "score": 2}, {"id": 2, "score": 1}]
    for narrowed, here, elsewhere in (
        ({"countries": ["NO"]}, {"country": "NO"}, {"country": "SE"}),
        ({"countries": ["NO"]}, {"country": "NO"}, {}),
        ({"lists": ["discover"]}, {"list_name": "discover"}, {"list_name": "mixed"}),
        ({"channels": ["push"]}, {"channel": "push"}, {"channel": "email"}),
        ({"channels": ["push"]}, {"channel": "push"}, {}),
        ({"shop": "nl"}, {"shop": "nl"}, {"shop": "de"}),
        ({"shop": "nl"}, {}, {"shop": "de"}),
        ({"valid_until": "2026-12-24"}, {"run_date": "2026-12-24"}, {"run_date": "2026-12-25"}),
    ):
        hide = {"kind": "hide", "products": [1], **narrowed}
        assert as_tried([hide], products, **here) == [2], narrowed
        assert as_tried([hide], products, **elsewhere) == [1, 2], narrowed


def test_pins_stand_first_in_every_stretch_and_what_is_hidden_or_unfit_for_the_list_is_not_pinned() -> None:
    products = [{"id": number, "score": -number} for number in range(1, 9)] + [{"id": 9, "score": -9, "is_bought": True}]
    pin = {"kind": "pin", "products": [7, 8, 9], "share": 0.25}
    assert as_tried([pin], products, list_name="discover", length=8) == [7, 1, 2, 3, 8, 4, 5, 6]
    assert as_tried([pin, {"kind": "hide", "products": [7]}], products, list_name="discover", length=5) == [8, 1, 2, 3, 4]
    assert as_tried([pin], products, list_name="buy_again", length=5) == [9]


def test_at_most_counts_each_category_and_each_brand_pins_included() -> None:
    products: list[dict[str, Any]] = [
        {"id": 1, "score": 9, "categories": ["tea", "gifts"], "brand": "A"},
        {"id": 2, "score": 8, "categories": ["tea"], "brand": "A"},
        {"id": 3, "score": 7, "categories": ["gifts"], "brand": "B"},
        {"id": 4, "score": 6, "categories": ["gifts"]},
        {"id": 5, "score": 5, "categories": ["jam"]},
    ]
    assert as_tried([{"kind": "at_most", "per": "category", "places": 1}], products) == [1, 5]
    assert as_tried([{"kind": "at_most", "per": "brand", "places": 1}], products) == [1, 3, 4, 5]
    assert as_tried([{"kind": "at_most", "per": "category", "places": 1, "categories": ["tea"]}], products) == [1, 3, 4, 5]
    pin = {"kind": "pin", "products": [4], "share": 0.2}
    assert as_tried([pin, {"kind": "at_most", "per": "category", "places": 1}], products) == [4, 2, 5]


def test_stock_that_does_not_last_is_hidden_and_stock_that_nobody_manages_lasts() -> None:
    products: list[dict[str, Any]] = [
        {"id": 1, "score": 9, "available": 6.9, "daily_sales": 1},
        {"id": 2, "score": 8, "available": 7, "daily_sales": 1},
        {"id": 3, "score": 7, "daily_sales": 100},
        {"id": 4, "score": 6, "available": 1},
        {"id": 5, "score": 5, "available": 0},
    ]
    assert as_tried([{"kind": "stock_cover", "days": 7}], products) == [2, 3, 4]
    assert as_tried([{"kind": "stock_cover", "days": 7, "products": [5]}], products) == [1, 2, 3, 4]


def test_a_boost_passes_what_is_better_by_its_bound_at_most() -> None:
    # Chances are as 1, 0.95 and 0.89: margins of 50 and 25 % of the price are the whole bound and half of it.
    products: list[dict[str, Any]] = [
        {"id": 1, "score": 0.0},
        {"id": 2, "score": -0.0513, "price": 10, "cost": 7.5},
        {"id": 3, "score": -0.1165, "price": 10, "cost": 5},
        {"id": 4, "score": -0.2, "price": 10, "cost": 11},
    ]
    boost = {"kind": "boost", "by": "margin"}
    assert as_tried([{**boost, "give_up": 0.11}], products) == [2, 3, 1, 4]
    assert as_tried([{**boost, "give_up": 0.10}], products) == [2, 1, 3, 4]
    assert as_tried([{**boost, "give_up": 0.10, "products": [2]}], products) == [2, 1, 3, 4]
    deals = [{"id": 1, "score": 0.0, "discount_percent": 4}, {"id": 2, "score": -0.05, "discount_percent": 12}]
    assert as_tried([{"kind": "boost", "by": "deal", "give_up": 0.1}], deals) == [2, 1]
    assert as_tried([{"kind": "boost", "by": "deal", "give_up": 0.01}], deals) == [1, 2]


def test_what_a_rule_names_and_no_shop_has_is_told_once_with_the_rule() -> None:
    file = parsed(
        "rules: [{name: a, kind: hide, products: [1, 9], categories: [Tea, Tee], tags: [new], brands: [Acme]},"
        " {name: b, kind: stock_cover, days: 1, shop: be}, {name: c, kind: stock_cover, days: 1}]"
    )
    tree = Tree({7: None}, {7: ("Tea", "tea")})
    rows = {"product_id": [1, 2], "category_ids": [[7], []], "tag_names": [[], ["old"]], "brand_name": [None, "ACME"]}
    told = unknown_names(file.rules, [("nl", ShopFacts.of(pa.table(rows)), tree)])
    assert told == [
        "rule mine.a names product 9, which no product has",
        "rule mine.a names category Tee, which no product has",
        "rule mine.a names tag new, which no product has",
        "rule mine.b is for shop be, which has no products",
    ]


def test_the_shipped_file_has_no_rule_and_its_examples_are_good_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (CONF / "rules" / "default.yaml").read_text(encoding="utf-8")
    assert parsed(text) == RuleFile()
    example = parsed(text.replace("rules: []\n#", "rules:\n ").replace("cases: []\n#", "cases:\n ").replace("\n#  ", "\n   "))
    assert {rule.kind for rule in example.rules} == {"hide", "pin", "at_most", "stock_cover", "boost"}
    assert [tried(case, Rules(example.rules)) for case in example.cases] == [list(case.expect) for case in example.cases]
    monkeypatch.chdir(CONF.parent)
    cases, told = try_cases()
    assert (cases, told) == ([], "0 rules in 1 files; 0 of 0 golden cases hold")


def test_a_case_that_fails_is_told_with_what_the_rules_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "base.yaml").touch()
    hide = {"name": "hide", "kind": "hide", "products": [1]}
    case = {"name": "both", "products": [{"id": 1, "score": 1}, {"id": 2, "score": 0}], "expect": [1, 2]}
    (tmp_path / "rules" / "mine.yaml").write_text(yaml.safe_dump({"rules": [hide], "cases": [case]}))
    monkeypatch.setenv("LAKEHOUSE_CONF", str(tmp_path))
    (failed,), told = try_cases()
    assert (failed.name, failed.expected, failed.given, failed.holds) == ("mine.both", (1, 2), [2], False)
    assert told == "1 rules in 2 files; 0 of 1 golden cases hold"
    with pytest.raises(SystemExit) as stop:
        main(["rules", "test", "--format", "json"])
    out, err = capsys.readouterr()
    assert json.loads(out) == {"state": "fails", "case": "mine.both", "expected": "1, 2", "given": "2"}
    assert stop.value.code == 2 and told in err and "1 golden cases of conf/rules fail" in err
