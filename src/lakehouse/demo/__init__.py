"""A shop to try things on: a private MariaDB filled with a seeded WooCommerce shop whose truth is known.

`python -m lakehouse.demo.cli --help` shows the commands. Everything follows from the seed; nothing looks at the clock.
"""
