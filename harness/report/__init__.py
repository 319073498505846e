"""Pages about runs, shared by the report file and the viewer: charts, page records and templates."""
