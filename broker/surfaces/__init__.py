"""Public surfaces: each translates names and shapes between its callers and the procedures, and holds no rule."""
