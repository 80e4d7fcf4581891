"""Databases that are no WooCommerce shop, by their kinds. Setting `databases.<code>.kind` names one."""

from lakehouse.sources.databases.erp import ERP
from lakehouse.sources.databases.flat_sales import FLAT_SALES
from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.databases.portal import PORTAL

KINDS: dict[str, DatabaseKind] = {kind.name: kind for kind in (ERP, FLAT_SALES, PORTAL)}
