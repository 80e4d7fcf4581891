"""The code that the app's own orders and customers have where those of a shop have the shop's. No shop may be named so.

A module of its own: who needs only the code does not depend on the contracts of the app's files.
"""

APP = "app"
