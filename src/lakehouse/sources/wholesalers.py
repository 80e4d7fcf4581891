"""The wholesalers' lists, each in its own dialect, and their lists of which article is which product of the shop."""

from functools import partial

from pyspark.sql.types import DecimalType

from lakehouse.sources import feed_values as v
from lakehouse.sources.feed import Feed, Field
from lakehouse.table import DATE, MONEY, QUANTITY, STRING

SENDERS = ("wholesaler_a", "wholesaler_b", "wholesaler_c")
SHARE = DecimalType(9, 6)
_list = partial(Feed, kind="snapshot", every_days=7)
_number = partial(v.decimal, digits=9, scale=4, precision=18, example="12")
_percent = partial(v.decimal, digits=3, scale=6, precision=9, example="2.5")

PRICES_A = _list(
    "wholesaler_a",
    "wholesaler_a_prices",
    "one article of wholesaler_a",
    "preisliste_YYYYMMDD.csv",
    key=("article_code",),
    fields=(
        Field("article_code", v.text(64), STRING, "the wholesaler's article number", header="Artikelnr"),
        Field("gtin", v.text(14, "8712345678906"), STRING, "GTIN as sent", required=False, header="EAN"),
        Field("description", v.text(1000), STRING, "name of the article", header="Bezeichnung"),
        Field("units_per_case", _number(",", "."), QUANTITY, "units in a case", header="VE"),
        Field("unit_price_amount", v.decimal(",", "."), MONEY, "price of a unit", header="Preis"),
        Field("currency_code", v.currency(), STRING, "ISO 4217", header="Waehrung", aliases=("Währung",)),
        Field("discount_from_units", _number(",", "."), QUANTITY, "discount from so many units", required=False, header="Rabatt_ab"),
        Field("discount_percent", _percent(",", "."), SHARE, "that discount, in percent", required=False, header="Rabatt_Prozent"),
        Field("valid_from", v.date(v.POINT_DATE), DATE, "first day of the price", header="Gueltig_von", aliases=("Gültig_von",)),
        Field(
            "valid_to",
            v.last_day(v.POINT_DATE),
            DATE,
            "last day of it; null if there is none",
            required=False,
            needed=True,
            header="Gueltig_bis",
            aliases=("Gültig_bis",),
        ),
        Field("available_cases", _number(",", "."), QUANTITY, "cases in stock", header="Bestand"),
    ),
    delimiter=";",
    encoding="cp1252",
)

OFFERS_B = _list(
    "wholesaler_b",
    "wholesaler_b_offers",
    "one article of wholesaler_b",
    "offers-YYYY-MM-DD.csv",
    key=("article_code",),
    fields=(
        Field("article_code", v.text(64), STRING, "the wholesaler's article number", header="item_code"),
        Field("gtin", v.text(14, "8712345678906"), STRING, "GTIN as sent", required=False, header="barcode"),
        Field("description", v.text(1000), STRING, "name of the article"),
        Field("units_per_case", _number(), QUANTITY, "units in a case", header="case_size"),
        Field("case_price_amount", v.decimal(), MONEY, "price of a case", header="case_price"),
        Field("currency_code", v.currency(), STRING, "ISO 4217", header="currency"),
        Field("min_cases_1", _number(), QUANTITY, "first discount from so many cases", required=False),
        Field("discount_1", v.fraction(), SHARE, "the first discount, as a fraction", required=False),
        Field("min_cases_2", _number(), QUANTITY, "second discount from so many cases", required=False),
        Field("discount_2", v.fraction(), SHARE, "the second discount, as a fraction", required=False),
        Field("valid_from", v.date(v.ISO_DATE), DATE, "first day of the price"),
        Field("valid_to", v.last_day(v.ISO_DATE), DATE, "last day of it; null if there is none", required=False, needed=True),
        Field("available_cases", _number(), QUANTITY, "cases in stock"),
    ),
)

TARIFF_C = _list(
    "wholesaler_c",
    "wholesaler_c_tariff",
    "one article of wholesaler_c",
    "tarifa_YYYYMMDD.txt",
    key=("article_code",),
    fields=(
        Field("article_code", v.text(64), STRING, "the wholesaler's article number", header="codigo"),
        Field("gtin", v.text(14, "8712345678906"), STRING, "GTIN as sent", required=False, header="ean"),
        Field("description", v.text(1000), STRING, "name of the article", header="descripcion"),
        Field("units_per_case", _number(","), QUANTITY, "units in a case", header="unidades_caja"),
        Field("unit_price_amount", v.decimal(","), MONEY, "price of a unit", header="precio_unidad"),
        Field("currency_code", v.currency(), STRING, "ISO 4217", header="moneda"),
        Field("valid_from", v.date(v.SLASH_DATE), DATE, "first day of the price", header="desde"),
        Field(
            "valid_to", v.last_day(v.SLASH_DATE), DATE, "last day of it; null if there is none", required=False, needed=True, header="hasta"
        ),
        Field("available_units", _number(","), QUANTITY, "units in stock", header="disponible"),
        Field(
            "discounts",
            v.code(
                r"[0-9]+>[0-9]+(?:,[0-9]+)?%(?:\|[0-9]+>[0-9]+(?:,[0-9]+)?%)*",
                "from how many units > how many percent, divided by |",
                "10>5%|50>12%",
            ),
            STRING,
            "10>5%|50>12%: from 10 units 5 %, from 50 units 12 %",
            required=False,
            header="descuentos",
        ),
    ),
    delimiter="\t",
    encoding="utf-16-le",
)

ARTICLES = tuple(
    Feed(
        sender,
        f"{sender}_articles",
        f"one article of {sender} that is a product of the shop",
        "articles_YYYYMMDD.csv",
        "snapshot",
        ("article_code",),
        (
            Field("article_code", v.text(64), STRING, "the wholesaler's article number"),
            Field("shop_sku", v.text(100), STRING, "the shop's article number"),
        ),
        every_days=0,
    )
    for sender in SENDERS
)

FEEDS = (PRICES_A, OFFERS_B, TARIFF_C, *ARTICLES)
