"""Child processes for what strangers' documents may do to a library: run for ever, eat memory, die.

    pool.py     who gets which job, and what becomes of a child that does not answer
    child.py    the child's side of the pipe

`Workers` is the door; `parse` and `extract` give it the function to run.
"""

from monitor.workers.pool import Workers

__all__ = ["Workers"]
