"""Who is measured: this project, its peers, and a floor that does nothing but move tasks through Redis.

Each is one file with the same small interface (see `serve.py`), and runs in processes of its own: a client that
enqueues, and workers. None of these files imports anything of this project unless it measures it, so that peers
run in an environment of their own.
"""
