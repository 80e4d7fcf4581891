"""`lakehouse demo defects`: rows as no shop should have them, one for each rule that a shop's database can break."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.demo.store.server import Server

_ORDER = "SELECT MAX(id) FROM (SELECT id FROM `{p}wc_orders` WHERE type = 'shop_order' AND status = 'wc-completed' AND id < {below}) o"
_REFUND = "SELECT MAX(id) FROM (SELECT id FROM `{p}wc_orders` WHERE type = 'shop_order_refund' AND id < {below}) o"
_LINE = (
    "SELECT MAX(order_item_id) FROM `{p}woocommerce_order_items` WHERE order_item_type = 'line_item' AND order_item_id < {below}"
    " AND order_id IN (SELECT id FROM `{p}wc_orders` WHERE type = '%s')"
)
_SOLD, _RETURNED = _LINE % "shop_order", _LINE % "shop_order_refund"
# One that can be bought, or else its name is nobody's business.
_PRODUCT = (
    "SELECT MAX(p.ID) FROM `{p}posts` p JOIN `{p}postmeta` price ON price.post_id = p.ID AND price.meta_key = '_price'"
    " JOIN `{p}postmeta` stock ON stock.post_id = p.ID AND stock.meta_key = '_stock_status' AND stock.meta_value = 'instock'"
    " WHERE p.post_type = 'product' AND p.post_status = 'publish' AND price.meta_value > 0 AND p.ID < {below}"
    " AND p.ID NOT IN (SELECT r.object_id FROM `{p}term_relationships` r JOIN `{p}term_taxonomy` x USING (term_taxonomy_id)"
    " JOIN `{p}terms` t USING (term_id) WHERE t.name = 'exclude-from-catalog')"
)
_PRICE_SET = "UPDATE `{p}postmeta` SET meta_value = '-1' WHERE post_id = {id} AND meta_key = '_price'"
_ORDER_SET = "UPDATE `{p}wc_orders` SET %s WHERE id = {id}"
_POST_SET = "UPDATE `{p}posts` SET %s WHERE ID = {id}"
_ITEM_SET = "UPDATE `{p}woocommerce_order_itemmeta` SET meta_value = '%s' WHERE order_item_id = {id} AND meta_key = '%s'"


@dataclass(frozen=True)
class Defect:
    """What breaks `rule` of `table`: `choose` gives the id of the row to spoil, `spoil` does it."""

    table: str
    rule: str
    choose: str
    spoil: str


DEFECTS = (
    Defect("silver.orders", "currency_is_a_code", _ORDER, _ORDER_SET % "currency = 'euro'"),
    Defect("silver.orders", "created_at_is_known", _ORDER, _ORDER_SET % "date_created_gmt = NULL"),
    Defect("silver.products", "status_is_known", _PRODUCT, _POST_SET % "post_status = ''"),
    Defect("silver.products", "price_is_not_negative", _PRODUCT, _PRICE_SET),
    Defect("silver.products", "what_is_sellable_has_a_name", _PRODUCT, _POST_SET % "post_title = ''"),
    Defect("silver.refunds", "order_is_known", _REFUND, _ORDER_SET % "parent_order_id = 0"),
    Defect("silver.refunds", "order_id_is_one_of_orders", _REFUND, _ORDER_SET % "parent_order_id = 999999999"),
    Defect("silver.refunds", "currency_is_a_code", _REFUND, _ORDER_SET % "currency = 'euro'"),
    Defect("silver.refunds", "refunded_at_is_known", _REFUND, _ORDER_SET % "date_created_gmt = NULL"),
)


def plant(server: Server, database: str, prefix: str, tables: tuple[str, ...] = ()) -> list[tuple[Defect, int]]:
    """Spoil one row for each defect (of the tables named, or of all), no row twice; gives the ids.

    Orders must be in WooCommerce's own tables. No date is moved: of a large shop read the orders in full (`ingest --full`) to see them.
    """
    planted: list[tuple[Defect, int]] = []
    below: dict[str, int] = {}
    with server.connect(database) as connection, connection.cursor() as cursor:
        for defect in DEFECTS:
            if tables and defect.table not in tables:
                continue
            cursor.execute(defect.choose.format(p=prefix, below=below.get(defect.choose, 1 << 62)))
            (number,) = cursor.fetchone() or (None,)
            if number is None:
                continue
            below[defect.choose] = number
            if cursor.execute(defect.spoil.format(p=prefix, id=number)):
                planted.append((defect, number))
        connection.commit()
    return planted
