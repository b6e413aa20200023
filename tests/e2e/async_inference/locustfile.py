"""Jobs from many machines, by Locust, with one verdict: ``locust -f`` this file.

make stress-distributed
"""

from asyncproof.stress.locust_jobs import JobUser

__all__ = ["JobUser"]
