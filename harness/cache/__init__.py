"""The response cache: keys, entries, the store on disk, and bundles that carry it elsewhere."""
