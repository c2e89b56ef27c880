"""What a person does to a run: cancel it, retry what failed, run it again from a node."""
