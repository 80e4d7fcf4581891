"""The tables of WordPress and WooCommerce 11 (orders in their own tables) that the demo shop fills, for any prefix.

`create_statements` gives tables with primary keys only, `key_statements` adds the other keys: loading is much faster in this order.
A row is a tuple in the order of the columns here.
"""

import re
from dataclasses import dataclass

_COLLATIONS = {"utf8mb4": "utf8mb4_unicode_520_ci", "latin1": "latin1_swedish_ci"}
_TYPES = {"ID": "bigint(20) unsigned", "MONEY": "decimal(26,8)", "FLAG": "tinyint(1)", "ZERO": "NOT NULL DEFAULT '0000-00-00 00:00:00'"}


@dataclass(frozen=True)
class TableSchema:
    """One table: columns as (name, type), its primary key and its other keys."""

    name: str
    columns: tuple[tuple[str, str], ...]
    primary_key: str
    keys: tuple[str, ...]

    def create_statement(self, prefix: str, charset: str = "utf8mb4") -> str:
        """The CREATE TABLE with columns and primary key; `prefix` stands before its name."""
        columns = ", ".join(f"`{name}` {type_}" for name, type_ in self.columns)
        engine = f"ENGINE=InnoDB {default_charset(charset)}"
        return f"CREATE TABLE `{prefix}{self.name}` ({columns}, PRIMARY KEY ({self.primary_key})) {engine}"

    def key_statement(self, prefix: str) -> str:
        """The ALTER TABLE that adds its other keys."""
        return f"ALTER TABLE `{prefix}{self.name}` " + ", ".join(f"ADD {key}" for key in self.keys)


def default_charset(charset: str) -> str:
    """Of a database or a table."""
    return f"DEFAULT CHARSET={charset} COLLATE={_COLLATIONS[charset]}"


def create_statements(prefix: str, charset: str = "utf8mb4") -> list[str]:
    """SQL that makes the tables, without their secondary keys."""
    return [table.create_statement(prefix, charset) for table in TABLES]


def key_statements(prefix: str) -> list[str]:
    """SQL that adds the secondary keys: after the rows are in, which is quicker."""
    return [table.key_statement(prefix) for table in TABLES if table.keys]


def _table(name: str, columns: str, primary_key: str, keys: str = "") -> TableSchema:
    """Columns are `name type` between semicolons, nullable unless they say otherwise; keys likewise."""
    return TableSchema(name, tuple(_column(text) for text in _parts(columns)), primary_key, tuple(_parts(keys)))


def _column(text: str) -> tuple[str, str]:
    name, type_ = text.split(" ", 1)
    for short, long in _TYPES.items():
        type_ = re.sub(rf"\b{short}\b", long, type_)
    return name, type_ if "NULL" in type_ else f"{type_} DEFAULT NULL"


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def _meta(name: str, owner: str, key: str = "meta_id") -> TableSchema:
    columns = f"{key} ID NOT NULL AUTO_INCREMENT; {owner} ID NOT NULL DEFAULT 0; meta_key varchar(255); meta_value longtext"
    return _table(name, columns, key, f"KEY {owner} ({owner}); KEY meta_key (meta_key(191))")


TABLES = (
    _table(
        "options",
        """option_id ID NOT NULL AUTO_INCREMENT; option_name varchar(191) NOT NULL DEFAULT ''; option_value longtext NOT NULL;
        autoload varchar(20) NOT NULL DEFAULT 'yes'""",
        "option_id",
        "UNIQUE KEY option_name (option_name); KEY autoload (autoload)",
    ),
    _table(
        "users",
        """ID ID NOT NULL AUTO_INCREMENT; user_login varchar(60) NOT NULL DEFAULT ''; user_pass varchar(255) NOT NULL DEFAULT '';
        user_nicename varchar(50) NOT NULL DEFAULT ''; user_email varchar(100) NOT NULL DEFAULT '';
        user_url varchar(100) NOT NULL DEFAULT '';
        user_registered datetime ZERO; user_activation_key varchar(255) NOT NULL DEFAULT ''; user_status int(11) NOT NULL DEFAULT 0;
        display_name varchar(250) NOT NULL DEFAULT ''""",
        "ID",
        "KEY user_login_key (user_login); KEY user_nicename (user_nicename); KEY user_email (user_email)",
    ),
    _meta("usermeta", "user_id", "umeta_id"),
    _table(
        "posts",
        """ID ID NOT NULL AUTO_INCREMENT; post_author ID NOT NULL DEFAULT 0; post_date datetime ZERO; post_date_gmt datetime ZERO;
        post_content longtext NOT NULL; post_title text NOT NULL; post_excerpt text NOT NULL;
        post_status varchar(20) NOT NULL DEFAULT 'publish'; comment_status varchar(20) NOT NULL DEFAULT 'open';
        ping_status varchar(20) NOT NULL DEFAULT 'open'; post_password varchar(255) NOT NULL DEFAULT '';
        post_name varchar(200) NOT NULL DEFAULT ''; to_ping text NOT NULL; pinged text NOT NULL; post_modified datetime ZERO;
        post_modified_gmt datetime ZERO; post_content_filtered longtext NOT NULL; post_parent ID NOT NULL DEFAULT 0;
        guid varchar(255) NOT NULL DEFAULT ''; menu_order int(11) NOT NULL DEFAULT 0; post_type varchar(20) NOT NULL DEFAULT 'post';
        post_mime_type varchar(100) NOT NULL DEFAULT ''; comment_count bigint(20) NOT NULL DEFAULT 0""",
        "ID",
        """KEY post_name (post_name(191)); KEY type_status_date (post_type,post_status,post_date,ID); KEY post_parent (post_parent);
        KEY post_author (post_author); KEY type_status_author (post_type,post_status,post_author)""",
    ),
    _meta("postmeta", "post_id"),
    _table(
        "terms",
        """term_id ID NOT NULL AUTO_INCREMENT; name varchar(200) NOT NULL DEFAULT ''; slug varchar(200) NOT NULL DEFAULT '';
        term_group bigint(10) NOT NULL DEFAULT 0""",
        "term_id",
        "KEY slug (slug(191)); KEY name (name(191))",
    ),
    _table(
        "term_taxonomy",
        """term_taxonomy_id ID NOT NULL AUTO_INCREMENT; term_id ID NOT NULL DEFAULT 0; taxonomy varchar(32) NOT NULL DEFAULT '';
        description longtext NOT NULL; parent ID NOT NULL DEFAULT 0; count bigint(20) NOT NULL DEFAULT 0""",
        "term_taxonomy_id",
        "UNIQUE KEY term_id_taxonomy (term_id,taxonomy); KEY taxonomy (taxonomy)",
    ),
    _table(
        "term_relationships",
        "object_id ID NOT NULL DEFAULT 0; term_taxonomy_id ID NOT NULL DEFAULT 0; term_order int(11) NOT NULL DEFAULT 0",
        "object_id,term_taxonomy_id",
        "KEY term_taxonomy_id (term_taxonomy_id)",
    ),
    _table(
        "comments",
        """comment_ID ID NOT NULL AUTO_INCREMENT; comment_post_ID ID NOT NULL DEFAULT 0; comment_author tinytext NOT NULL;
        comment_author_email varchar(100) NOT NULL DEFAULT ''; comment_author_url varchar(200) NOT NULL DEFAULT '';
        comment_author_IP varchar(100) NOT NULL DEFAULT ''; comment_date datetime ZERO; comment_date_gmt datetime ZERO;
        comment_content text NOT NULL; comment_karma int(11) NOT NULL DEFAULT 0; comment_approved varchar(20) NOT NULL DEFAULT '1';
        comment_agent varchar(255) NOT NULL DEFAULT ''; comment_type varchar(20) NOT NULL DEFAULT 'comment';
        comment_parent ID NOT NULL DEFAULT 0; user_id ID NOT NULL DEFAULT 0""",
        "comment_ID",
        """KEY comment_post_ID (comment_post_ID); KEY comment_approved_date_gmt (comment_approved,comment_date_gmt);
        KEY comment_date_gmt (comment_date_gmt); KEY comment_parent (comment_parent); KEY comment_author_email (comment_author_email(10));
        KEY woo_idx_comment_type (comment_type)""",
    ),
    _meta("commentmeta", "comment_id"),
    _table(
        "wc_orders",
        """id ID NOT NULL; status varchar(20); currency varchar(10); type varchar(20); tax_amount MONEY; total_amount MONEY; customer_id ID;
        billing_email varchar(320); date_created_gmt datetime; date_updated_gmt datetime; parent_order_id ID; payment_method varchar(100);
        payment_method_title text; transaction_id varchar(100); ip_address varchar(100); user_agent text; customer_note text""",
        "id",
        """KEY status (status); KEY date_created (date_created_gmt); KEY customer_id_billing_email (customer_id,billing_email(171));
        KEY customer_id_status (customer_id,status); KEY billing_email (billing_email(191)); KEY transaction_id (transaction_id(20));
        KEY type_status_date (type,status,date_created_gmt); KEY parent_order_id (parent_order_id); KEY date_updated (date_updated_gmt)""",
    ),
    _table(
        "wc_order_addresses",
        """id ID NOT NULL AUTO_INCREMENT; order_id ID NOT NULL; address_type varchar(20); first_name text; last_name text; company text;
        address_1 text; address_2 text; city text; state text; postcode text; country text; email varchar(320); phone varchar(100)""",
        "id",
        """UNIQUE KEY address_type_order_id (address_type,order_id); KEY order_id (order_id); KEY email (email(191)); KEY phone (phone)""",
    ),
    _table(
        "wc_order_operational_data",
        """id ID NOT NULL AUTO_INCREMENT; order_id ID; created_via varchar(100); woocommerce_version varchar(20); prices_include_tax FLAG;
        coupon_usages_are_counted FLAG; download_permission_granted FLAG; cart_hash varchar(100); new_order_email_sent FLAG;
        order_key varchar(100); order_stock_reduced FLAG; date_paid_gmt datetime; date_completed_gmt datetime; shipping_tax_amount MONEY;
        shipping_total_amount MONEY; discount_tax_amount MONEY; discount_total_amount MONEY; recorded_sales FLAG""",
        "id",
        "UNIQUE KEY order_id (order_id); KEY order_key (order_key)",
    ),
    _table(
        "wc_orders_meta",
        "id ID NOT NULL AUTO_INCREMENT; order_id ID; meta_key varchar(255); meta_value text",
        "id",
        """KEY meta_key_value (meta_key(50),meta_value(20)); KEY order_id_meta_key_meta_value (order_id,meta_key(100),meta_value(82))""",
    ),
    _table(
        "woocommerce_order_items",
        """order_item_id ID NOT NULL AUTO_INCREMENT; order_item_name text NOT NULL; order_item_type varchar(200) NOT NULL DEFAULT '';
        order_id ID NOT NULL""",
        "order_item_id",
        "KEY order_id (order_id)",
    ),
    _table(
        "woocommerce_order_itemmeta",
        "meta_id ID NOT NULL AUTO_INCREMENT; order_item_id ID NOT NULL; meta_key varchar(255); meta_value longtext",
        "meta_id",
        "KEY order_item_id (order_item_id); KEY meta_key (meta_key(32))",
    ),
    _table(
        "wc_email_unsubscribes",
        """id ID NOT NULL AUTO_INCREMENT; email_hash char(64) NOT NULL; email_kind varchar(64) NOT NULL; action varchar(20) NOT NULL;
        created_at datetime NOT NULL""",
        "id",
        "KEY email_hash_kind (email_hash,email_kind)",
    ),
)
TABLE_NAMES = tuple(table.name for table in TABLES)
