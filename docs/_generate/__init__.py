"""The generators of the reference pages: of commands, statistics, schemas and plug-ins."""
