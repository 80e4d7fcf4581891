"""Short histories from long ones, for `lakehouse backtest`: python benchmarks/short_histories.py --help

Of each customer the last baskets of a file of order lines stay, numbered 1, 2, 3 … in place of their times. The very last one is what
is to be foretold: it goes to test.csv, the others to known.csv. Who has fewer than two baskets is left out.
"""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("orders", help="Parquet with columns customer, product, order and time")
    parser.add_argument("--baskets", type=int, default=5, help="so many of each customer")
    parser.add_argument("--out", type=Path, default=Path("short"), help="folder of known.csv and test.csv")
    asked = parser.parse_args()
    known, test = cut(pd.read_parquet(asked.orders), asked.baskets)
    asked.out.mkdir(parents=True, exist_ok=True)
    known.to_csv(asked.out / "known.csv", index=False)
    test.to_csv(asked.out / "test.csv", index=False)
    columns = "customer=customer,product=product,order=order,time=basket"
    print(f"{test['customer'].nunique()} customers. Now judge them:")
    print(f"lakehouse backtest {asked.out}/known.csv --columns {columns} --test {asked.out}/test.csv --out {asked.out}/backtest")


def cut(lines: pd.DataFrame, baskets: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(customer, product, order, basket) of all baskets but the last, (customer, product) of the last."""
    orders = lines.groupby(["customer", "order"], as_index=False)["time"].min().sort_values(["customer", "time", "order"])
    from_end = orders.groupby("customer").cumcount(ascending=False)
    kept = orders[from_end < baskets].copy()
    kept["basket"] = kept.groupby("customer").cumcount() + 1
    kept["last"] = kept.groupby("customer")["basket"].transform("max")
    of_several = lines.drop(columns="time").merge(kept[kept["last"] > 1], on=["customer", "order"])
    is_last = of_several["basket"] == of_several["last"]
    known = of_several.loc[~is_last, ["customer", "product", "order", "basket"]]
    return known, of_several.loc[is_last, ["customer", "product"]].drop_duplicates()


if __name__ == "__main__":
    main()
