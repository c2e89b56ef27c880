"""Graphs: their models, placeholders, validation, and the compiled plan. All pure."""
