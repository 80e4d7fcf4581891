"""Products as they are now: price, stock, categories, and whether they may be recommended. Variations count with their parent."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lakehouse.expressions import amount_as_read, null_if_empty, pivot_meta, quantity_as_read, unescape_html
from lakehouse.silver.categories import is_named
from lakehouse.silver.product_images import files, is_foreign, url
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, MONEY, QUANTITY, STRING, TIMESTAMP, Alarm, Column, Rule, Table

META = {
    "sku": "_sku",
    "gtin": "_global_unique_id",
    "stock_status": "_stock_status",
    "stock_quantity": "_stock",
    "manage_stock": "_manage_stock",
    "image_id": "_thumbnail_id",
}

TABLE = Table(
    name="silver.products",
    grain="one product; a product with variations is one row",
    key=("shop_code", "product_id"),
    columns=(
        SHOP,
        Column("product_id", LONG, "post id"),
        Column("product_name", STRING, "name; HTML entities decoded [WC_Product::get_name]"),
        Column(
            "product_type",
            STRING,
            "simple (also where nothing is said), variable, grouped or external, or what a plugin adds [WC_Product::get_type]",
        ),
        Column("status", STRING, "publish, private, draft, pending, future, trash, or what a plugin adds [WC_Product::get_status]"),
        Column("sku", STRING, "the shop's article code; may be missing or stand twice [WC_Product::get_sku]"),
        Column("gtin", STRING, "EAN or other GTIN; may be missing [WC_Product::get_global_unique_id]"),
        Column("price_amount", MONEY, "active price; of a product with variations the lowest [WC_Product::get_price]"),
        Column("currency_code", STRING, "the shop's currency, ISO 4217"),
        Column("price_includes_tax", BOOLEAN, "whether catalogue prices of this shop include tax"),
        Column("stock_status", STRING, "instock, outofstock, onbackorder, or what a plugin adds [WC_Product::get_stock_status]"),
        Column(
            "stock_quantity",
            QUANTITY,
            "null where the shop or the product does not count stock [WC_Product::managing_stock, get_stock_quantity]",
        ),
        Column(
            "variations_stock_quantity",
            QUANTITY,
            "what its published variations have together, where each counts its own stock and none is on back-order, and the product itself"
            " counts none; null elsewhere [WC_Product_Variation::get_stock_quantity]",
        ),
        Column(
            "is_sellable",
            BOOLEAN,
            "can be bought by everybody: published, without a password, not hidden from the catalogue, of no private category, has a price,"
            " in stock or on back-order, and no link to another shop (external)",
        ),
        Column("is_restricted", BOOLEAN, "whether one of its categories is restricted: it is not picked for a person"),
        Column("category_ids", ArrayType(LONG), "its categories, ascending [WC_Product::get_category_ids]"),
        Column("brand_name", STRING, "first brand by name; null if none"),
        Column("product_url", STRING, "address in the shop; WordPress forwards it to the speaking one"),
        Column("image_url", STRING, "address of the main image; null if none"),
        Column("has_foreign_image", BOOLEAN, "whether that is of another host than the shop's own addresses"),
        Column("created_at", TIMESTAMP, "UTC; null for drafts [WC_Product::get_date_created]"),
        Column("updated_at", TIMESTAMP, "UTC; misses changes of price tables and categories [WC_Product::get_date_modified]"),
        Column("tag_names", ArrayType(STRING), "its tags by the alphabet; HTML entities decoded"),
    ),
    rules=(
        Rule("status_is_known", "status <> ''"),
        Rule("price_is_not_negative", "price_amount is null or price_amount >= 0"),
        Rule("what_is_sellable_has_a_name", "not is_sellable or trim(product_name) <> ''"),
    ),
    alarms=(
        Alarm(
            "images_are_on_the_shops_own_host",
            "whoever reads a mail loads its pictures from the shop, or from a host that somebody knows of",
            "SELECT shop_code, product_id FROM {batch} WHERE is_sellable AND has_foreign_image",
            is_standing=True,
        ),
    ),
)


def build(
    posts: DataFrame,
    post_meta: DataFrame,
    terms: DataFrame,
    term_taxonomy: DataFrame,
    term_relationships: DataFrame,
    shops: DataFrame,
    categories: DataFrame,
    protected_posts: DataFrame,
    database_products: DataFrame,
    *,
    restricted_categories: tuple[str, ...],
) -> DataFrame:
    """One row per parent product of a shop, and one per product of a database."""
    key = ["shop_code", "product_id"]
    products = posts.where(F.col("post_type") == "product").withColumnsRenamed({"id": "product_id", "post_status": "status"})
    meta = pivot_meta(post_meta, ["shop_code", "post_id"], "meta_id", META).withColumnRenamed("post_id", "product_id")
    is_sellable = (
        (F.col("status") == "publish")
        & F.col("price_amount").isNotNull()
        # What is not said is in stock (`WC_Product::set_stock_status`).
        & F.coalesce(null_if_empty(F.col("stock_status")), F.lit("instock")).isin("instock", "onbackorder")
        & ~_known("is_hidden")
        & ~_known("is_private")
        & ~_known("has_password")
        # WC_Product_External and WC_Product_Grouped are not purchasable: their goods are sold elsewhere, or one by one.
        & ~F.col("product_type").isin("external", "grouped")
    )
    of_shops = (
        products.join(meta, key, "left")
        .join(_prices(post_meta, shops), key, "left")
        .join(_stock_of_variations(posts, meta), key, "left")
        .join(_terms_of_products(terms, term_taxonomy, term_relationships, categories), key, "left")
        .join(protected_posts.select("shop_code", F.col("id").alias("product_id"), F.lit(True).alias("has_password")), key, "left")
        .join(F.broadcast(shops), "shop_code", "left")
        .join(files(post_meta), ["shop_code", "image_id"], "left")
        .withColumn("image_url", url())
        .withColumn("has_foreign_image", is_foreign())
        .withColumn("price_amount", F.when(_has_price_range(), F.col("lowest_price")).otherwise(F.col("first_price")))
        # As WooCommerce takes what no term says.
        .withColumn("product_type", F.coalesce("product_type", F.lit("simple")))
        .withColumns(
            {
                "product_name": unescape_html(F.col("post_title")),
                "sku": null_if_empty(F.col("sku")),
                "gtin": null_if_empty(F.col("gtin")),
                # A product that had variations once may still have their posts.
                "variations_stock_quantity": F.when(
                    _manages_stock() & F.startswith("product_type", F.lit("variable")) & ~F.coalesce(_is_counted(), F.lit(False)),
                    F.col("variations_stock_quantity"),
                ),
                "stock_status": null_if_empty(F.col("stock_status")),
                "stock_quantity": F.when(_is_counted() & _manages_stock(), _stock()),
                "is_sellable": is_sellable,
                "is_restricted": _known("is_restricted"),
                "category_ids": F.coalesce("category_ids", F.array().cast(ArrayType(LONG))),
                "tag_names": F.coalesce("tag_names", F.array().cast(ArrayType(STRING))),
                "product_url": F.concat("home_url", F.lit("/?p="), "product_id"),
                "created_at": F.col("post_date_gmt"),
                "updated_at": F.col("post_modified_gmt"),
            }
        )
    )
    return of_shops.unionByName(_of_databases(database_products, restricted_categories), allowMissingColumns=True)


def _of_databases(database_products: DataFrame, restricted_categories: tuple[str, ...]) -> DataFrame:
    """What is sold and, where stock is counted, in stock can be bought. A database has no addresses of pages or pictures."""
    has_stock = F.coalesce(F.col("stock_quantity") > 0, F.lit(True))
    return database_products.withColumns(
        {
            "product_type": F.lit("simple"),
            "status": F.when(F.col("is_active"), "publish").otherwise("private"),
            "stock_status": F.when(has_stock, "instock").otherwise("outofstock"),
            "is_sellable": _known("is_active")
            & F.col("price_amount").isNotNull()
            & has_stock
            & F.coalesce(F.trim("product_name") != "", F.lit(False)),
            "is_restricted": is_named(F.col("category_name"), restricted_categories),
            "category_ids": F.array().cast(ArrayType(LONG)),
            "tag_names": F.array().cast(ArrayType(STRING)),
            "has_foreign_image": F.lit(False),
        }
    )


def _known(name: str) -> SparkColumn:
    return F.coalesce(name, F.lit(False))


def _is_counted() -> SparkColumn:
    """Whether the product counts its stock. A number that was stored before that was switched off says nothing."""
    return F.lower(F.trim("manage_stock")).isin("yes", "true", "1")


def _manages_stock() -> SparkColumn:
    """Whether its shop does so at all."""
    return F.coalesce("manages_stock", F.lit(True))


def _stock() -> SparkColumn:
    return F.when(null_if_empty(F.col("stock_quantity")).isNotNull(), quantity_as_read(F.col("stock_quantity")))


def _stock_of_variations(posts: DataFrame, meta: DataFrame) -> DataFrame:
    """shop_code, product_id, variations_stock_quantity: null where a published variation counts none, or may be sold beyond it."""
    published = posts.where((F.col("post_type") == "product_variation") & (F.col("post_status") == "publish"))
    is_limited = _is_counted() & _stock().isNotNull() & (F.coalesce("stock_status", F.lit("")) != "onbackorder")
    pieces = F.when(is_limited, F.greatest(_stock(), F.lit(0).cast(QUANTITY)))
    stock = meta.select("shop_code", F.col("product_id").alias("id"), pieces.alias("pieces"))
    together = F.when(F.count("pieces") == F.count("*"), F.sum("pieces").cast(QUANTITY))
    return (
        published.join(stock, ["shop_code", "id"], "left")
        .groupBy("shop_code", F.col("post_parent").alias("product_id"))
        .agg(together.alias("variations_stock_quantity"))
    )


def _prices(post_meta: DataFrame, shops: DataFrame) -> DataFrame:
    """Lowest and first: a product with variations has a price row per price of theirs, and the lowest is its "from" price."""
    prices = post_meta.where(F.col("meta_key") == "_price").join(
        F.broadcast(shops.select("shop_code", "decimal_sign")), "shop_code", "left"
    )
    amount = amount_as_read(F.col("meta_value"), F.col("decimal_sign"))
    return prices.groupBy("shop_code", F.col("post_id").alias("product_id")).agg(
        F.min(amount).alias("lowest_price"), F.min_by(amount, "meta_id").alias("first_price")
    )


def _has_price_range() -> SparkColumn:
    """Whether WooCommerce keeps the prices of other products beside it: those of its variations, or of the products that it groups."""
    return F.coalesce(F.col("product_type").startswith("variable") | (F.col("product_type") == "grouped"), F.lit(False))


def _terms_of_products(terms: DataFrame, term_taxonomy: DataFrame, term_relationships: DataFrame, categories: DataFrame) -> DataFrame:
    def named(taxonomy: str) -> SparkColumn:
        return F.when(F.col("taxonomy") == taxonomy, F.col("name"))

    marks = categories.select("shop_code", F.col("category_id").alias("term_id"), "is_restricted", "is_private")
    described = term_taxonomy.join(terms, ["shop_code", "term_id"]).join(marks, ["shop_code", "term_id"], "left")
    return (
        term_relationships.join(described, ["shop_code", "term_taxonomy_id"])
        .groupBy("shop_code", F.col("object_id").alias("product_id"))
        .agg(
            F.sort_array(F.collect_set(F.when(F.col("taxonomy") == "product_cat", F.col("term_id")))).alias("category_ids"),
            F.min(unescape_html(named("product_brand"))).alias("brand_name"),
            F.sort_array(F.collect_set(unescape_html(named("product_tag")))).alias("tag_names"),
            F.min(named("product_type")).alias("product_type"),
            F.max(named("product_visibility") == "exclude-from-catalog").alias("is_hidden"),
            F.max("is_restricted").alias("is_restricted"),
            F.max("is_private").alias("is_private"),
        )
    )
