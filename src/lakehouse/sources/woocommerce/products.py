"""Products, their categories and brands. Products are WordPress posts; one with variations is the parent of them."""

from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, STRING, TIMESTAMP, Column

POSTS = JdbcTable(
    name="posts",
    source_name="posts",
    grain="one product or variation",
    key=("id",),
    columns=(
        Column("id", LONG, "post id: the product's or variation's"),
        Column("post_title", STRING, "name as stored"),
        Column("post_status", STRING, "publish, private, draft, pending, future or trash"),
        Column("post_parent", LONG, "of a variation: its product"),
        Column("post_type", STRING, "product or product_variation"),
        Column("post_date_gmt", TIMESTAMP, "created, UTC; null for drafts"),
        Column("post_modified_gmt", TIMESTAMP, "last saved, UTC"),
    ),
    where="`post_type` IN ('product', 'product_variation')",
)

PROTECTED_POSTS = JdbcTable(
    name="protected_posts",
    source_name="posts",
    grain="product behind a password",
    key=("id",),
    columns=(Column("id", LONG, "post id; the password itself is never read"),),
    where="(`post_type` = 'product' AND `post_password` <> '')",
    # Readers of lakes that are older than this table have no right to it.
    optional=True,
    looked_at=("post_type", "post_password"),
)

POST_META = JdbcTable(
    name="post_meta",
    source_name="postmeta",
    grain="one key of one product, variation or image",
    key=("meta_id",),
    columns=(
        Column("meta_id", LONG, "id of the row"),
        Column("post_id", LONG, "the product, variation or image"),
        Column("meta_key", STRING, "key"),
        Column("meta_value", STRING, "value as text"),
    ),
    meta_keys=("_global_unique_id", "_manage_stock", "_price", "_sku", "_stock", "_stock_status", "_thumbnail_id", "_wp_attached_file"),
)

TERMS = JdbcTable(
    name="terms",
    source_name="terms",
    grain="one term: a category, brand, product type ...",
    key=("term_id",),
    columns=(
        Column("term_id", LONG, "term id"),
        Column("name", STRING, "name, HTML-escaped"),
        Column("slug", STRING, "name for addresses"),
    ),
)

TERM_TAXONOMY = JdbcTable(
    name="term_taxonomy",
    source_name="term_taxonomy",
    grain="one term in one taxonomy",
    key=("term_taxonomy_id",),
    columns=(
        Column("term_taxonomy_id", LONG, "id that relationships point at; differs from the term id"),
        Column("term_id", LONG, "the term"),
        Column("taxonomy", STRING, "product_cat, product_tag, product_brand, product_type or product_visibility"),
        Column("parent", LONG, "term id of the parent; 0 at the top"),
    ),
    where="`taxonomy` IN ('product_cat', 'product_tag', 'product_brand', 'product_type', 'product_visibility')",
)

TERM_RELATIONSHIPS = JdbcTable(
    name="term_relationships",
    source_name="term_relationships",
    grain="one term of one product",
    key=("object_id", "term_taxonomy_id"),
    columns=(
        Column("object_id", LONG, "the product"),
        Column("term_taxonomy_id", LONG, "the term in its taxonomy"),
    ),
)

TABLES = (POSTS, PROTECTED_POSTS, POST_META, TERMS, TERM_TAXONOMY, TERM_RELATIONSHIPS)
