"""Result files as values that the answers can speak of, one module per deliverable."""
