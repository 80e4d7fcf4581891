"""`lakehouse audience`: the pack of those who are most likely to buy one product."""
