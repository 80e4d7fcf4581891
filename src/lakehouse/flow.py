"""The whole flow on one page: what is made from what. Data, not an engine; the runner is in runner.py."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame

from lakehouse.bronze import campaign_members, consent_statements
from lakehouse.export import frequency
from lakehouse.gold import campaign_results, customer_facts, daily_sales, install_base, interactions, product_popularity
from lakehouse.recommend import customer_products
from lakehouse.silver import (
    app_order_lines,
    app_orders,
    categories,
    consents,
    customer_identities,
    customers,
    email_deliverability,
    mail_choices,
    order_lines,
    orders,
    product_codes,
    products,
    refund_lines,
    refunds,
    shops,
    unmatched_products,
    wholesale_offers,
)
from lakehouse.sources import mobile_app, other_feeds, wholesalers
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce import orders as shop_orders
from lakehouse.sources.woocommerce import people as shop_people
from lakehouse.sources.woocommerce import products as shop_catalogue
from lakehouse.sources.woocommerce import shop
from lakehouse.table import Table, Write

# Name of the champion among the inputs of a step. Its version is the model's, its id the name of the registered model.
MODEL = "models.champion"


@dataclass(frozen=True)
class Step:
    """One table and how it is made.

    `build` gets the frames of `reads`, then of `lookups`, in their order and the named `parameters`. `scoped` steps are built for the
    orders that changed only: all their tables but lookups carry the root order (`Table.scope`). A lookup is small and hardly ever
    changes; when it does, all is built. `takes_model`: the champion in the model registry is an
    input too; `build` gets it as `model`. `fan_out`: a table, and about how many rows are built for each of its rows; None: about
    as many as the inputs have.
    `remembers`: `build` gets the table's own rows too, after all others, since they hold what the inputs hold no more.
    """

    writes: Table
    build: Callable[..., DataFrame]
    reads: tuple[Table, ...]
    write: Write = "replace"
    scoped: bool = False
    lookups: tuple[Table, ...] = ()
    parameters: tuple[str, ...] = ()
    takes_model: bool = False
    fan_out: tuple[Table, int] | None = None
    remembers: bool = False

    @property
    def name(self) -> str:
        """The name of the table that it writes."""
        return self.writes.name

    @property
    def refers_to(self) -> tuple[Table, ...]:
        """Tables that rows refer to and that `build` does not read: rows that name nothing there go to quarantine.

        A build that reads what it refers to keeps to it by itself, which the audit proves.
        """
        read = {table.name for table in self.reads}
        return tuple(reference.to for reference in self.writes.references if reference.to.name not in read)

    @property
    def inputs(self) -> tuple[Table, ...]:
        """All that decides what is written."""
        return (*self.reads, *self.lookups, *self.refers_to)


_orders, _items, _item_meta = shop_orders.ORDERS.bronze, shop_orders.ORDER_ITEMS.bronze, shop_orders.ORDER_ITEM_META.bronze
_operational = shop_orders.ORDER_OPERATIONAL_DATA.bronze
_addresses, _order_meta = shop_orders.ORDER_ADDRESSES.bronze, shop_orders.ORDER_META.bronze
_users, _user_meta = shop_people.USERS.bronze, shop_people.USER_META.bronze
_posts, _post_meta, _protected = shop_catalogue.POSTS.bronze, shop_catalogue.POST_META.bronze, shop_catalogue.PROTECTED_POSTS.bronze
_terms, _taxonomy, _related = shop_catalogue.TERMS.bronze, shop_catalogue.TERM_TAXONOMY.bronze, shop_catalogue.TERM_RELATIONSHIPS.bronze
_feedback, _unsubscribes = other_feeds.MAIL_FEEDBACK.bronze, shop_people.EMAIL_UNSUBSCRIBES.bronze
_price_lists = tuple(feed.bronze for feed in wholesalers.FEEDS)
_users_vault, _orders_vault, _unsubscribes_vault = shop_people.USERS.vault, shop_orders.ORDERS.vault, shop_people.EMAIL_UNSUBSCRIBES.vault
_statements, _blocked_users = consent_statements.TABLE, shop_people.BLOCKED_USERS.bronze
_app_users, _app_users_vault = mobile_app.USERS.bronze, mobile_app.USERS.vault
_database_customers, _database_orders = entities.CUSTOMERS.bronze, entities.ORDERS.bronze
_databases_vault = tuple(filter(None, (entities.CUSTOMERS.vault, entities.ORDERS.vault)))
assert _users_vault and _orders_vault and _unsubscribes_vault and _app_users_vault

# No step makes them: the export adds to them, and steps read them.
APPENDED = (campaign_members.TABLE, frequency.TABLE)

SILVER = (
    Step(
        consent_statements.TABLE,
        consent_statements.build,
        (_user_meta, _order_meta, _users, _orders, _app_users),
        "sync",
        parameters=("shops", "run_date"),
        remembers=True,
    ),
    Step(shops.TABLE, shops.build, (shop.OPTIONS.bronze,), "sync", parameters=("shops",)),
    Step(
        categories.TABLE,
        categories.build,
        (_terms, _taxonomy),
        "sync",
        parameters=("restricted_categories", "private_categories"),
    ),
    Step(
        products.TABLE,
        products.build,
        (_posts, _post_meta, _terms, _taxonomy, _related, shops.TABLE, categories.TABLE, _protected, entities.PRODUCTS.bronze),
        "sync",
        parameters=("restricted_categories",),
    ),
    Step(product_codes.TABLE, product_codes.build, (_posts, _post_meta), "sync"),
    Step(wholesale_offers.TABLE, wholesale_offers.build, (*_price_lists, product_codes.TABLE), "sync", parameters=("feed_shop",)),
    Step(
        unmatched_products.TABLE,
        unmatched_products.build,
        (mobile_app.ORDER_LINES.bronze, wholesale_offers.TABLE, other_feeds.STOCK_LEVELS.bronze, product_codes.TABLE),
        parameters=("feed_shop",),
    ),
    Step(app_orders.TABLE, app_orders.build, (mobile_app.ORDERS.bronze, _orders), "sync", parameters=("feed_shop",)),
    Step(
        app_order_lines.TABLE,
        app_order_lines.build,
        (mobile_app.ORDER_LINES.bronze, app_orders.TABLE, product_codes.TABLE),
        "sync",
        parameters=("feed_shop",),
    ),
    Step(
        orders.TABLE,
        orders.build,
        (_orders, _operational, _addresses, _order_meta, app_orders.TABLE, _database_orders),
        "sync",
        scoped=True,
        parameters=("shops",),
    ),
    Step(
        order_lines.TABLE,
        order_lines.build,
        (_orders, _items, _item_meta, app_order_lines.TABLE, entities.ORDER_LINES.bronze),
        "sync",
        scoped=True,
        lookups=(shops.TABLE,),
    ),
    Step(refunds.TABLE, refunds.build, (_orders, _operational), "sync", scoped=True, parameters=("shops",)),
    Step(refund_lines.TABLE, refund_lines.build, (_orders, _items, _item_meta), "sync", scoped=True, lookups=(shops.TABLE,)),
    Step(
        email_deliverability.TABLE,
        email_deliverability.build,
        (_users_vault, _orders_vault, _app_users_vault, _feedback, *_databases_vault),
        "sync",
        parameters=("disposable_domains",),
    ),
    Step(mail_choices.TABLE, mail_choices.build, (_users_vault, _orders_vault, _app_users_vault, _unsubscribes_vault), "sync"),
    Step(
        consents.TABLE,
        consents.build,
        (_statements, _users, orders.TABLE, _app_users, _feedback, _unsubscribes, mail_choices.TABLE, email_deliverability.TABLE),
        "sync",
    ),
    Step(
        customer_identities.TABLE,
        customer_identities.build,
        (_users, orders.TABLE, _app_users, _database_customers),
        "sync",
        parameters=("feed_shop",),
    ),
    Step(
        customers.TABLE,
        customers.build,
        (
            _users,
            _user_meta,
            orders.TABLE,
            customer_identities.TABLE,
            email_deliverability.TABLE,
            _app_users,
            _blocked_users,
            consents.TABLE,
            _database_customers,
        ),
        "sync",
        parameters=("shops",),
    ),
)

# What gold.purchases is made from.
SALES = (orders.TABLE, order_lines.TABLE, refund_lines.TABLE, customer_identities.TABLE)

GOLD = (
    Step(interactions.TABLE, interactions.build, SALES, parameters=("run_date", "half_life_days", "feed_shop")),
    Step(product_popularity.TABLE, product_popularity.build, SALES, parameters=("run_date", "popularity_days", "feed_shop")),
    Step(daily_sales.TABLE, daily_sales.build, (orders.TABLE, order_lines.TABLE, refunds.TABLE, customer_identities.TABLE)),
    Step(
        install_base.TABLE,
        install_base.build,
        (mobile_app.INSTALLS.bronze, _app_users, customer_identities.TABLE, customers.TABLE),
        parameters=("run_date", "feed_shop"),
    ),
    Step(
        campaign_results.TABLE,
        campaign_results.build,
        (campaign_members.TABLE, orders.TABLE, customers.TABLE, customer_identities.TABLE, shops.TABLE),
        # Of a lake without members nothing is built, whether feedback comes or not: that is for what it reads to say.
        lookups=(_feedback,),
        parameters=("run_date", "feed_shop"),
    ),
)

RECOMMENDATIONS = (
    Step(
        customer_products.TABLE,
        customer_products.build,
        (customers.TABLE, products.TABLE, interactions.TABLE, product_popularity.TABLE),
        # Of these only rules want to know.
        lookups=(categories.TABLE, product_codes.TABLE, other_feeds.STOCK_LEVELS.bronze, wholesale_offers.TABLE),
        parameters=("run_date", "lists", "rules", "blend", "country_smoothing", "popularity_days", "feed_shop"),
        takes_model=True,
        # Sixty places at most; the rows of silver.customers of a large demo shop have 36 on average.
        fan_out=(customers.TABLE, 36),
    ),
)

STEPS = (*SILVER, *GOLD, *RECOMMENDATIONS)

# Made by the export, where the setting crm_profile asks for it.
CRM = Step(
    customer_facts.TABLE, customer_facts.build, (customers.TABLE, orders.TABLE, customer_identities.TABLE, customer_products.TABLE), "sync"
)
