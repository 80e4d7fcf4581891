"""silver.categories."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of, rows_of

from lakehouse.arrow_frames import frame_from
from lakehouse.io.config.settings import load_settings
from lakehouse.silver.categories import TABLE, build, is_named, marked_categories
from lakehouse.sources.woocommerce.products import TERM_TAXONOMY, TERMS


def test_categories_are_terms_of_their_taxonomy_with_plain_names_and_a_tree(spark: SparkSession) -> None:
    terms = [
        {"shop_code": shop, "term_id": i, "name": name, "slug": slug}
        for shop, i, name, slug in [
            ("nl", 1, "Fruits &amp; Vegetables", "fruits"),
            ("nl", 2, "Apples", "apples"),
            ("nl", 3, "Brand", "brand"),
            ("de", 1, "Obst", "obst"),
        ]
    ]
    # The ids of taxonomy rows differ from those of terms on purpose; term 3 is a brand, term 9 has no name.
    taxonomy = [
        {"shop_code": shop, "term_taxonomy_id": i, "term_id": term, "taxonomy": kind, "parent": parent}
        for shop, i, term, kind, parent in [
            ("nl", 51, 1, "product_cat", 0),
            ("nl", 52, 2, "product_cat", 1),
            ("nl", 1, 3, "product_brand", 0),
            ("nl", 53, 9, "product_cat", 0),
            ("de", 51, 1, "product_cat", 0),
        ]
    ]
    frame = build(
        frame_of(spark, TERMS.bronze, terms),
        frame_of(spark, TERM_TAXONOMY.bronze, taxonomy),
        restricted_categories=("fruits", "tobacco"),
        private_categories=(("nl", ("apples",)), ("de", ("o*t",))),
    )
    found = {row[:2]: row[2:] for row in rows_of(frame, TABLE)}
    assert found == {
        ("nl", 1): ("Fruits & Vegetables", "fruits", None, True, False),
        ("nl", 2): ("Apples", "apples", 1, True, True),
        ("de", 1): ("Obst", "obst", None, False, True),
    }


def test_what_stands_below_a_marked_category_is_marked_whatever_the_depth_or_circle() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 3, 5: None, 6: 7, 7: 6, 8: 99, 9: 2}
    names: dict[int, tuple[str | None, ...]] = {number: (f"c{number}", None) for number in parents}
    names |= {2: ("red-wine", "Red Wine"), 5: ("vinegar", "Wine vinegar"), 7: ("x", "BABY"), 9: ("alcohol-free", None)}
    assert marked_categories(parents, names, ("wine", "baby", "!vinegar", "!*free")) == {2, 3, 4, 6, 7}
    assert marked_categories(parents, names, ("wine",)) == {2, 3, 4, 5, 9}
    assert marked_categories(parents, names, ()) == set()


RESTRICTED = """wine wine-beer rode-wijn witte-wijnen rotwein weine vin-rouge vodka whisky gin champagne likeuren craft-bier alcohol-drinks
e-sigaretten e-cigarettes rookwaren wyroby-tytoniowe tabak baby organic-baby-food baby-nahrung luiers niemowleta
condooms intieme-verzorging hygiene-intime higiena-intymna maandverband intimate-care health-beauty beauty-health vitamins pijnstillers
zelfzorg gesundheit apotheek"""
FREE = """alkoholfreie-getraenke alcoholvrije-dranken alcohol-free non-alcoholic winogrona weintrauben wine-gums baby-spinach bierworst
weinessig ginger-beer soft-drinks schweinefleisch vinegar bread-pastry fruit coffee-tea couscous"""


NAMES = """Sterke drank|Alcoholische dranken|Alkoholische Getränke|Boissons alcoolisées|Napoje alkoholowe|Liköre & Aperitif|Schaumwein
Tabakwaren|Tabaksartikelen|E-liquids|Babypflege|Babyverzorging|Säuglingsnahrung|Intimhygiene|Feminine care|Damenhygiene|Verhütung
Geneesmiddelen|Arzneimittel|Rezeptfreie Medikamente|Nahrungsergänzungsmittel|Voedingssupplementen|Compléments alimentaires|Parapharmacie
Gluten-free baby food|Sugar-free vitamins|Freizeit & Wein|Duty free spirits|Bier, Wein & alkoholfreie Getränke|Baby food & ginger
Rakı
Vino y cerveza|Vini rossi|Liquori|Tabacchi|Bebé|Pannolini|Igiene intima|Preservativos|Salud|Wódka|Champagner|First aid|Pain relief|CBD"""
FREE_NAMES = """Frisdranken|Dranken|Alkoholfreie Getränke|Bier alkoholfrei|Alcohol-free beer|Vins sans alcool|Ginger beer|Baby spinach
Wine vinegar|Freizeit|Essential oils|Sportdranken|Sekretäre
Vinaigre de vin|Aceto di vino|Vinagre de vino|Cerveza sin alcohol|Birra analcolica|Malzbier"""


def test_an_exception_takes_back_no_more_than_its_own_part_of_a_name(spark: SparkSession) -> None:
    """Asked of names alone too, as products of other databases have them."""
    patterns = load_settings("local").restricted_categories
    wanted, free = NAMES.replace("\n", "|").split("|"), FREE_NAMES.replace("\n", "|").split("|")
    names = dict(enumerate([*wanted, *free]))
    found = marked_categories(dict.fromkeys(names), {number: ("", name) for number, name in names.items()}, patterns)
    assert sorted(names[number] for number in found) == sorted(wanted)
    frame = frame_from(spark, [(name,) for name in names.values()], "name string")
    assert sorted(row[0] for row in frame.where(is_named(F.col("name"), patterns)).collect()) == sorted(wanted)


def test_the_shipped_list_knows_the_common_names_of_what_is_nobodys_business() -> None:
    patterns = load_settings("local").restricted_categories
    slugs = dict(enumerate([*RESTRICTED.split(), *FREE.split()]))
    found = marked_categories(dict.fromkeys(slugs), {number: (slug, None) for number, slug in slugs.items()}, patterns)
    assert {slugs[number] for number in found} == set(RESTRICTED.split())
