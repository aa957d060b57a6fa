# SPDX-License-Identifier: GPL-3.0-or-later
"""A selection of a product in which every pair of values of any two factors occurs, the same each time."""
import itertools


def pairs_of(row):
    """The pairs that a row covers: ((factor, value), (factor, value))."""
    return set(itertools.combinations(enumerate(row), 2))


def pairwise(*factors):
    """Rows of the product that cover all pairs, each row the first of those that cover most of what is left."""
    rows = list(itertools.product(*factors))
    covers = {row: pairs_of(row) for row in rows}
    left, chosen = set().union(*covers.values()), []
    while left:
        best = max(rows, key=lambda row: len(covers[row] & left))
        chosen.append(best)
        left -= covers[best]
    return chosen
