"""What the catalogue says of the procedures, and the schemas and documents made of it."""
