"""Average link: the two groups whose articles are most alike on the whole become one, and again."""

import heapq

from monitor.stories.similarity import Likeness


def linked(rows: Likeness, *, from_: float) -> list[list[int]]:
    """Group what is alike by `from_` or more on average; pairs that are not in `rows` count as 0.

    Gives the groups in the order of their first members, each in order.
    """
    sums = [dict(row) for row in rows]
    groups = [[index] for index in range(len(rows))]
    heap = [(-value, a, b) for a, row in enumerate(rows) for b, value in row.items() if a < b]
    heap = [entry for entry in heap if -entry[0] >= from_]
    heapq.heapify(heap)
    while heap:
        value, a, b = heapq.heappop(heap)
        if b not in sums[a] or -value != sums[a][b] / (len(groups[a]) * len(groups[b])):
            continue  # one of the two has been joined with another since
        _join(sums, groups, a, b)
        for other, total in sums[a].items():
            average = total / (len(groups[a]) * len(groups[other]))
            if average >= from_:
                heapq.heappush(heap, (-average, min(a, other), max(a, other)))
    return [sorted(group) for group in groups if group]


def _join(sums: Likeness, groups: list[list[int]], a: int, b: int) -> None:
    """Put the second group into the first."""
    ours, theirs = sums[a], sums[b]
    del ours[b], theirs[a]
    for other, value in theirs.items():
        ours[other] = ours.get(other, 0.0) + value
        del sums[other][b]
    for other, total in ours.items():
        sums[other][a] = total
    groups[a] += groups[b]
    groups[b], sums[b] = [], {}
