"""What the demo shop is made of: countries, invented people's names, aisles of groceries. Data only.

Names of categories and products are HTML-escaped, as WordPress stores them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country the shop delivers to. Rates are per mille; prices are the euro price times `price_permille`."""

    code: str
    share: float
    currency: str
    price_permille: int
    standard_rate: int
    reduced_rate: int
    locale: str
    cities: tuple[tuple[str, str], ...]
    payments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Aisle:
    """One sub-category: its parent, what lies there, how many days a pack lasts, and whether it is taxed at the standard rate."""

    parent: str
    name: str
    nouns: tuple[str, ...]
    rhythm_days: int
    price_cents: int
    sizes: tuple[str, ...] = ("250 g", "500 g", "1 kg")
    is_weighed: bool = False
    is_standard_rate: bool = False


_CARD, _PAYPAL = ("card", "Card"), ("paypal", "PayPal")
COUNTRIES = (
    Country("NL", 0.42, "EUR", 1000, 210, 90, "nl_NL", (("1012 AB", "Amsterdam"), ("3511 CD", "Utrecht"), ("5211 EF",
    "’s-Hertogenbosch")),
            (("ideal", "iDEAL"), ("klarna", "Klarna – Achteraf betalen"), _PAYPAL)),
    Country("BE", 0.20, "EUR", 1000, 210, 60, "nl_BE", (("9000", "Gent"), ("4000", "Liège")), (("bancontact", "Bancontact"), _PAYPAL)),
    Country("DE", 0.15, "EUR", 1000, 190, 70, "de_DE", (("50667", "Köln"), ("80331", "München")), (_PAYPAL, ("klarna",
    "Klarna – Rechnung"))),
    Country("FR", 0.10, "EUR", 1020, 200, 55, "fr_FR", (("59000", "Lille"), ("69001", "Lyon")), (_CARD, _PAYPAL)),
    Country("GB", 0.08, "GBP", 860, 200, 0, "en_GB", (("LS1 4AP", "Leeds"), ("BS1 5TR", "Bristol")), (_CARD, _PAYPAL)),
    Country("PL", 0.05, "PLN", 4300, 230, 50, "pl_PL", (("00-001", "Warszawa"), ("90-001", "Łódź")), (("blik", "BLIK"), _CARD)),
)  # fmt: skip
BY_COUNTRY_CODE = {country.code: (index, country) for index, country in enumerate(COUNTRIES)}

MAIL_DOMAINS = ("mail.example", "post.example", "inbox.example", "brief.example")
DISPOSABLE_DOMAINS = ("mailinator.com", "guerrillamail.com", "yopmail.com")
INVALID_MAILS = ("{name}@@mail.example", "{name}.mail.example", "{name}@", "{name} x@mail.example", "{name}@mail", "@{name}.example")
ANONYMOUS_MAIL = "deleted@site.invalid"

FIRST_NAMES = (
    "Anna", "Björn", "Chloé", "Daan", "Ewa", "Fleur", "Giulia", "Hugo", "Ingrid", "Jan", "Katarzyna", "Liam", "Małgorzata", "Noor",
    "Olga", "Pieter",
    "Renée", "Sanne", "Tomáš", "Ursula", "Victor", "Willem", "Yara", "Zoë", "Åsa", "José", "François", "Ayşe", "李", "Олена", "Ἑλένη",
    "Mbali",
)  # fmt: skip
LAST_NAMES = (
    "de Vries", "Janssens", "Müller", "Dubois", "Smith & Sons", "Kowalski", "van den Berg", "Peeters", "Schmidt", "Lefèvre", "O’Brien",
    "Nowak", "Bakker",
    "Maes", "Weiß", "Moreau", "Taylor", "Zieliński", "Visser", "Claes", "Öztürk", "王", "Шевченко", "Đorđević", "Ångström", "Ferreira",
)  # fmt: skip
STREETS = ("Keizersgracht", "Rue de l’Église", "Main Street", "Bahnhofstraße", "ul. Świętokrzyska", "Molenweg")

BRANDS = (
    "Sahel", "Kaze", "Zur Mühle", "Anadolu", "Αιγαίο", "龙", "Bakker &amp; Zoon", "Fjord", "La Plaza", "Green&#8217;s", "Młyn",
    "Noordzee", "Casa Verde",
    "Petit Marché", "Old Barn", "Huismerk",
)  # fmt: skip

_BOTTLES, _PIECES, _SMALL = ("330 ml", "750 ml", "1 L"), ("per piece", "3 pcs", "6 pcs"), ("50 g", "100 g", "250 g")
AISLES = (
    Aisle("Fruits &amp; Vegetables", "Fruit", ("Bananas 🍌", "Apples", "Mangoes", "Plantain", "Lychees", "Lemons"), 9, 340,
    is_weighed=True),
    Aisle("Fruits &amp; Vegetables", "Vegetables", ("Tomatoes", "Okra", "Pak choi", "Cassava", "Carrots", "Aubergine"), 9, 290,
    is_weighed=True),
    Aisle("Fruits &amp; Vegetables", "Herbs &amp; Salad", ("Coriander", "Basil 🌿", "Rocket", "Mint"), 10, 180, _SMALL),
    Aisle("Dairy &amp; Eggs", "Milk &amp; Yoghurt", ("Milk", "Ayran", "Greek yoghurt", "Skyr", "Kefir"), 8, 210, ("500 ml", "1 L",
    "2 L")),
    Aisle("Dairy &amp; Eggs", "Cheese", ("Gouda", "Feta", "Halloumi", "Brie", "Twaróg"), 16, 640, is_weighed=True),
    Aisle("Dairy &amp; Eggs", "Eggs", ("Free-range eggs", "Quail eggs"), 12, 360, ("6 pcs", "10 pcs", "12 pcs")),
    Aisle("Bread &amp; Pastry", "Bread", ("Sourdough", "Pita", "Çörek", "Rye bread", "Baguette"), 7, 280, _PIECES),
    Aisle("Bread &amp; Pastry", "Pastry", ("Baklava", "Croissant 🥐", "Stroopwafels", "Pączki"), 18, 420, _PIECES),
    Aisle("Meat &amp; Fish", "Meat", ("Chicken thighs", "Lamb chops", "Beef mince", "Kiełbasa"), 14, 890, is_weighed=True),
    Aisle("Meat &amp; Fish", "Fish", ("Łosoś 🐟", "Herring", "Prawns", "Bacalhau"), 20, 1090),
    Aisle("World Kitchen", "日本食品", ("Soba", "Miso", "Nori", "Ramen", "カレー"), 30, 460),
    Aisle("World Kitchen", "Mediterranean", ("Τζατζίκι", "Pesto alla genovese", "Hummus", "Olives", "Passata di pomodoro"), 25, 390),
    Aisle("World Kitchen", "Восточная Европа", ("Plazma keks", "Ajvar", "Нут", "Крупа гречневая"), 32, 350),
    Aisle("World Kitchen", "Africa &amp; Caribbean", ("Jollof mix", "Couscous", "Scotch bonnet", "Fufu flour"), 35, 410),
    Aisle("Pantry", "Rice &amp; Pasta", ("Basmati rice", "Spaghetti N°5", "Fusilli", "Jasmine rice"), 35, 330, ("500 g", "1 kg", "5 kg")),
    Aisle("Pantry", "Oil &amp; Spices", ("Olive oil", "Cumin", "Paprika", "Turmeric", "Sesame oil"), 70, 560, _SMALL),
    Aisle("Pantry", "Tins", ("Ærter", "Black beans", "Tuna", "Coconut milk"), 28, 190),
    Aisle("Drinks", "Coffee &amp; Tea", ("Espresso beans ☕", "Mint tea", "Rooibos", "Matcha"), 24, 720),
    Aisle("Drinks", "Soft Drinks", ("Cola", "Guava juice", "Sparkling water", "Ginger beer"), 12, 240, _BOTTLES),
    Aisle("Drinks", "Wine &amp; Beer", ("Rioja", "Vinho verde", "Pilsner", "Tripel"), 21, 850, _BOTTLES, is_standard_rate=True),
    Aisle("Household", "Cleaning", ("Dish soap", "Laundry liquid", "Sponges"), 45, 480, ("500 ml", "1 L", "3 L"), is_standard_rate=True),
    Aisle("Household", "Care", ("Toothpaste", "Black soap", "Shea butter", "Shampoo"), 50, 520, ("75 ml", "200 ml", "400 ml"),
    is_standard_rate=True),
)  # fmt: skip
