"""How a file becomes a dataset: `rows` (the file's columns) ▶ `canonical` (the harness's columns) ▶ `subset`."""
