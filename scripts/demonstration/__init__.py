"""The demonstration: real jobs on real machines' programs, from creation to the opened answer."""
