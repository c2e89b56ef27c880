"""Looks at a project that was written for the original on MongoDB: what works here unchanged, what must change, what differs.

Nothing of the project is executed or imported, and no value of a secret is kept.
"""
