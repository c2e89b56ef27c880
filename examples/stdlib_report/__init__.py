"""The standard library of this machine's Python, measured by a workflow: one branch a module, one report."""
