"""The queries of the documents, of the notebook and of every day, on the lake of a night: the same rows from both engines."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.support.answers import exactly
from tests.support.demo_lake import DemoLake

from lakehouse.errors import DataError
from lakehouse.inspect.answers import collected, in_duckdb
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake
from lakehouse.spark_sql import NotOnTheList

ROOT = Path(__file__).parents[2]
LIMIT = re.compile(r"\s+limit (\d+)\s*$")
# Not on the list, and why.
SPARKS = {"sum(weight)": "it adds up doubles, whose last digits depend on their order"}
EVERY_DAY = (
    "select currency_code, sum(revenue_amount) revenue, sum(transaction_count) orders from gold.daily_sales group by all order by 2 desc",
    "select date_trunc('month', sales_date) as month,"
    " sum(revenue_amount + refund_amount) as net from gold.daily_sales group by 1 order by 1",
    "select year(order_date) y, month(order_date) m, count(*) n,"
    " count(distinct email_pseudonym) buyers from silver.orders"
    " where is_sale and order_date >= '2026-10-01' group by year(order_date), month(order_date) order by y, m",
    "select country_code, count(*) n from silver.orders where country_code is not null group by 1 having count(*) > 20 order by n desc, 1",
    "select p.product_id, p.product_name, sum(l.quantity) as pieces, sum(l.net_amount) as amount from silver.order_lines l"
    " join silver.orders o using (shop_code, order_id) left join silver.products p"
    " on p.shop_code = l.shop_code and p.product_id = l.product_id"
    " where o.is_sale group by p.product_id, p.product_name order by amount desc, p.product_id limit 10",
    "with first as (select email_pseudonym, min(order_date) as day from silver.orders where is_sale group by email_pseudonym)"
    " select date_trunc('week', day) as week, count(*) as new_customers from first group by 1 order by 1",
    "select case when total_amount >= 100 then 'large' when total_amount >= 25 then 'middle' else 'small' end as size, count(*) n,"
    " min(total_amount) least, max(total_amount) most from silver.orders group by 1 order by n desc",
    "select order_id, created_at, total_amount - tax_amount - coalesce(shipping_amount, 0) as net from silver.orders"
    " where status in ('completed', 'processing') and created_at between '2026-11-01' and '2026-11-08' order by order_id",
    "select customer_key from silver.customers c left anti join gold.interactions i using (shop_code, customer_key) order by 1",
    "select list_name, candidate_source, count(*) places from recommendations.customer_products where rank <= 6"
    " group by list_name, candidate_source order by 1, 2",
    "select * from (select shop_code, sales_date, currency_code, revenue_amount, row_number() over"
    " (partition by currency_code order by revenue_amount desc, sales_date) as place from gold.daily_sales) where place <= 3 order by 3, 5",
    "select sales_date, sum(revenue_amount) over (order by sales_date rows between 6 preceding and current row) as week"
    " from gold.daily_sales where currency_code = 'EUR' order by sales_date",
    "select step, max(ended_at) last, sum(rows_inserted) inserted from ops.runs where status = 'succeeded' group by step order by step",
    "select status, count(*) from silver.orders where order_id not in (select order_id from silver.refunds) group by status",
    "select product_name from silver.products where product_name like '%e%'"
    " and product_name not like 'A%' order by product_name, product_id",
    "select currency_code from silver.orders union select currency_code from silver.refunds",
    "select count(*), count(distinct order_id), min(created_at), max(created_at) from silver.orders",
)


def of_documents() -> list[str]:
    """Queries in calls of `lakehouse sql` and of `lake.sql`."""
    documents = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    cells = [cell for path in (ROOT / "notebooks").glob("*.ipynb") for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    code = "\n".join([*documents, *("".join(cell["source"]) for cell in cells)])
    found = re.findall(r'lakehouse sql "([^"]+)"', code)
    found += [long or short for long, short in re.findall(r'lake\.sql\((?:"""(.+?)"""|"([^"]+)")\)', code, re.DOTALL)]
    return [" ".join(query.replace("\\`", "`").split()) for query in found]


@pytest.mark.spark
@pytest.mark.database
@pytest.mark.slow
def test_both_engines_give_the_same_rows_and_most_queries_need_no_spark(demo_lake: DemoLake) -> None:
    documented = of_documents()
    assert len(documented) >= 10
    with demo_lake.entered({}):
        lake = Lake(load_settings("local"))
        counts = Counter(answered(lake, query) for query in documented)
        assert counts["spark"] <= 1, counts
        assert [query for query in EVERY_DAY if answered(lake, query) != "duckdb"] == []


def answered(lake: Lake, query: str) -> str:
    """Who answers it. Rows are compared without their LIMIT: where it cuts is chance if values of the order are equal."""
    whole, cut = LIMIT.sub("", query), LIMIT.search(query)
    try:
        found = in_duckdb(lake, whole)
    except NotOnTheList as reason:
        assert str(reason) in [why for part, why in SPARKS.items() if part in query], query
        return "spark"
    except DataError:
        # A good night makes no such table, nor does a lake without rules.
        assert "quarantine." in query or "ops.incidents" in query or "ops.rule_effects" in query
        return "nobody"
    expected = collected(lake.sql(whole))
    assert list(found.names) == list(expected.names), query
    assert Counter(exactly(found)) == Counter(exactly(expected)), query
    # What a good night and a shop with enough in stock have none of.
    assert found.rows or any(part in query for part in ("status = 'failed'", "ops.quality_results", "clipped_count > 0")), query
    if cut:
        some = exactly(in_duckdb(lake, query))
        assert len(some) == min(int(cut[1]), len(found.rows))
        assert not Counter(some) - Counter(exactly(found))
    return "duckdb"
